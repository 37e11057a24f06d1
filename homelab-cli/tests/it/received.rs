//! What a host refuses of a release that it receives, before anything is touched; and that nothing
//! which a container says commands a terminal or the runner of GitHub Actions.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};

use crate::scene::{Scene, releases};

/// A release that the rules of every host accept.
const SOUND: &str = r#"name: homelab
services:
  web:
    image: "web:1"
    user: "1000"
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    volumes: [{ type: bind, source: "${FILES_PATH:-/srv/files}", target: /files }]
"#;

/// An engine with every image and at most one container, which `container` describes; it writes down
/// what it is asked for.
const ENGINE: &str = r#"cd "${0%/bin/docker}" && echo "$@" >>asked
case "$*" in
"version "*) echo '{ "Server": { "ApiVersion": "1.51" } }' ;;
"compose version "*) echo 2.40.3 ;;
*" up "*) touch up && cat said >&2 && exit "$(cat ends)" ;;
"rm "*) rm up ;;
"ps "*) if [ -e up ]; then echo web1; fi ;;
"image inspect --format"*) ;;
*"inspect --type container "*) cat container ;;
*inspect*) echo "[]" ;;
logs*) cat said ;;
esac"#;

const DOTENV: &str = "DATA_ROOT=/srv/data\n";

/// A host with that engine.
fn host() -> Scene {
    let scene = Scene::new();
    scene.program("docker", ENGINE);
    scene.write("said", "");
    scene.write("ends", "0");
    scene.write("house/.env", DOTENV);
    send(&scene, SOUND);
    scene
}

/// Has a release ready to be sent.
fn send(scene: &Scene, compose: &str) {
    scene.write("checkout/compose.yaml", compose);
    scene.commit("checkout");
}

/// Exit code and words of a verb.
fn asked(scene: &Scene, words: &[&str]) -> (i32, String) {
    scene.run(&[words, &["--house", &scene.house()]].concat())
}

fn receipt(scene: &Scene) -> Value {
    let lines = fs::read_to_string(scene.path("house/state/receipts.jsonl")).expect("it is there");
    serde_json::from_str(lines.lines().last().expect("there is one")).expect("it is JSON")
}

/// What the engine was asked for.
fn engine(scene: &Scene) -> String {
    fs::read_to_string(scene.path("asked")).unwrap_or_default()
}

#[test]
fn what_the_rules_of_a_host_forbid_is_not_even_staged() {
    let volumes = SOUND.lines().last().expect("it has lines").trim();
    let volume =
        |source: &str| format!("volumes: [{{ type: bind, source: {source}, target: /a }}]");
    let on = "networks: [web]\nnetworks:\n  web: ";
    for (rule, from, to) in [
        ("docker-socket", volumes, volume("/var/run/docker.sock")),
        ("host-path", volumes, volume("/etc")),
        ("host-device", volumes, "devices: [\"/dev/sda:/dev/sda\"]".to_owned()),
        ("privileged", volumes, "privileged: true".to_owned()),
        ("host-namespace", volumes, "pid: host".to_owned()),
        ("strong-capability", volumes, "cap_add: [SYS_ADMIN]".to_owned()),
        ("unconfined", "security_opt: [", "security_opt: [\"seccomp:unconfined\", ".to_owned()),
        ("cap-drop-all", "[ALL]", "[]".to_owned()),
        ("no-new-privileges", "privileges:true", "privileges:false".to_owned()),
        ("log-driver", volumes, "logging: { driver: gelf }".to_owned()),
        ("network-option", volumes, format!("{on}{{ name: host }}")),
        ("network-option", volumes, format!("{on}{{ driver_opts: {{ a: b }} }}")),
        (
            "network-option",
            volumes,
            format!("{on}{{ ipam: {{ config: [{{ subnet: 0.0.0.0/1 }}] }} }}"),
        ),
    ] {
        let scene = host();
        send(&scene, &SOUND.replace(from, &to));
        let (code, said) = asked(&scene, &["deploy"]);
        assert_eq!(code, 1, "{rule}: {said}");
        assert!(said.contains("refused, and nothing was touched: nothing runs"), "{rule}: {said}");
        let told = format!("because the rules of this host forbid it:\nerror[{rule}]: ");
        assert!(said.contains(&told) && said.contains("`web` "), "{rule}: {said}");
        assert_eq!(releases(&scene.path("house/releases")), 0, "{rule}: nothing is staged");
        assert_eq!(engine(&scene), "", "{rule}: the engine was not asked");
        let receipt = receipt(&scene);
        assert_eq!((&receipt["outcome"], &receipt["runs"]), (&"refused".into(), &Value::Null));
        assert!(receipt["because"].as_str().is_some_and(|it| it.contains(rule)), "{receipt}");
        let (code, said) = asked(&scene, &["plan"]);
        let told = format!("the host refuses this: error[{rule}]: ");
        assert_eq!((code, said.contains(&told)), (1, true), "{rule}: {said}");
        let (code, plan) = asked(&scene, &["plan", "--format", "json"]);
        let plan: Value = serde_json::from_str(&plan).expect("it is JSON");
        let warning = plan["warnings"][0].as_str().expect("there is one");
        assert_eq!((code, warning.starts_with(&told)), (1, true), "{rule}: {plan}");
    }
}

/// As a container makes one in a folder that it can write to.
#[test]
fn a_path_of_the_file_that_leads_elsewhere_on_this_host_is_refused() {
    let volumes = SOUND.lines().last().expect("it has lines").trim();
    for (to, what) in
        [("house/secrets", "the house itself"), ("/etc", "its settings"), ("data", "")]
    {
        let scene = host();
        fs::create_dir(scene.path("house/secrets")).expect("it is free");
        fs::create_dir_all(scene.path("data")).expect("it is free");
        symlink(scene.path(to), scene.path("link")).expect("it is free");
        let link = scene.path("link/deep").display().to_string();
        let volume = format!("volumes: [{{ type: bind, source: {link}, target: /a }}]");
        send(&scene, &SOUND.replace(volumes, &volume));
        let (code, said) = asked(&scene, &["deploy"]);
        let told = format!("error[host-real-path]: `web` gets `{link}`, which is `");
        let found = !what.is_empty();
        assert_eq!((said.contains(&told), said.contains(what)), (found, true), "{to}: {said}");
        assert!(!found || code == 1, "{said}");
        assert!(!found || !engine(&scene).contains(" up "), "{}", engine(&scene));
    }
}

#[test]
fn what_the_rules_of_a_host_accept_is_planned() {
    let scene = host();
    let (code, said) = asked(&scene, &["plan"]);
    assert_eq!((code, said.contains("the host refuses this")), (0, false), "{said}");
}

#[test]
fn a_device_of_the_settings_is_refused_unless_the_release_accepts_it() {
    let label = "labels: { homelab.accepts.host-device: \"it is about that one\" }";
    for (labels, accepted) in [("", false), (label, true)] {
        let scene = host();
        let devices =
            format!("{SOUND}    devices: [\"${{GPU:-/dev/null}}:/dev/x\"]\n    {labels}\n");
        send(&scene, &devices);
        scene.write("house/.env", &format!("{DOTENV}GPU=/dev/ptmx\n"));
        let (_, said) = asked(&scene, &["deploy"]);
        assert_eq!(said.contains("error[host-device]"), !accepted, "{said}");
        assert!(!said.contains("host-real-path"), "{said}");
        // Planned, with the host looked at; refused before that.
        assert_eq!(said.contains("web is allowed `host-device`: it is about"), accepted, "{said}");
    }
}

#[test]
fn a_path_of_the_settings_that_is_the_house_itself_is_refused() {
    let scene = host();
    fs::create_dir(scene.path("house/secrets")).expect("it is free");
    symlink(scene.path("house/secrets"), scene.path("link")).expect("it is free");
    for (path, told) in [
        // As it is written: by the rules of the host.
        ("house", "because the rules of this host forbid it:\nerror[host-path]: `web` can change"),
        // Where it leads: by the look at the host.
        ("link", "\nerror[host-real-path]: `FILES_PATH` gives `web` the path"),
    ] {
        let path = scene.path(path).display().to_string();
        scene.write("house/.env", &format!("{DOTENV}FILES_PATH={path}\n"));
        let (code, said) = asked(&scene, &["deploy"]);
        assert_eq!((code, said.contains(told)), (1, true), "{said}");
        assert!(said.contains("refused, and nothing was touched: nothing runs"), "{said}");
        assert_eq!(receipt(&scene)["outcome"], "refused");
        assert!(!engine(&scene).contains(" up "), "{}", engine(&scene));
        assert!(!scene.path("house/current").exists());
    }
}

/// Whether a terminal and the runner of GitHub Actions show it and do nothing else.
fn is_inert(said: &str) -> bool {
    let is_plain = |it: char| !it.is_control() && !"\u{202e}\u{200b}".contains(it);
    let is_command = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
    said.split('\n').all(|line| line.chars().all(is_plain) && !is_command(line))
}

/// What a container may write, each part on a line of its own where it is let.
const HOSTILE: &str = "\x1b[2J\x1b]0;owned\x07 ::add-mask::web\r::set-output name=a::b ##[error]owned \u{202e}\
                       \n::error::owned\n  ::stop-commands::owned\n\x1b[2J##[error]owned \u{202e}\r::error::end";

/// More logs than are kept.
const MANY: usize = 60;

#[test]
fn what_a_container_says_commands_nobody() {
    assert!(!is_inert(HOSTILE));
    let container = |name: &str, service: Option<&str>| {
        json!([{
            "Id": "web1", "Name": name, "Image": "sha256:web",
            "Config": {
                "Image": "web:1",
                "Labels": { "com.docker.compose.service": service },
                "Env": [format!("A={HOSTILE}")],
                "Healthcheck": { "Test": ["CMD", "true"] },
            },
            "State": {
                "Status": "running", "StartedAt": "2026-01-01T00:00:00Z",
                "Health": { "Status": "unhealthy", "Log": [{ "Output": HOSTILE }] },
            },
        }])
    };
    let is_old = |log: &Path| log.to_string_lossy().contains("/old-");
    let scene = host();
    for number in 0..MANY {
        scene.write(&format!("house/state/old-{number}.log"), "");
    }
    send(&scene, SOUND.rsplit_once("    volumes").expect("it mounts something").0);
    scene.write("said", HOSTILE);
    // Its probe says it, while it comes up and when it has.
    scene.write("container", &container("/web", Some("web")).to_string());
    for (ends, format) in [("0", "text"), ("0", "json"), ("1", "text"), ("1", "json")] {
        scene.write("ends", ends);
        let (code, said) = asked(&scene, &["deploy", "--format", format]);
        assert_eq!((code, is_inert(&said)), (1, true), "{said}");
        let told = if ends == "0" { "its probe says: " } else { "failed:\n  " };
        assert!(format == "json" || said.contains(told), "{said}");
        assert!(said.contains("owned"), "it is shown: {said}");
    }
    let state = fs::read_dir(scene.path("house/state")).expect("it is there").flatten();
    let logs = state.map(|it| it.path()).filter(|it| it.extension().is_some_and(|it| it == "log"));
    // The container's own log is kept as it is.
    let logs: Vec<_> = logs.filter(|it| !it.ends_with("unwell.log")).collect();
    assert!(logs.len() <= MANY, "old ones go: {}", logs.len());
    let logs: Vec<_> = logs.into_iter().filter(|it| !is_old(it)).collect();
    assert_eq!(logs.len(), 4, "one a deploy");
    for log in logs {
        let text = fs::read_to_string(log).expect("it is text");
        assert!(text.contains("owned") && is_inert(&text), "{text}");
    }
    // The engine says it of a container that is there.
    fs::write(scene.path("up"), "").expect("the folder is ours");
    for service in [Some("web"), Some(HOSTILE), None] {
        scene.write("container", &container(HOSTILE, service).to_string());
        for format in ["text", "markdown", "json"] {
            let (code, said) = asked(&scene, &["plan", "--format", format]);
            assert_eq!((code, is_inert(&said)), (0, true), "{said}");
        }
    }
}
