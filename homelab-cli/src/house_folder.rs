//! A house's folder on this host, and the paths in it.

use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use homelab_core::compose::File;
use homelab_core::compose::limits;
use homelab_core::dsl::declaration::{DECLARATION, Declaration};
use homelab_core::dsl::house::House;
use homelab_core::dsl::resource::Secret;
use homelab_core::dsl::stack::{Site, Stack};
use homelab_core::dsl::variable::EnvVar;
use homelab_core::model::project::Project;

use crate::error::Error;
use crate::file;
use crate::host::Host;
use crate::message;
use crate::released::{self, COMPOSE};
use crate::settings::Settings;

/// The folder that a house is started from: a clone of its repository, or the folder that deploys go to.
#[derive(Debug)]
pub(crate) struct HouseFolder {
    folder: PathBuf,
    /// A release whose configuration files are read instead of the folder's.
    release: Option<PathBuf>,
    pub(crate) host: Host,
    /// The house that this program was built for.
    pub(crate) house: Rc<House>,
    /// What the house declares, or the release whose files count.
    pub(crate) declared: Declaration,
    /// The Compose file of the release that runs here; none in a clone.
    file: Option<File>,
}

impl HouseFolder {
    /// The house that this program was built for, in the folder given, whatever runs there.
    pub(crate) fn new(
        house: Rc<House>,
        folder: PathBuf,
        host_root: PathBuf,
    ) -> Result<Self, Error> {
        if !folder.is_dir() {
            return Err(Error::Project(folder));
        }
        let declared = Declaration::of(&house.stack);
        let host = Host::new(host_root);
        Ok(Self { folder, release: None, host, house, declared, file: None })
    }

    /// The same with the release that runs in the folder, which a newer program may have made.
    pub(crate) fn open(
        house: Rc<House>,
        folder: PathBuf,
        host_root: PathBuf,
    ) -> Result<Self, Error> {
        let opened = Self::new(house, folder, host_root)?;
        let compose = opened.path("current").join(COMPOSE);
        let Some(text) = file::if_there(&compose, file::text(&compose, limits::TEXT))? else {
            return Ok(opened);
        };
        let file = released::compose(text.as_bytes())?;
        let declared = opened.path("current").join(DECLARATION);
        let declared = file::if_there(&declared, file::text(&declared, limits::TEXT))?;
        let declared = released::declaration(declared.as_deref().map(str::as_bytes), &file)?;
        Ok(Self { declared, file: Some(file), ..opened })
    }

    /// Reads the configuration files of a release that is not deployed yet, and goes by what it declares.
    pub(crate) fn with_release(self, release: PathBuf, declared: Declaration) -> Self {
        Self { release: Some(release), declared, ..self }
    }

    /// Whether this is a folder that `homelab deploy` deploys to, and no clone.
    pub(crate) fn is_deployed_to(&self) -> bool {
        self.path("releases").is_dir()
    }

    /// Checks that this is the project's folder, before anything is written to it.
    pub(crate) fn is_cloned(&self) -> Result<(), Error> {
        let path = self.path("compose.yaml");
        let text = file::if_there(&path, file::text(&path, limits::TEXT))?;
        let text = text.ok_or_else(|| Error::NotCloned(path.clone()))?;
        let project = self.site().project;
        let name = text.lines().find_map(|it| it.strip_prefix("name:"));
        if name.is_some_and(|it| it.trim().trim_matches(['"', '\'']) == project) {
            Ok(())
        } else {
            Err(Error::NotOurs { path, project })
        }
    }

    /// The project's folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The project's folder as containers mount what lies in it.
    ///
    /// A deploy uses the real path. In a clone Compose uses the path as it was typed, or the shell's name of
    /// the current folder, with the links in it.
    pub(crate) fn mounted_from(&self) -> PathBuf {
        let real = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        let typed = if self.folder == Path::new(".") {
            std::env::var_os("PWD").map(PathBuf::from)
        } else {
            std::path::absolute(&self.folder).ok()
        };
        let is_it = |path: &PathBuf| {
            let is_straight = path.components().all(|it| it != Component::ParentDir);
            is_straight && path.is_absolute() && path.canonicalize().is_ok_and(|it| it == real)
        };
        match typed.filter(is_it) {
            Some(typed) if !self.is_deployed_to() => typed,
            _ => real,
        }
    }

    /// A path in the project's folder, as a person there would write it.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        let relative = relative.strip_prefix("./").unwrap_or(relative);
        if self.folder == Path::new(".") {
            PathBuf::from(relative)
        } else {
            self.folder.join(relative)
        }
    }

    /// Where a path of the Compose file lies: absolute ones on the host, others here.
    pub(crate) fn source(&self, path: &str) -> PathBuf {
        match &self.release {
            _ if path.starts_with('/') => self.host.path(path),
            Some(release) if path.starts_with("./config/") => release.join(&path[2..]),
            _ => self.path(path),
        }
    }

    /// A command of this program for the same folder, as one would type it.
    pub(crate) fn command(&self, words: &str) -> String {
        if self.folder == Path::new(".") {
            format!("homelab {words}")
        } else {
            format!("homelab --project {} {words}", self.folder.display())
        }
    }

    /// What to do so that a service gets a changed `.env`; completes a sentence after "and".
    pub(crate) fn apply(&self, service: &str) -> String {
        if self.is_deployed_to() {
            "deploy again, from a clone: `homelab deploy --host USER@HOST`".to_owned()
        } else {
            format!("run `docker compose up -d {service}`")
        }
    }

    pub(crate) fn stack(&self) -> &Stack {
        &self.house.stack
    }

    /// Variables of the release that runs here, then those that only the house knows that this program was
    /// built for, which may be the next one.
    pub(crate) fn variables(&self) -> Vec<EnvVar> {
        let own = &self.declared.variables;
        let others = self.site().variables.iter();
        let others = others.filter(|it| own.iter().all(|other| other.name() != it.name()));
        own.iter().chain(others).copied().collect()
    }

    /// Secrets of the release that runs here, and of the house that this program was built for, which may
    /// be the next one.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let mut secrets = self.stack().secrets();
        let is_new = |it: &&Secret| secrets.iter().all(|own| own.name() != it.name());
        let others: Vec<_> = self.declared.secrets.iter().filter(is_new).copied().collect();
        secrets.extend(others);
        secrets
    }

    pub(crate) fn site(&self) -> &Site {
        self.stack().site()
    }

    /// `.env`, which may be absent.
    pub(crate) fn settings(&self) -> Result<Settings, Error> {
        Settings::load(self.path(".env"))
    }

    /// What rules and reports read, with the values of `.env`: the release that runs here, in a clone the stack.
    pub(crate) fn project(&self, settings: &Settings) -> Project<'_> {
        let folder = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        let project = match &self.file {
            Some(file) => Project::from_file(file.clone(), &self.declared.contracts),
            None => Project::from_stack(self.stack()),
        };
        project
            .with_values(settings.values(&self.declared))
            .in_folder(&folder.display().to_string())
    }

    /// The names without empty ones; fails unless each is a profile of the stack.
    pub(crate) fn known_profiles<'a>(&self, names: &'a [String]) -> Result<Vec<&'a str>, Error> {
        let known: Vec<_> = self.declared.profiles.iter().map(String::as_str).collect();
        let names: Vec<_> = names.iter().map(String::as_str).filter(|it| !it.is_empty()).collect();
        match names.iter().find(|it| !known.contains(it)) {
            None => Ok(names),
            Some(name) => Err(Error::Profile {
                name: (*name).to_owned(),
                hint: message::suggest(name, "profiles", &known),
            }),
        }
    }
}

/// A house for tests.
#[cfg(test)]
pub(crate) fn house_of_tests() -> Rc<House> {
    Rc::new(homelab_core::testing::house())
}
