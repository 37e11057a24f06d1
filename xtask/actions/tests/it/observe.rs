//! `observe.yml`: the pinned images run, and what they did is handed over.

use crate::github::GitHub;
use crate::job::{Job, run};

/// A run of the suite with real images that prints this, writes what it observed, and ends so.
fn observed(github: &GitHub, code: &str) -> Job {
    github.write("state/e2e.out", "homer: user\n```\n::error::made up\n");
    github.write("state/e2e.code", code);
    run(github, "observe.yml", "images")
}

#[test]
fn real_images_run_and_the_table_and_the_file_are_handed_over() {
    let github = GitHub::new();
    let done = observed(&github, "0");
    assert!(done.success, "{}", done.output);
    assert_eq!(github.calls("cargo"), ["--version", "xtask e2e --images real"]);
    assert!(github.calls("sudo")[1].contains(" mmdebstrap "), "{:?}", github.calls("sudo"));
    assert!(done.summary.starts_with("````text\n"), "{}", done.summary);
    assert!(done.summary.contains("homer: user\n"), "{}", done.summary);
    let file = std::fs::read_to_string(github.path("artifacts/observed/observed.json"));
    assert_eq!(file.expect("it is handed over"), "{ \"images\": {} }\n");
}

#[test]
fn a_contradiction_fails_the_run_and_is_handed_over_too() {
    let github = GitHub::new();
    let done = observed(&github, "1");
    assert!(!done.success && done.summary.contains("homer: user\n"), "{}", done.summary);
    assert!(github.path("artifacts/observed/observed.json").exists());
    assert!(github.path("artifacts/observed/log.txt").exists());
}
