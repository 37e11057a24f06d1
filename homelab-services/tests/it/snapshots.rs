//! Whole artefacts for a reviewer, under `snapshots/` at the top of the repository.
//!
//! A pull request's reviewer reads these: what changes there is what the change does.

use homelab_core::compose::yaml::{self, Spacing};
use homelab_core::model::exposure::gather;
use homelab_core::model::project::Project;
use homelab_core::prelude::Stack;
use homelab_core::proxy::caddyfile;
use homelab_core::report::{
    env_example, exposure, memory, reachability, services, state, topology,
};

use crate::left_over;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../snapshots");

/// Every artefact by name.
fn artefacts(stack: &Stack) -> Vec<(String, String)> {
    let project = Project::from_stack(stack);
    let memory = memory::gather(&project).expect("a stack has a host");
    let mut artefacts = vec![
        ("caddyfile".to_owned(), caddyfile::render(project.sites())),
        ("env-example".to_owned(), env_example::text(stack.site(), "")),
        ("exposure".to_owned(), exposure::markdown(&gather(&project))),
        ("memory".to_owned(), memory::markdown(&memory)),
        ("reachability".to_owned(), reachability::text(&project)),
        ("services".to_owned(), services::markdown(&services::gather(&project))),
        ("state".to_owned(), state::markdown(&state::gather(&project))),
        ("topology".to_owned(), topology::mermaid(&project)),
    ];
    for (name, service) in &project.file().services {
        artefacts.push((format!("services__{name}"), yaml::render(service, "", Spacing::Dense)));
    }
    artefacts
}

#[test]
fn artefacts_are_as_reviewed() {
    let house = homelab_services::house();
    let stack = &house.stack;
    let artefacts = artefacts(stack);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(FOLDER);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description("written by `cargo xtask accept`; review the diff");
    settings.bind(|| {
        for (name, text) in &artefacts {
            insta::assert_snapshot!(name.as_str(), text);
        }
    });
}

#[test]
fn no_snapshot_is_left_over() {
    let house = homelab_services::house();
    let stack = &house.stack;
    let known = artefacts(stack);
    left_over::assert_none(FOLDER, known.iter().map(|it| it.0.as_str()));
}
