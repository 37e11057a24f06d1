//! A house on the fake: a folder, releases, and what a person does with them.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use homelab_core::checks::finding::{Finding, Severity};
use homelab_core::dsl::declaration::DECLARATION;
use homelab_core::dsl::image::BUILT;
use homelab_core::release::Id;
use homelab_core::report::receipt::{Outcome, Receipt};
use indexmap::IndexMap;

use super::super::between::Data;
use super::super::bundle::Bundle;
use super::super::place::HousePlace;
use super::super::receipt::tests::id;
use super::super::run::{Checks, Request};
use super::super::{preflight, receipt, recover, rollback};
use super::docker::Docker;
use super::injection::moment;
use crate::deploy;
use crate::error::Error;
use crate::program::played;
use crate::ui::Ui;

/// A house and its engine.
pub(super) struct TestHouse {
    folder: tempfile::TempDir,
    pub(super) place: HousePlace,
    pub(super) docker: Rc<RefCell<Docker>>,
    /// Releases that are kept besides the current one.
    pub(super) keep: Cell<usize>,
    _played: played::Guard,
}

/// What differs between releases. One whose image is empty has no such service.
#[derive(Clone, Copy, Debug)]
pub(super) struct TestRelease {
    pub(super) id: &'static str,
    pub(super) db: &'static str,
    pub(super) app: &'static str,
    pub(super) jelly: &'static str,
    pub(super) notes: &'static str,
    pub(super) web: &'static str,
    /// Contents of a file that `web` mounts, and of its `Dockerfile` where it is built.
    pub(super) page: &'static str,
    /// Whether its networks are cut otherwise.
    pub(super) recut: bool,
    /// Whether it says which services go one way.
    pub(super) labelled: bool,
}

/// The first release.
pub(super) const ONE: TestRelease = TestRelease {
    id: "release1",
    db: "db:1",
    app: "app:1",
    jelly: "jelly:1",
    notes: "notes:1",
    web: "web:1",
    page: "1",
    recut: false,
    labelled: true,
};

/// Values of the host.
pub(super) const DOTENV: &str = "COMPOSE_PROFILES=files\nDATA_ROOT=/srv\nLEVEL=1\n";

/// What a release with a slow migration declares.
const DECLARED: &str = r#"{ "reserve": 0, "profiles": ["files"], "variables": [], "secrets": [],
    "contracts": [{ "repository": "jelly", "migrates_within": { "known":
    { "value": 60, "confidence": "ran", "source": "tests" } } }] }"#;

impl TestHouse {
    /// An empty one.
    pub(super) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("there is room for a temporary folder");
        let place = HousePlace::open(folder.path(), &crate::house_folder::house_of_tests())
            .expect("it was just made");
        let docker: Rc<RefCell<Docker>> = Rc::default();
        docker.borrow_mut().today = receipt::now();
        let engine = Rc::clone(&docker);
        let played = played::by(move |name, words, input| {
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            moment(&format!("before `{name} {}`", words.join(" ")));
            (name == "docker").then(|| engine.borrow_mut().call(&words, input))
        });
        let house = Self { folder, place, docker, keep: Cell::new(3), _played: played };
        house.set_dotenv(DOTENV);
        house
    }

    pub(super) fn set_dotenv(&self, text: &str) {
        fs::write(self.place.dotenv(), text).expect("the folder is ours");
    }

    /// Its release as it travels; the registry has its images.
    pub(super) fn bundle(&self, release: &TestRelease) -> Bundle {
        let mut docker = self.docker.borrow_mut();
        let images =
            [release.db, release.app, release.jelly, release.notes, release.web, "extra:1"];
        for it in images.into_iter().filter(|it| !it.starts_with(BUILT)) {
            docker.registry.insert(it.to_owned());
        }
        let page = release.page.as_bytes().to_vec();
        let mut contents = IndexMap::from([
            ("compose.yaml".to_owned(), release.compose().into_bytes()),
            ("config/web/page".to_owned(), page.clone()),
        ]);
        if release.web.starts_with(BUILT) {
            contents.insert("config/build/hello/Dockerfile".to_owned(), page);
        }
        if release.jelly.contains("-slow") {
            contents.insert(DECLARATION.to_owned(), DECLARED.into());
        }
        Bundle::of_contents(id(release.id), release.id, contents).expect("a valid file")
    }

    pub(super) fn deploy(&self, release: &TestRelease) -> Result<Receipt, Error> {
        let bundle = self.bundle(release);
        let request = self.request(release.id);
        well(deploy::deploy(&mut Ui::silent(), &self.place, &bundle, &request)?)
    }

    pub(super) fn rollback(&self, to: Option<&Id>, data: Data) -> Result<Receipt, Error> {
        let request = self.request("rollback");
        well(rollback::rollback(&mut Ui::silent(), &self.place, to, data, &request)?)
    }

    pub(super) fn recover(&self) -> Result<Option<Receipt>, Error> {
        recover::recover(&mut Ui::silent(), &self.place, "ada")
    }

    fn request(&self, what: &str) -> Request {
        let receipts = fs::read_to_string(self.place.receipts()).unwrap_or_default();
        let number = receipts.lines().count();
        Request {
            id: format!("20260101T{number:06}Z-{what}"),
            actor: "ada".to_owned(),
            run_url: None,
            keep: self.keep.get(),
            // This machine is not the house's host; its databases and values are.
            checks: Checks {
                rules: |place, _| {
                    let text = fs::read_to_string(place.dotenv()).unwrap_or_default();
                    let finding = Finding {
                        rule: "host-path".to_owned(),
                        severity: Severity::Error,
                        subject: "web".to_owned(),
                        place: None,
                        accept: None,
                        message: "it mounts `/etc`".to_owned(),
                        help: String::new(),
                    };
                    text.contains("DATA_ROOT=/etc").then_some(finding).into_iter().collect()
                },
                host: |_, wanted, seen, _, plan| {
                    preflight::databases(wanted, seen, plan).map(|_| Vec::new())
                },
            },
        }
    }

    /// The household uses it: each row has to be there ever after.
    pub(super) fn write_row(&self, row: &str) {
        let mut docker = self.docker.borrow_mut();
        let house = docker.databases.entry("house".to_owned()).or_default();
        house.rows.insert(row.to_owned());
        for service in ["jelly", "notes"] {
            docker.volumes.entry(service.to_owned()).or_default().rows.insert(row.to_owned());
        }
    }

    /// Its files and its engine, to come back to.
    pub(super) fn save(&self) -> Saved {
        let copy = tempfile::tempdir_in(self.folder.path().parent().unwrap_or(Path::new("/tmp")));
        let copy = copy.expect("there is room for a copy");
        copy_folder(self.folder.path(), copy.path());
        Saved { copy, docker: self.docker.borrow().clone() }
    }

    /// Makes it what it was. In the same folder: containers mount its files by their paths.
    pub(super) fn load(&self, saved: &Saved) {
        for entry in fs::read_dir(self.folder.path()).expect("it is ours").flatten() {
            let is_folder = entry.file_type().is_ok_and(|it| it.is_dir());
            let path = entry.path();
            let removed = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            removed.expect("it is ours");
        }
        copy_folder(saved.copy.path(), self.folder.path());
        *self.docker.borrow_mut() = saved.docker.clone();
    }
}

/// A receipt that says that it went as asked.
fn well(receipt: Receipt) -> Result<Receipt, Error> {
    match receipt.outcome {
        Outcome::Deployed | Outcome::NothingToDo => Ok(receipt),
        Outcome::Refused | Outcome::RolledBack | Outcome::Broken => {
            Err(Error::Unhealthy(format!("{receipt:#?}")))
        }
    }
}

/// A house at one moment.
pub(super) struct Saved {
    copy: tempfile::TempDir,
    docker: Docker,
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("it is ours").flatten() {
        let kind = entry.file_type().expect("it is there");
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            fs::create_dir(&target).expect("it is new");
            copy_folder(&entry.path(), &target);
        } else if kind.is_symlink() {
            let leads = fs::read_link(entry.path()).expect("it is a link");
            std::os::unix::fs::symlink(leads, target).expect("it is new");
        } else {
            fs::copy(entry.path(), target).expect("there is room");
        }
    }
}

impl TestRelease {
    /// Whether one of its services never gets well.
    pub(super) fn is_sick(&self) -> bool {
        [self.db, self.app, self.jelly, self.notes, self.web].iter().any(|it| it.contains("sick"))
    }

    fn compose(&self) -> String {
        let (front, back) = if self.recut { ("side", "true") } else { ("front", "false") };
        let mut text = format!(
            "name: house\nnetworks:\n  {front}:\n    name: house_{front}\n  back:\n    name: house_back\n    \
             internal: {back}\nservices:\n"
        );
        let one_way = "      homelab.one-way: \"its releases migrate the data\"\n";
        let one_way = if self.labelled { one_way } else { "" };
        for (name, image, labels) in [
            (
                "db",
                self.db,
                format!("{one_way}      homelab.database: \"postgres:postgres/house\"\n"),
            ),
            ("app", self.app, one_way.to_owned()),
            ("jelly", self.jelly, one_way.to_owned()),
            (
                "notes",
                self.notes,
                format!("{one_way}      homelab.database: \"sqlite:/data/notes.db\"\n"),
            ),
            ("web", self.web, String::new()),
            ("extra", "extra:1", String::new()),
        ] {
            if image.is_empty() {
                continue;
            }
            let _ = writeln!(text, "  {name}:\n    image: \"{image}\"");
            if image.starts_with(BUILT) {
                let _ = writeln!(text, "    build: {{ context: ./config/build/hello }}");
            }
            text += "    healthcheck:\n      test: [\"CMD\", \"true\"]\n      interval: 1ms\n      timeout: 1ms\n      \
                     retries: 1\n";
            let network = if ["db", "app"].contains(&name) { "back" } else { front };
            let _ = writeln!(text, "    networks: [{network}]");
            if !labels.is_empty() {
                let _ = write!(text, "    labels:\n{labels}");
            }
            text += match name {
                "app" => "    depends_on:\n      db:\n        condition: service_healthy\n",
                "web" => {
                    "    environment:\n      \
                     LEVEL: \"${LEVEL:-0}\"\n    volumes:\n      - type: bind\n        source: \
                     ./config/web/page\n        target: /page\n        read_only: true\n"
                }
                "extra" => "    profiles: [\"files\"]\n",
                _ => "",
            };
            if name == "web" && !self.app.is_empty() {
                text += "    depends_on:\n      app:\n        condition: service_healthy\n";
            }
        }
        text
    }
}
