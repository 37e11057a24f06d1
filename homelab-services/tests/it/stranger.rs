//! The committed file as anybody's: judged by facts alone, without the stack that it was lowered from.

use homelab_core::checks::check;
use homelab_core::compose::{unjudged, yaml};
use homelab_core::model::project::Project;

#[test]
fn nothing_is_found_that_is_only_missing_intent() {
    let house = homelab_services::house();
    let text = include_str!("../../../compose.yaml");
    let file = unjudged::parse(text).expect("it was generated");
    let verdict = check(&Project::from_file(file, house.stack.catalogue()));
    let errors: Vec<_> = verdict.findings.iter().map(ToString::to_string).collect();
    assert!(!verdict.has_errors(), "{}", errors.join("\n"));
}

#[test]
fn a_database_whose_port_is_published_is_known_by_its_image() {
    let house = homelab_services::house();
    let file = yaml::parse(
        r#"
name: elsewhere
services:
  db:
    image: "docker.io/library/postgres:16.4"
    ports: [{ target: 5432, published: "5432", protocol: tcp }]
"#,
    );
    let file = file.expect("it is a Compose file");
    let verdict = check(&Project::from_file(file, house.stack.catalogue()));
    let found = verdict.findings.iter().find(|it| it.rule == "data-exposed");
    let found = found.map(ToString::to_string).unwrap_or_default();
    assert!(found.contains("the database `db` publishes the port `5432/tcp`"), "{found}");
}
