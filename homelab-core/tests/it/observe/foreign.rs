//! Containers that no file knows.

use homelab_core::compose::Service;
use homelab_core::diff;

use super::Scene;

/// What makes it another container than an empty service's.
#[track_caller]
fn told(name: &str) -> String {
    let scene = Scene::odd();
    let found = scene.observe(scene.container(name), None);
    let changes = diff::service(&Service::default(), &found);
    changes.iter().map(|it| format!("{it}\n")).collect()
}

#[test]
fn by_docker_run() {
    insta::assert_snapshot!(told("/hand"), @"");
    insta::assert_snapshot!(told("/all-ports"), @"");
    insta::assert_snapshot!(told("/attached"), @"");
    insta::assert_snapshot!(told("/off"), @"");
    insta::assert_snapshot!(told("/stopped"), @"");
}
