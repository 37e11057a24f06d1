//! The oracle: what Docker Compose itself reads from what we emit.
//!
//! Needs the Compose binary and no engine: `docker compose config` only parses.
//! Run by `cargo xtask oracle`; the feature `oracle` keeps it out of plain tests.

#[path = "../shelf/apps.rs"]
mod apps;
mod compose;
mod variables;

use std::path::Path;

use self::compose::config;
use homelab_core::compose::interpolate;
use homelab_core::compose::unjudged;
use homelab_core::compose::yaml::{self, Spacing};
use homelab_core::compose::{
    File, Healthcheck, MountKind, Secret, Service, ServiceMount, ServiceSecret,
};
use homelab_core::dsl::variable::Fallback;
use homelab_core::lower;
use homelab_core::model::profile_sets::profile_sets;
use homelab_core::model::project::Project;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

/// Strings that YAML, Compose or a shell would like to read as something else.
const AWKWARD: &[&str] = &[
    "2026-01-01",
    "2026-01-01T10:00:00Z",
    "1_000",
    "yes",
    "No",
    "on",
    "y",
    "n",
    "22:22",
    "1:2:3",
    "0o17",
    "017",
    "0x1F",
    "1e3",
    ".5",
    "-.inf",
    ".nan",
    "~",
    "null",
    "Null",
    "$HOME",
    "${HOME}",
    "$$",
    "$",
    "${",
    "}",
    "a $b c",
    "{{upstreams 80}}",
    "{{ .Names }}",
    "\"quoted\"",
    "'single'",
    "back\\slash",
    "two\nlines\n",
    "\n",
    "tab\there",
    " leading",
    "trailing ",
    "- dash",
    "key: value",
    "#comment",
    "a #b",
    "!tag",
    "&anchor",
    "*alias",
    "<<",
    "=",
    "?",
    "|",
    ">",
    "%dir",
    "@at",
    "`tick`",
    "[a]",
    "{a: b}",
    ",",
    "😀 emoji",
    "e\u{301}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}bom",
    "\u{7f}",
    "\u{1b}[0m",
    "",
    "true",
    "False",
    "1",
    "-1",
    "1.0",
    "+1",
    "1,000",
    "--",
    "---",
    "...",
    "10m",
    "3.14.15",
];

#[test]
fn every_awkward_string_comes_back_unchanged() {
    compare(&AWKWARD.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
}

#[test]
fn random_strings_come_back_unchanged() {
    // Each case starts a process, so that it carries many strings.
    let strings = proptest::collection::vec(any_string(), 200);
    let mut runner =
        TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    runner
        .run(&strings, |it| {
            compare(&it);
            Ok(())
        })
        .expect("Compose reads what was written");
}

/// Any text without NUL, which no environment and no argument can hold.
fn any_string() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(|it| it.replace('\0', "")),
        "[ -~\n\t]{0,40}",
        "[0-9_:.+eExXobTZ-]{1,12}",
        "[$ {}:?A-Z_-]{1,16}",
    ]
}

/// Puts every string where a service can give one, and reads all of them back.
fn compare(strings: &[String]) {
    let literal = |it: &String| lower::literal(it);
    let named = |prefix: &str| {
        strings.iter().enumerate().map(|(at, it)| (format!("{prefix}{at}"), literal(it))).collect()
    };
    let paths: Vec<_> = strings.iter().filter(|it| is_path(it)).collect();
    let service = Service {
        image: Some("example/image:1".to_owned()),
        environment: named("KEY_"),
        labels: named("label."),
        command: strings.iter().map(literal).collect(),
        healthcheck: Some(Healthcheck {
            test: std::iter::once("CMD".to_owned()).chain(strings.iter().map(literal)).collect(),
            ..Healthcheck::default()
        }),
        volumes: paths
            .iter()
            .enumerate()
            .map(|(at, it)| ServiceMount {
                kind: MountKind::Bind,
                source: format!("/source/{at}/{}", literal(it)),
                target: format!("/target/{at}/{}", literal(it)),
                read_only: false,
                bind: None,
            })
            .collect(),
        ..Service::default()
    };
    let file = File {
        name: "oracle".to_owned(),
        services: std::iter::once(("it".to_owned(), service)).collect(),
        ..File::default()
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let read = config(folder.path(), &yaml::render(&file, "Oracle.", Spacing::Sections), &[], &[])
        .expect("Compose accepts the file");
    let service = &read["services"]["it"];
    // `config` escapes dollars again in what it prints.
    let text = |value: &Value| value.as_str().map(|it| it.replace("$$", "$"));
    for (at, given) in strings.iter().enumerate() {
        let given = Some(given.clone());
        assert_eq!(text(&service["environment"][format!("KEY_{at}")]), given, "environment");
        assert_eq!(text(&service["labels"][format!("label.{at}")]), given, "label");
        assert_eq!(text(&service["command"][at]), given, "command");
        assert_eq!(text(&service["healthcheck"]["test"][at + 1]), given, "health check");
    }
    for (at, given) in paths.iter().enumerate() {
        let target = text(&service["volumes"][at]["target"]);
        assert_eq!(target, Some(format!("/target/{at}/{given}")), "mount");
    }
}

/// What a container gets of the host, in the words of the DSL.
#[test]
fn devices_limits_and_settings_mean_what_we_say() {
    const SERVICE: &str = r#"
    image: example/image:1
    tmpfs: ["/tmp:uid=1,gid=2,size=64m,mode=0770"]
    devices: ["/dev/bus/usb:/dev/bus/usb:rw"]
    device_cgroup_rules: ["c 189:* rmw"]
    ulimits: { memlock: { soft: -1, hard: -1 }, nofile: { soft: 1024, hard: 4096 } }
    healthcheck: { test: [CMD, probe], interval: 1500ms }
    deploy: { resources: { reservations: { devices: [
      { driver: nvidia, count: all, capabilities: [gpu] },
      { driver: nvidia, count: "2", capabilities: [gpu] },
      { driver: nvidia, device_ids: ["0"], capabilities: [gpu] } ] } } }
"#;
    // Our own types hold all of it, and write it again.
    let file = yaml::parse(&format!("name: oracle\nservices:\n  it:{SERVICE}"));
    let text = yaml::render(&file.expect("our types have these words"), "", Spacing::Dense);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let read = config(folder.path(), &text, &[], &[]).expect("Compose accepts the file");
    let usb = json!({ "source": "/dev/bus/usb", "target": "/dev/bus/usb", "permissions": "rw" });
    let gpus = json!([
        { "driver": "nvidia", "count": -1, "capabilities": ["gpu"] },
        { "driver": "nvidia", "count": 2, "capabilities": ["gpu"] },
        { "driver": "nvidia", "device_ids": ["0"], "capabilities": ["gpu"] },
    ]);
    for (key, expected) in [
        ("/tmpfs", json!(["/tmp:uid=1,gid=2,size=64m,mode=0770"])),
        ("/devices", json!([usb])),
        ("/device_cgroup_rules", json!(["c 189:* rmw"])),
        ("/ulimits/memlock", json!({ "soft": -1, "hard": -1 })),
        ("/ulimits/nofile", json!({ "soft": 1024, "hard": 4096 })),
        ("/healthcheck/interval", json!("1.5s")),
        ("/deploy/resources/reservations/devices", gpus),
    ] {
        assert_eq!(read["services"]["it"].pointer(key), Some(&expected), "{key}");
    }
}

/// One clean segment: Compose tidies paths, which is no matter of quoting.
fn is_path(text: &str) -> bool {
    !text.is_empty() && !text.contains('/') && text != "." && text != ".."
}

#[test]
fn the_house_is_accepted_with_every_set_of_profiles() {
    let house = homelab_services::house();
    let stack = &house.stack;
    let project = Project::from_stack(stack);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = yaml::render(&unjudged::data(project.file()), "", Spacing::Sections);
    let required = stack.site().variables.iter().filter(|it| it.fallback() == Fallback::Required);
    let values: Vec<_> = required.map(|it| (it.name(), "/srv/data")).collect();
    let profiles: Vec<_> = project.profiles().into_iter().collect();
    for set in profile_sets(&profiles, &project.exclusive()) {
        let read =
            config(&root, &text, &set, &values).unwrap_or_else(|error| panic!("{set:?}: {error}"));
        let mut found: Vec<_> =
            read["services"].as_object().expect("a map").keys().cloned().collect();
        let enabled = project.members().filter(|it| it.is_enabled_by(&set));
        let mut expected: Vec<_> = enabled.map(|it| it.name.to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "services of {set:?}");
    }
}

#[test]
fn every_application_of_the_shelf_is_accepted() {
    for app in apps::ALL {
        let stack = app.house();
        let text = yaml::render(&lower::lower(&stack), "", Spacing::Sections);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let profiles: Vec<_> = stack.site().profiles.iter().map(|it| it.name()).collect();
        let read = config(folder.path(), &text, &profiles, &[("DATA_ROOT", "/srv/data")]);
        let read = read.unwrap_or_else(|error| panic!("{}: {error}", app.name));
        let count = read["services"].as_object().map_or(0, serde_json::Map::len);
        assert_eq!(count, stack.names().count(), "{}", app.name);
    }
}

/// A digest that is the default of a variable: an empty value takes it away, and the updater's label along.
#[test]
fn an_empty_variable_takes_a_digest_away_and_a_missing_one_does_not() {
    let house = homelab_services::house();
    let stack = &house.stack;
    let project = Project::from_stack(stack);
    let folder = tempfile::tempdir().expect("a temporary folder");
    for member in project.members() {
        let image = member.service.image.as_deref().unwrap_or_default();
        let name = interpolate::variables(image).first().map(ToString::to_string);
        let Some(name) = name else { continue };
        let service = Service {
            image: member.service.image.clone(),
            labels: member.service.labels.clone(),
            ..Service::default()
        };
        let services = std::iter::once(("it".to_owned(), service)).collect();
        let file = File { name: "oracle".to_owned(), services, ..File::default() };
        let text = yaml::render(&file, "", Spacing::Dense);
        for (values, is_pinned) in [(&[][..], true), (&[(name.as_str(), "")][..], false)] {
            let read = config(folder.path(), &text, &[], values).expect("Compose accepts the file");
            let service = &read["services"]["it"];
            let lookup =
                |asked: &str| values.iter().find(|it| it.0 == asked).map(|it| it.1.to_owned());
            let ours = interpolate::resolve(image, &lookup).expect("valid");
            assert_eq!(service["image"], ours.as_str(), "{name}");
            assert_eq!(ours.contains("@sha256:"), is_pinned, "{name}: {ours}");
            let updates = &service["labels"]["com.centurylinklabs.watchtower.enable"];
            assert_eq!(*updates, (!is_pinned).to_string().as_str(), "{name}: {service}");
        }
    }
}

/// What the words about networks and ports are lowered to is what Compose reads.
#[test]
fn networks_of_others_and_ports_are_read_as_meant() {
    let file = "
name: oracle
services:
  vpn:
    image: example/image:1
    hostname: gate
    extra_hosts: { nas: \"192.168.1.2\", host.docker.internal: host-gateway }
    ports: [{ target: 443, published: \"8443\", host_ip: \"127.0.0.1\", protocol: tcp }]
  rider:
    image: example/image:1
    network_mode: \"service:vpn\"
    depends_on: { vpn: { condition: service_healthy, restart: true } }
  hub: { image: \"example/image:1\", network_mode: host }
  hermit: { image: \"example/image:1\", network_mode: none }
  dns: { image: \"example/image:1\", networks: { lan: { ipv4_address: 192.168.1.53 }, pair: {} } }
networks:
  pair: {}
  lan:
    driver: macvlan
    driver_opts: { parent: eth0 }
    ipam: { config: [{ subnet: 192.168.1.0/24, ip_range: 192.168.1.64/26, gateway: 192.168.1.1 }] }
";
    let file = yaml::parse(file).expect("our own reader knows every key");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = yaml::render(&file, "", Spacing::Dense);
    let read = config(folder.path(), &text, &[], &[]).expect("Compose accepts the file");
    let services = &read["services"];
    let vpn = &services["vpn"];
    assert_eq!(vpn["hostname"], "gate");
    assert_eq!(vpn["ports"][0]["published"], "8443");
    assert_eq!(
        (&vpn["ports"][0]["target"], &vpn["ports"][0]["host_ip"]),
        (&443.into(), &"127.0.0.1".into())
    );
    let mut hosts: Vec<_> = vpn["extra_hosts"].as_array().into_iter().flatten().collect();
    hosts.sort_by_key(ToString::to_string);
    assert_eq!(hosts, ["host.docker.internal=host-gateway", "nas=192.168.1.2"]);
    for (name, mode) in [("rider", "service:vpn"), ("hub", "host"), ("hermit", "none")] {
        assert_eq!(services[name]["network_mode"], mode, "{name}");
        assert!(services[name]["networks"].is_null(), "{name}");
    }
    let networks = &services["dns"]["networks"];
    assert_eq!(networks["lan"]["ipv4_address"], "192.168.1.53");
    assert!(networks.get("pair").is_some(), "{networks}");
    let lan = &read["networks"]["lan"];
    assert_eq!(
        (&lan["driver"], &lan["driver_opts"]["parent"]),
        (&"macvlan".into(), &"eth0".into())
    );
    let range =
        r#"{"subnet":"192.168.1.0/24","ip_range":"192.168.1.64/26","gateway":"192.168.1.1"}"#;
    let range: Value = serde_json::from_str(range).expect("it is JSON");
    assert_eq!(lan["ipam"]["config"][0], range);
    let dependency = &services["rider"]["depends_on"]["vpn"];
    assert_eq!(
        (&dependency["condition"], &dependency["restart"]),
        (&"service_healthy".into(), &true.into())
    );
}

#[test]
fn a_secret_has_the_file_name_that_its_image_asks_for() {
    let secret = |target: Option<&str>| ServiceSecret {
        source: "token".to_owned(),
        target: target.map(str::to_owned),
    };
    let service = Service {
        image: Some("a".to_owned()),
        secrets: vec![secret(None), secret(Some("API_TOKEN"))],
        ..Service::default()
    };
    let file = File {
        name: "oracle".to_owned(),
        services: [("it".to_owned(), service)].into(),
        secrets: [("token".to_owned(), Secret { file: "./token".to_owned() })].into(),
        ..File::default()
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = yaml::render(&file, "", Spacing::Dense);
    let read = config(folder.path(), &text, &[], &[]).expect("Compose accepts the file");
    let secrets = &read["services"]["it"]["secrets"];
    assert_eq!(secrets[0]["source"], "token", "{secrets}");
    assert_eq!(secrets[1], serde_json::json!({ "source": "token", "target": "API_TOKEN" }));
}
