//! Variables, as Compose interpolates them.

use std::path::Path;

use homelab_core::compose::interpolate;
use homelab_core::compose::yaml::{self, Spacing};
use homelab_core::compose::{File, Service};
use homelab_core::dsl::variable::Fallback;
use homelab_core::lower;

use crate::compose::config;

#[test]
fn a_required_variable_without_value_stops_compose_with_its_meaning() {
    let stack = homelab_services::house().stack;
    let text = yaml::render(&lower::lower(&stack), "", Spacing::Sections);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut required =
        stack.site().variables.iter().filter(|it| it.fallback() == Fallback::Required);
    let Some(first) = required.next() else { return };
    let error = config(&root, &text, &[], &[]).expect_err("it has no value");
    let (name, meaning) = (first.name(), first.meaning());
    assert!(error.contains(&format!("set {name} in .env: {meaning}")), "{error}");
}

#[test]
fn our_interpolation_is_that_of_compose() {
    let texts = [
        "${A}",
        "${A:-d}",
        "${A-d}",
        "${EMPTY:-d}",
        "${EMPTY-d}",
        "${NO:-d}",
        "${NO-d}",
        "${A:+r}",
        "${EMPTY:+r}",
        "${EMPTY+r}",
        "${NO:+r}",
        "${NO:-${A}/x}",
        "${NO:-${NO2:-$A}}",
        "$A-x",
        "$$A",
        "${A:?no}",
        "${NO:-a b}",
        "${NO:-}",
    ];
    let values = [("A", "a"), ("EMPTY", "")];
    let lookup = |name: &str| values.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
    let environment = texts.iter().enumerate();
    let service = Service {
        image: Some("example/image:1".to_owned()),
        environment: environment.map(|(at, it)| (format!("K{at}"), (*it).to_owned())).collect(),
        ..Service::default()
    };
    let file = File {
        name: "oracle".to_owned(),
        services: std::iter::once(("it".to_owned(), service)).collect(),
        ..File::default()
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = yaml::render(&file, "", Spacing::Dense);
    let read = config(folder.path(), &text, &[], &values).expect("Compose accepts the file");
    for (at, text) in texts.iter().enumerate() {
        let theirs = read["services"]["it"]["environment"][format!("K{at}")].as_str();
        let ours = interpolate::resolve(text, &lookup).expect("valid");
        assert_eq!(
            Some(ours.as_str()),
            theirs.map(|it| it.replace("$$", "$")).as_deref(),
            "{text}"
        );
    }
}
