//! Tests of `cargo xtask new-service`.

use homelab_core::prelude::*;
use homelab_core::testing::{CATALOGUE, good, house};

use super::*;

const IMAGE: &str = "a/b:1@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510";

/// Images that the small household knows, and one that it does not.
fn image(name: &str) -> &'static str {
    IMAGE.replace("a/b", &format!("example/{name}")).leak()
}

#[test]
fn arguments_are_checked() {
    let one = |name, image| problem(&house(), name, &[(None, image)]);
    assert_eq!(one("notes", IMAGE), None);
    assert!(one("Notes", IMAGE).is_some());
    assert!(one("web", IMAGE).is_some());
    assert!(one("type", IMAGE).is_some());
    assert!(one("notes", "a/b:1").is_some());
    assert!(one("notes", &IMAGE.replace(":1@", ":latest@")).is_some());
}

#[test]
fn parts_are_checked() {
    let wrong = |parts: &[&'static str]| {
        let words: Vec<_> = parts.iter().map(|it| (Some(*it), IMAGE)).collect();
        problem(&house(), "caddy2", &words).unwrap_or_default()
    };
    assert_eq!(wrong(&["web", "db"]), "");
    insta::assert_snapshot!(wrong(&["web", "db", "db"]), @"two parts have the name `db`: expected one for each");
    insta::assert_snapshot!(wrong(&["web", "stack"]), @"`stack` is the group's own word: expected another part");
    insta::assert_snapshot!(wrong(&["web", "loop"]), @"`loop` is a word of Rust: expected a name that a module can have");
    let words = [(Some("web"), IMAGE), (Some("db"), "postgres:18")];
    insta::assert_snapshot!(problem(&house(), "papers", &words).unwrap_or_default(), @"`postgres:18` is not pinned: expected `repository:tag@sha256:<64 hex digits>`; `docker buildx imagetools inspect` prints the digest");
    let words = [(Some("app"), IMAGE)];
    insta::assert_snapshot!(problem(&house(), "db", &words).unwrap_or_default(), @"there is a service `db` already");
    for words in [&[][..], &["web"]] {
        let outcome = group(&house(), Path::new("/nowhere"), "papers", words);
        assert_eq!(outcome.expect("nothing is written"), Outcome::Usage, "{words:?}");
    }
}

#[test]
fn a_module_goes_where_the_alphabet_wants_it() {
    let text = "//! x\n\npub(crate) mod b;\npub(crate) mod d;\n";
    assert_eq!(
        with_module(text, "a"),
        "//! x\n\npub(crate) mod a;\npub(crate) mod b;\npub(crate) mod d;\n"
    );
    assert_eq!(
        with_module(text, "c"),
        "//! x\n\npub(crate) mod b;\npub(crate) mod c;\npub(crate) mod d;\n"
    );
    assert_eq!(
        with_module(text, "e"),
        "//! x\n\npub(crate) mod b;\npub(crate) mod d;\npub(crate) mod e;\n"
    );
}

#[test]
fn the_first_module_and_contract_stand_below_the_comment() {
    let text = "//! x\n\nuse y;\n\nfn all() {\n    let own = vec![];\n}\n";
    let more = with_contract(&text.replace("vec![]", "vec![a::contract(), c::contract()]"), "b");
    let list = "        a::contract(),\n        b::contract(),\n        c::contract(),\n    ];\n";
    assert!(more.contains(list), "{more}");
    insta::assert_snapshot!(with_contract(text, "a"), @r"
    //! x

    pub(crate) mod a;

    use y;

    fn all() {
        let own = vec![
            a::contract(),
        ];
    }
    ");
}

/// The sources of a house without services.
fn sources() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["services", "contracts"] {
        std::fs::create_dir(folder.path().join(name)).expect("writable");
    }
    for file in ["services.rs", "images.rs"] {
        std::fs::write(folder.path().join(file), "//! x\n\n").expect("writable");
    }
    let list =
        "//! x\n\npub(crate) mod z;\n\nfn all() {\n    vec![\n        z::contract(),\n    ]\n}\n";
    std::fs::write(folder.path().join("contracts.rs"), list).expect("writable");
    folder
}

#[test]
fn nothing_is_overwritten() {
    let folder = sources();
    let parts = resolve(&house(), "my-notes", &[(None, IMAGE)]);
    write(folder.path(), "my-notes", &parts).expect("it is new");
    let list = std::fs::read_to_string(folder.path().join("contracts.rs")).expect("readable");
    let begin = "//! x\n\npub(crate) mod my_notes;\npub(crate) mod z;\n";
    assert!(list.starts_with(begin), "{list}");
    let calls = "\n        my_notes::contract(),\n        z::contract(),\n";
    assert!(list.contains(calls), "{list}");
    let pins = std::fs::read_to_string(folder.path().join("images.rs")).expect("readable");
    assert!(pins.contains("pub(crate) const MY_NOTES: Image"), "{pins}");
    let error = write(folder.path(), "my-notes", &parts).expect_err("it exists");
    assert!(error.to_string().contains("exists already"), "{error}");
}

/// The sources after a group was added, of images that are known and of one that is not.
fn with_papers() -> tempfile::TempDir {
    let folder = sources();
    let words = [
        (Some("web"), image("web")),
        (Some("db"), image("db")),
        (Some("mail"), IMAGE),
        (Some("worker"), IMAGE),
        (Some("dumps"), image("dumper")),
    ];
    let by = read("a test");
    let keys = DatabaseKeys::client("PGHOST").user("PGUSER", None).password("PGPASSWORD");
    let dumper = Contract {
        dumps: by.is(true),
        database: by.is(keys),
        egress: by.is(Egress::required("it sends \"dumps\"")),
        read_only: by.is(ReadOnly::Fails("it writes everywhere".to_owned())),
        memory: by.is(Memory::mib(100)),
        ..Contract::of("example/dumper")
    };
    let catalogue = [CATALOGUE.clone(), vec![dumper]].concat();
    let house = House::new("house", good().knowing(catalogue));
    let parts = resolve(&house, "papers", &words);
    write(folder.path(), "papers", &parts).expect("it is new");
    folder
}

/// The text of the group's module from one line to another.
fn papers(from: &str, to: &str) -> String {
    let folder = with_papers();
    let text = std::fs::read_to_string(folder.path().join("services/papers.rs"));
    let text = text.expect("it was written");
    let (_, rest) = text.split_once(from).expect("it has that line");
    let (part, _) = rest.split_once(to).unwrap_or((rest, ""));
    part.to_owned()
}

#[test]
fn a_group_has_the_constants_of_its_services() {
    insta::assert_snapshot!(papers("", "/// The services of the group"), @r#"
    //! papers: what it is for, and its other services, in one line.
    //!
    //! Upstream: <https://example.org/>

    use homelab_core::prelude::*;

    use crate::images;

    const WEB: ServiceName = ServiceName::new("papers");

    /// Web UI; the port that the image listens on.
    const WEB_PORT: Port = Port::new(8080);

    /// What hurts to lose; `Volume::scratch("…", "why not")` for what does not.
    const WEB_DATA: Mount<Precious> = Volume::precious("papers", Backup::Offsite).at("/files");

    const DB: ServiceName = ServiceName::new("papers-db");

    /// What hurts to lose; `Volume::scratch("…", "why not")` for what does not.
    const DB_DATA: Mount<Precious> = Volume::precious("papers-db", Backup::Dump).at("/db");

    /// The database and the user to whom it belongs.
    const DB_DATABASE: &str = "papers_db";

    const DB_PASSWORD: Secret = Secret::random("papers-db-password");

    const DB_HEALTH: Health = Health::shell(compile_error!("write the command that succeeds only when `papers-db` is ready"));

    const MAIL: ServiceName = ServiceName::new("papers-mail");

    const WORKER: ServiceName = ServiceName::new("papers-worker");

    const DUMPS: ServiceName = ServiceName::new("papers-dumps");

    const DUMPS_HEALTH: Health = Health::shell(compile_error!("write the command that succeeds only when `papers-dumps` is ready"));
    "#);
}

#[test]
fn a_group_is_a_struct_of_handles() {
    insta::assert_snapshot!(papers("use one of them.\n", "fn web"), @r#"
    #[expect(dead_code, reason = "no other service of the house uses all of them")]
    pub(crate) struct Group {
        pub(crate) web: Handle<App>,
        pub(crate) db: Handle<Data>,
        pub(crate) mail: Handle<Agent>,
        pub(crate) worker: Handle<Agent>,
        pub(crate) dumps: Handle<Agent>,
    }

    /// Adds the group.
    pub(crate) fn add(stack: &mut Stack) -> Group {
        let db = stack.add(db());
        let mail = stack.add(mail());
        let worker = stack.add(worker());
        let dumps = stack.add(dumps(&db));
        let web = stack.add(web(&db, &mail, &worker));
        Group { web, db, mail, worker, dumps }
    }
    "#);
}

#[test]
fn services_of_a_group_are_defined_by_what_is_known() {
    insta::assert_snapshot!(papers("Group { web, db, mail, worker, dumps }\n}\n", "\0"), @r#"
    fn web(db: &Handle<Data>, mail: &Handle<Agent>, worker: &Handle<Agent>) -> Service<App, Precious> {
        Service::app(WEB, images::PAPERS, Health::from_image())
            .uses(db)
            .env("DB_HOST", db.host())
            .env("DB_USER", DB_DATABASE)
            .env("DB_NAME", DB_DATABASE)
            .secret_env("DB_PASSWORD_FILE", DB_PASSWORD)
            .uses(mail)
            .uses(worker)
            .route(Route::host("papers", WEB_PORT))
            .mount(WEB_DATA)
            .tmpfs(Tmpfs::at("/tmp"))
            // What it works with, and where it is stopped: upstream's figures, with their source.
            .memory(Memory::mib(64).up_to(Memory::mib(256)))
    }

    fn db() -> Service<Data, Precious> {
        Service::data(DB, images::PAPERS_DB, DB_HEALTH)
            .env("DB_USER", DB_DATABASE)
            .env("DB_DATABASE", DB_DATABASE)
            .secret_env("DB_PASSWORD_FILE", DB_PASSWORD)
            .mount(DB_DATA)
            // What it works with, and where it is stopped: upstream's figures, with their source.
            .memory(Memory::mib(64).up_to(Memory::mib(256)))
    }

    fn mail() -> Service<Agent> {
        Service::agent(MAIL, images::PAPERS_MAIL, Health::from_image())
            // What it works with, and where it is stopped: upstream's figures, with their source.
            .memory(Memory::mib(64).up_to(Memory::mib(256)))
    }

    fn worker() -> Service<Agent> {
        Service::agent(WORKER, images::PAPERS_MAIL, Health::from_image())
            // What it works with, and where it is stopped: upstream's figures, with their source.
            .memory(Memory::mib(64).up_to(Memory::mib(256)))
    }

    fn dumps(db: &Handle<Data>) -> Service<Agent> {
        Service::agent(DUMPS, images::PAPERS_DUMPS, DUMPS_HEALTH)
            .dumps(db)
            .env("PGHOST", db.host())
            .env("PGUSER", DB_DATABASE)
            .secret_env("PGPASSWORD_FILE", DB_PASSWORD)
            .writable_root("it writes everywhere")
            .egress("it sends \"dumps\"")
            // What it works with, and where it is stopped: upstream's figures, with their source.
            .memory(Memory::mib(100).up_to(Memory::mib(400)))
    }
    "#);
}

#[test]
fn an_image_of_two_services_is_pinned_once() {
    let folder = with_papers();
    let written = |file: &str| std::fs::read_to_string(folder.path().join(file));
    let pins = written("images.rs").expect("it was written");
    let pins: Vec<_> = pins.lines().filter(|it| it.starts_with("pub")).collect();
    insta::assert_snapshot!(pins.join("\n"), @r"
    pub(crate) const PAPERS: Image = Image::pinned(
    pub(crate) const PAPERS_DB: Image = Image::pinned(
    pub(crate) const PAPERS_MAIL: Image = Image::pinned(
    pub(crate) const PAPERS_DUMPS: Image = Image::pinned(
    ");
    let known = written("contracts.rs").expect("it was written");
    assert!(known.contains("papers_mail::contract(),\n        z::"), "one of four: {known}");
}
