//! Deploys as far as they go without an engine: plans between checkouts, what travels, what is refused.

use std::fs;
use std::io::Write as _;

use flate2::Compression;

use crate::scene::{COMPOSE, Scene, releases, shown};
use crate::support::pipe;

#[test]
fn two_checkouts_are_compared_without_a_host() {
    let scene = Scene::new();
    scene.git(".", &["clone", "--quiet", "checkout", "base"]);
    let changed = COMPOSE.replace("web:1", "web:2").replace("\"443\"", "\"8443\"");
    scene.write("checkout/compose.yaml", &changed);
    scene.commit("checkout");
    let base = scene.path("base").display().to_string();
    let (code, page) = scene.run(&["plan", "--against", &base, "--format", "markdown"]);
    assert_eq!(code, 0, "{page}");
    assert!(page.starts_with("### ⚠️ Becomes reachable\n\n- `port all:8443/tcp of web`"), "{page}");
    assert!(page.contains("`image: web:1 → web:2`"), "{page}");
    let (_, json) = scene.run(&["plan", "--against", &base, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["changes"], true);
    let (_, same) = scene.run(&["plan", "--against", "."]);
    assert!(same.contains("no container is touched"), "{same}");
    // What no container shows.
    let quiet = changed.replace("image: \"web:2\"", "image: \"web:2\"\n    profiles: [more]");
    scene.write("checkout/compose.yaml", &quiet.replace("name: homelab", "name: other"));
    let (_, page) = scene.run(&["plan", "--against", &base, "--format", "markdown"]);
    assert!(page.starts_with("### ⚠️ Warning"), "{page}");
    assert!(page.contains("the project's name changes from `homelab` to `other`"), "{page}");
    assert!(page.contains("was always on, and is on with `more` now"), "{page}");
    // What a host would refuse, its variables at their defaults.
    for (how, refused) in [
        ("privileged: true", true),
        ("volumes: [{ type: bind, source: $DATA_ROOT, target: /data }]", false),
    ] {
        let line = format!("image: \"web:2\"\n    {how}");
        scene.write("checkout/compose.yaml", &changed.replace("image: \"web:2\"", &line));
        let (code, page) = scene.run(&["plan", "--against", &base]);
        let told = page.contains("the host refuses this: error[privileged]");
        assert_eq!((code, told), (u8::from(refused).into(), refused), "{page}");
    }
    fs::create_dir(scene.path("other")).expect("it is ours");
    scene.write("other/compose.yaml", "name: shop\n");
    let other = scene.path("other").display().to_string();
    for no_checkout in ["/nonexistent", "HEAD", "/", &other] {
        let (code, said) = scene.run(&["plan", "--against", no_checkout]);
        let told = format!("error: `{no_checkout}` is no checkout of this repository\n");
        assert_eq!((code, said.starts_with(&told)), (2, true), "{said}");
        assert!(said.contains("`git worktree add --detach ../main main`"), "{said}");
    }
}

#[test]
fn a_release_is_a_commit() {
    let scene = Scene::new();
    scene.write("checkout/config/web/a.yml", "a: 2\n");
    let (code, said) = scene.run(&["deploy", "--house", &scene.house()]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("`config/web/a.yml` is not what was committed"), "{said}");
    assert!(said.contains("--dirty"), "{said}");
    fs::remove_dir_all(scene.path("checkout/.git")).expect("it is ours");
    let (code, said) = scene.run(&["deploy", "--house", &scene.house()]);
    assert_eq!((code, said.contains("run this in a clone")), (4, true), "{said}");
    fs::remove_file(scene.path("checkout/compose.yaml")).expect("it is ours");
}

#[test]
fn a_file_of_a_checkout_that_is_no_release_is_named() {
    let scene = Scene::new();
    scene.write("checkout/compose.yaml", "name: x\nservices: { web: { imaeg: a } }\n");
    scene.commit("checkout");
    for words in [&["plan", "--against", "."][..], &["deploy", "--house", &scene.house()]] {
        let (code, said) = scene.run(words);
        let told = "/checkout` cannot become a release: `compose.yaml` is not valid: services.web";
        assert_eq!((code, said.contains(told)), (4, true), "{said}");
        assert!(said.contains("hint: `cargo xtask gen` writes it anew"), "{said}");
    }
}

#[test]
fn a_pipe_in_a_checkout_is_not_waited_for() {
    let scene = Scene::new();
    fs::remove_file(scene.path("checkout/compose.yaml")).expect("it is ours");
    pipe(scene.path("checkout/compose.yaml"));
    let (code, said) = scene.run(&["plan", "--against", "."]);
    assert_eq!((code, said.contains("it is a pipe")), (4, true), "{said}");
}

#[test]
fn the_bundle_travels_through_plain_ssh() {
    let scene = Scene::new();
    let (words, input) = scene.sent(&["deploy", "--actor", "dependabot[bot]"]);
    let words: Vec<_> = words.lines().collect();
    assert!(words.contains(&"StrictHostKeyChecking=yes") && words.contains(&"BatchMode=yes"));
    let at = words.iter().position(|it| *it == "deploy@house.example").expect("the host");
    assert_eq!(words[at - 1], "--", "a host is never an option");
    assert_eq!(words[at + 1..at + 5], ["homelab", "receive", "deploy", "--bundle"]);
    assert!(words[at + 5].starts_with("sha256:"));
    assert!(words.contains(&"dependabot_bot_"), "plain words only: {words:?}");
    // What arrives is what was sent, and tells so itself.
    let commit = scene.git("checkout", &["rev-parse", "HEAD"]);
    assert_eq!(manifest(&input)["commit"], commit.as_str());
    let (again, same) = scene.sent(&["deploy", "--actor", "dependabot[bot]"]);
    assert_eq!((again.lines().collect::<Vec<_>>(), same), (words, input), "the same bytes");
}

/// The manifest of a bundle.
fn manifest(bundle: &[u8]) -> serde_json::Value {
    let mut archive = tar::Archive::new(bundle);
    let mut entries = archive.entries().expect("it is an archive");
    let first = entries.next().expect("it is not empty").expect("it is readable");
    serde_json::from_reader(first).expect("the manifest comes first")
}

/// Name and files of the release that a checkout sends, and what is said of it.
fn released(scene: &Scene, words: &[&str]) -> (String, Vec<u8>) {
    let (_, input) = scene.sent(words);
    let name = manifest(&input)["release"].as_str().expect("it has a name").to_owned();
    (name, input)
}

#[test]
fn what_is_committed_is_what_travels() {
    let scene = Scene::new();
    let (name, clean) = released(&scene, &["deploy"]);
    let commit = scene.git("checkout", &["rev-parse", "HEAD"]);
    assert!(name.starts_with(&format!("{}-", &commit[..12])), "{name}");
    // An edit that `git status` does not show.
    for hide in ["--assume-unchanged", "--skip-worktree"] {
        scene.git("checkout", &["update-index", hide, "compose.yaml"]);
        scene.write("checkout/compose.yaml", &COMPOSE.replace("web:1", "evil:1"));
        assert_eq!(released(&scene, &["deploy"]), (name.clone(), clean.clone()), "{hide}");
        let shown = hide.replace("--", "--no-");
        scene.git("checkout", &["update-index", &shown, "compose.yaml"]);
        scene.git("checkout", &["checkout", "--quiet", "--", "."]);
    }
    // Line endings of another system.
    scene.git("checkout", &["config", "core.autocrlf", "true"]);
    fs::remove_file(scene.path("checkout/config/web/a.yml")).expect("it is ours");
    scene.git("checkout", &["checkout", "--quiet", "--", "."]);
    let text = fs::read_to_string(scene.path("checkout/config/web/a.yml")).expect("it is there");
    assert_eq!(text, "a: 1\r\n");
    assert_eq!(released(&scene, &["deploy"]), (name.clone(), clean.clone()));
    scene.git("checkout", &["config", "core.autocrlf", "false"]);
    scene.git("checkout", &["checkout", "--quiet", "--", "."]);
    // A checkout of some folders only.
    scene.git("checkout", &["sparse-checkout", "set", "--no-cone", "/compose.yaml"]);
    assert!(!scene.path("checkout/config").exists());
    assert_eq!(released(&scene, &["deploy"]), (name, clean));
}

/// Git gives whatever lies under an object's name.
#[test]
fn an_object_that_was_changed_in_the_clone_does_not_travel() {
    for format in ["sha1", "sha256"] {
        let scene = Scene::new();
        fs::remove_dir_all(scene.path("checkout/.git")).expect("it is ours");
        scene.git("checkout", &["init", "--quiet", "--object-format", format]);
        scene.commit("checkout");
        released(&scene, &["deploy"]);
        let name = |what: &str| scene.git("checkout", &["rev-parse", what]);
        let raw = |kind: &str, text: &[u8]| {
            [format!("{kind} {}\0", text.len()).as_bytes(), text].concat()
        };
        let evil = COMPOSE.replace("web:1", "evil:1");
        let other = "tree 0123456789abcdef\n\nx\n";
        for (what, kind, text, said) in [
            (
                "HEAD:compose.yaml",
                "blob",
                evil.as_str(),
                "`compose.yaml` is not as it was committed",
            ),
            ("HEAD:config", "tree", "", "`config` is not as it was committed"),
            ("HEAD^{tree}", "tree", "", "the commit is not as it was committed"),
            ("HEAD", "commit", other, "the "),
        ] {
            let object = name(what);
            let path = format!("checkout/.git/objects/{}/{}", &object[..2], &object[2..]);
            let path = scene.path(&path);
            let before = fs::read(&path).expect("a new object lies alone");
            let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(&raw(kind, text.as_bytes())).expect("a vector takes every byte");
            fs::remove_file(&path).expect("it is ours");
            fs::write(&path, packed.finish().expect("a vector")).expect("it is ours");
            let (code, told) = scene.run(&["deploy", "--house", &scene.house()]);
            assert_eq!((code, told.contains(said)), (4, true), "{format}, {what}: {told}");
            assert_eq!(releases(&scene.path("house/releases")), 0, "{format}, {what}");
            fs::write(&path, before).expect("it is ours");
        }
    }
}

#[test]
fn a_link_is_no_generated_file() {
    let scene = Scene::new();
    let link = scene.path("checkout/config/web/link.yml");
    std::os::unix::fs::symlink("/etc/shadow", link).expect("it is ours");
    scene.commit("checkout");
    let (code, said) = scene.run(&["deploy", "--house", &scene.house()]);
    assert_eq!(code, 2, "{said}");
    let expected = "`config/web/link.yml` is committed as a link, expected a file";
    assert!(said.contains(expected), "{said}");
}

#[test]
fn a_name_stands_for_the_files_also_when_they_are_not_committed() {
    let scene = Scene::new();
    let (clean, _) = released(&scene, &["deploy", "--dirty"]);
    assert!(!clean.contains("dirty"), "nothing differs: {clean}");
    scene.write("checkout/config/web/a.yml", "a: 2\n");
    scene.write("checkout/config/web/b.yml", "b: 1\n");
    let (dirty, bundle) = released(&scene, &["deploy", "--dirty"]);
    assert_eq!(dirty.split_once("-dirty-").map(|it| it.0), clean.split_once('-').map(|it| it.0));
    let (_, said) = scene.run(&["deploy", "--dirty", "--house", &scene.house()]);
    let expected = "not as committed: config/web/a.yml (changed), config/web/b.yml (new)";
    assert!(said.contains(expected), "{said}");
    // Somebody who packs other files under that name is refused, and nothing is touched.
    let staged = releases(&scene.path("house/releases"));
    let digits = clean.rsplit_once('-').expect("it has a hash").1;
    let others = dirty.rsplit_once('-').expect("it has a hash").1;
    let forged = String::from_utf8_lossy(&bundle).replace(others, digits).into_bytes();
    let house = scene.house();
    let receive = |digest: &str| {
        let words = ["receive", "--house", &house, "deploy", "--bundle", digest];
        scene.feed(&words, &forged)
    };
    // The refusal of a wrong hash names the right one.
    let (_, said) = receive("sha256:0");
    let digest = said.split('`').find(|it| it.starts_with("sha256:")).expect("it is named");
    let (code, said) = receive(digest);
    assert_eq!((code, said.contains("and its files are")), (4, true), "{said}");
    assert_eq!(releases(&scene.path("house/releases")), staged, "nothing was staged");
}

#[test]
fn a_host_whose_key_nobody_reviewed_is_not_asked() {
    let scene = Scene::new();
    scene.program("ssh", "exit 0");
    let (code, said) = scene.run(&["status", "--host", "deploy@house.example"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("known_hosts` does not exist"), "{said}");
    let (code, said) = scene.run(&["status", "--host=-oProxyCommand=id"]);
    assert_eq!(code, 2, "{said}");
}

#[test]
fn the_exit_code_is_the_hosts_and_sshs_own_is_told_apart() {
    let scene = Scene::new();
    scene.write("checkout/.github/known_hosts", "");
    for (code, expected) in [("0", 0), ("1", 1), ("2", 2), ("70", 70), ("255", 4)] {
        scene.program("ssh", &format!("exit {code}"));
        let (found, said) = scene.run(&["status", "--host", "deploy@house.example"]);
        assert_eq!(found, expected, "{said}");
        assert_eq!(said.contains("`ssh` could not do it"), code == "255", "{said}");
    }
}

#[test]
fn what_a_host_says_commands_no_terminal() {
    let scene = Scene::new();
    scene.write("checkout/.github/known_hosts", "");
    scene.program(
        "ssh",
        r"printf '\033]0;x\007out\n::error::out\n'; printf '\033[2Jerr\n::error::err' >&2",
    );
    let (code, said) = scene.run(&["status", "--host", "deploy@house.example"]);
    assert_eq!(code, 0, "{said}");
    let expected = "\\x1b]0;x\\x07out\n\\x3a:error::out\n\\x1b[2Jerr\n\\x3a:error::err\n";
    assert_eq!(said, expected);
}

#[test]
fn a_key_can_only_use_its_verbs() {
    let scene = Scene::new();
    let house = scene.house();
    scene.program("sh", "touch touched");
    for asked in ["sh", "init", "status --house /etc", "deploy --bundle x; id", "worker recover"] {
        let mut command = scene.command(&["receive", "--house", &house]);
        let output = command.env("SSH_ORIGINAL_COMMAND", asked).output();
        let (code, said) = shown(&output.expect("cargo has built the program"));
        assert_eq!(code, 2, "{asked}: {said}");
        assert!(said.contains("verbs: `plan`, `deploy`, `rollback`, `status`"), "{said}");
    }
    let (code, said) = scene.run(&["receive", "--house", &house]);
    assert_eq!(code, 2, "no word at all: {said}");
    assert_eq!(fs::read_dir(scene.path("house")).expect("it is ours").count(), 0);
}

#[test]
fn a_bundle_that_is_not_whole_touches_nothing() {
    let scene = Scene::new();
    let (words, input) = scene.sent(&["deploy"]);
    let digest = words.lines().find(|it| it.starts_with("sha256:")).expect("it was announced");
    let house = scene.house();
    let receive = ["receive", "--house", &house, "deploy", "--bundle", digest];
    let mut tampered = input.clone();
    let at = input.windows(4).position(|it| it == b"a: 1").expect("the file is in it");
    tampered[at + 3] = b'2';
    for bytes in [&input[..input.len() / 2], &[], &tampered] {
        let (code, said) = scene.feed(&receive, bytes);
        assert_eq!(code, 4, "{said}");
        assert!(said.contains("cut or changed on its way"), "{said}");
    }
    let much = vec![0; (16 << 20) + 1];
    let (code, said) = scene.feed(&receive, &much);
    assert_eq!((code, said.contains("larger than 16 MiB")), (4, true), "{said}");
    assert_eq!(fs::read_dir(scene.path("house")).expect("it is ours").count(), 0);
}

#[test]
fn a_house_without_settings_is_told_how_to_get_them() {
    let scene = Scene::new();
    let (code, said) = scene.run(&["deploy", "--house", &scene.house()]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("init --house"), "{said}");
    assert!(!scene.path("house/current").exists());
    let (code, said) = scene.run(&["deploy", "--house", "/nonexistent"]);
    assert_eq!((code, said.contains("is not a folder of this host")), (2, true), "{said}");
    for command in ["status", "recover", "rollback", "plan"] {
        let (code, said) = scene.run(&[command, "--house", "/nonexistent"]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("--mode 0755 /nonexistent`"), "{said}");
        assert!(said.contains("docs/runbooks/merge-is-deploy.md"), "{said}");
    }
    for (command, expected) in [("status", 1), ("rollback", 1)] {
        let (code, said) = scene.run(&[command, "--house", &scene.house()]);
        let is_told = said.contains("nothing is deployed here yet");
        assert_eq!((code, is_told), (expected, true), "{said}");
    }
    let (code, said) = scene.run(&["recover", "--house", &scene.house()]);
    assert_eq!((code, said.contains("no deploy was interrupted")), (0, true), "{said}");
}

#[test]
fn who_is_second_hears_who_is_first() {
    let scene = Scene::new();
    let lock = scene.path("house/state/lock");
    let holder = r#"{"what":"a deploy","actor":"grace","since":"2026-11-23T00:00:00Z"}"#;
    scene.write("house/state/lock", holder);
    scene.write("house/.env", "DATA_ROOT=/srv/data\n");
    let first = fs::File::open(lock).expect("it was just written");
    rustix::fs::flock(&first, rustix::fs::FlockOperation::LockExclusive).expect("nobody has it");
    let (code, said) = scene.run(&["deploy", "--house", &scene.house()]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("a deploy of grace since 2026-11-23T00:00:00Z"), "{said}");
    assert!(!scene.path("house/releases").join("x").exists());
    assert_eq!(releases(&scene.path("house/releases")), 0, "nothing was staged");
}

#[test]
fn a_house_is_set_up_without_a_clone() {
    let scene = Scene::new();
    let house = scene.house();
    let init = ["--project", &house, "init", "--house", "--set", "DATA_ROOT=/srv/data"];
    let (code, said) = scene.run(&init);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("homelab deploy --host"), "{said}");
    assert!(scene.path("house/.env").is_file() && scene.path("house/secrets").is_dir());
    let (code, said) = scene.run(&["--project", &house, "init"]);
    assert_eq!((code, said.contains("nothing was changed")), (0, true), "{said}");
    let (_, said) = scene.run(&["--project", &house, "doctor"]);
    assert!(!said.contains("host-stale"), "nothing is deployed yet: {said}");
    let (code, said) = scene.run(&["init", "--house"]);
    assert_eq!((code, said.contains("this folder is a clone")), (2, true), "{said}");
}
