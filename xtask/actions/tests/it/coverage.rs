//! No step without a test: what the tests run, next to what the workflows say.

use std::collections::BTreeSet;

use crate::github::GitHub;
use crate::job::run;
use crate::workflow::Workflow;

/// Every job that a test of this crate runs and asks about.
const TESTED: [(&str, &str); 14] = [
    ("validate.yml", "checks"),
    ("validate.yml", "engine"),
    ("validate.yml", "plan"),
    ("validate.yml", "comment"),
    ("validate.yml", "required"),
    ("deploy.yml", "checks"),
    ("deploy.yml", "build"),
    ("deploy.yml", "deploy"),
    ("drift.yml", "build"),
    ("drift.yml", "status"),
    ("drift.yml", "issue"),
    ("observe.yml", "images"),
    ("update.yml", "images"),
    ("update.yml", "propose"),
];

#[test]
fn every_run_step_is_run_by_a_test() {
    let github = GitHub::new();
    let mut ran = BTreeSet::new();
    for (file, job) in TESTED {
        let done = run(&github, file, job);
        assert!(done.success, "{file} {job}: {}", done.output);
        ran.extend(done.ran.into_iter().map(|it| (file.to_owned(), job.to_owned(), it)));
    }
    let mut written = BTreeSet::new();
    for workflow in Workflow::all() {
        for step in workflow.steps().iter().filter(|it| !it.value["run"].is_null()) {
            let job = (workflow.file.clone(), step.job.to_owned(), step.name.to_owned());
            assert!(written.insert(job), "{}: two steps are called {}", workflow.file, step.name);
        }
    }
    assert_eq!(ran, written);
}
