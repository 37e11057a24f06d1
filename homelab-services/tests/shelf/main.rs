//! The shelf: each application stands in a small house, no rule objects to it, and `snapshots/shelf/` shows
//! what it becomes.

mod apps;
#[path = "../it/left_over.rs"]
mod left_over;

use homelab_core::checks;
use homelab_core::compose::File;
use homelab_core::compose::yaml::{self, Spacing};
use homelab_core::lower::lower;
use homelab_core::model::project::Project;
use homelab_core::testing;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../snapshots/shelf");

#[test]
fn no_rule_objects_to_an_application() {
    for app in apps::ALL {
        let stack = app.house();
        let findings = checks::check(&Project::from_stack(&stack)).findings;
        let findings: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{}: {}", app.name, findings.join("\n"));
    }
}

#[test]
fn each_application_is_known() {
    for app in apps::ALL {
        let stack = app.house();
        let project = Project::from_stack(&stack);
        let unknown = project.members().filter(|it| it.contract().is_none());
        let unknown: Vec<_> = unknown.map(|it| it.name).collect();
        assert!(unknown.is_empty(), "{}: no contract for {unknown:?}", app.name);
    }
}

#[test]
fn applications_become_what_was_reviewed() {
    let base = lower(&testing::house().stack);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(FOLDER);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description("written by `cargo xtask accept`; review the diff");
    settings.bind(|| {
        for app in apps::ALL {
            let added = without(lower(&app.house()), &base);
            insta::assert_snapshot!(app.name, yaml::render(&added, "", Spacing::Sections));
        }
    });
}

#[test]
fn no_snapshot_is_left_over() {
    left_over::assert_none(FOLDER, apps::ALL.iter().map(|it| it.name));
}

/// Leaves out what the small house has without the application.
fn without(mut file: File, base: &File) -> File {
    file.services.retain(|name, _| !base.services.contains_key(name));
    file.networks.retain(|name, _| !base.networks.contains_key(name));
    file.volumes.retain(|name, _| !base.volumes.contains_key(name));
    file.secrets.retain(|name, _| !base.secrets.contains_key(name));
    file
}
