//! Who has the engine's socket: what it lets through is power, and a change of it is told on top.

use homelab_core::release::plan::{After, Plan, plan};
use indexmap::IndexMap;

use super::{after, running};

const FILTER: &str = r#"
name: house
services:
  filter:
    image: "filter:1"
    command: [serve]
    environment: { ALLOW_GET: "/ping", BINDS_FROM: "/srv/data" }
    volumes: [{ type: bind, source: /var/run/docker.sock, target: /socket, read_only: true }]
  app:
    image: "app:1"
    environment: { TZ: "Etc/UTC" }
"#;

/// What a change of the house does, and what is told of power.
fn change(from: &str, to: &str) -> (Plan, Vec<String>) {
    assert!(FILTER.contains(from), "{from}");
    let plan = plan(&running(FILTER, &[]), &after(&FILTER.replace(from, to), &[]), &[]);
    let told = plan.power.iter().map(|it| format!("{} {}", it.service, it.what)).collect();
    (plan, told)
}

#[test]
fn every_change_of_its_filter_is_told() {
    for (from, to, told) in [
        ("\"/ping\"", "\".*\"", "environment.ALLOW_GET: /ping → .*"),
        (", BINDS_FROM: \"/srv/data\"", "", "environment.BINDS_FROM: removed /srv/data"),
        ("ALLOW_GET", "ALLOW_POST: \".*\", ALLOW_GET", "environment.ALLOW_POST: added .*"),
        ("[serve]", "[serve, --all]", "command: serve → serve --all"),
        ("command: [serve]", "entrypoint: [sh]\n    command: [serve]", "entrypoint: added sh"),
    ] {
        let told =
            format!("filter has the engine's socket, and what it lets through changes: `{told}`");
        assert_eq!(change(from, to).1, [told]);
    }
    for (from, to) in [("filter:1", "filter:2"), ("Etc/UTC", "Europe/Berlin")] {
        let (plan, told) = change(from, to);
        assert!(plan.changes, "{to}");
        assert_eq!(told, [""; 0], "{to}");
    }
}

#[test]
fn a_file_that_it_reads_is_part_of_its_filter() {
    let files = IndexMap::from([("filter".to_owned(), vec!["config/filter/allow".to_owned()])]);
    let stamps = IndexMap::from([("filter".to_owned(), "new".to_owned())]);
    let plan = plan(&running(FILTER, &[]), &After { files, stamps, ..after(FILTER, &[]) }, &[]);
    assert_eq!(plan.power.len(), 1, "{:?}", plan.power);
    assert!(plan.power[0].what.contains("`config/filter/allow: "), "{:?}", plan.power);
}

#[test]
fn one_that_gets_the_socket_now_is_told_of_that() {
    let without = FILTER.replace("/var/run/docker.sock", "/srv/data").replace("/ping", ".*");
    let told = |plan: Plan| plan.power.into_iter().map(|it| it.what).collect::<Vec<_>>();
    let gets = told(plan(&running(&without, &[]), &after(FILTER, &[]), &[]));
    assert_eq!(gets, ["gets, read-only, `/run/docker.sock` of the host: the engine's socket"]);
    let loses = told(plan(&running(FILTER, &[]), &after(&without, &[]), &[]));
    assert_eq!(loses, [""; 0]);
}
