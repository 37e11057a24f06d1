//! `deploy.yml`: the key, the deploy, the receipt.

use crate::github::{GitHub, KEY, NO_HOST_KEY};
use crate::job::{Job, run};

const RECEIPT: &str = "{ \"release\": \"0123\", \"log\": \"```\" }\n";

fn deployed(github: &GitHub) -> Job {
    let built = run(github, "deploy.yml", "build");
    assert!(built.success, "{}", built.output);
    run(github, "deploy.yml", "deploy")
}

#[test]
fn a_deploy_names_the_host_the_key_and_who_did_it() {
    let github = GitHub::new();
    github.write("state/deploy.out", RECEIPT);
    let done = deployed(&github);
    assert!(done.success, "{}", done.output);
    let calls = github.calls("homelab");
    let [call] = &calls[..] else { panic!("{calls:?}") };
    let (before, after) = call.split_once(" --identity ").expect("it names the key");
    assert_eq!(before, "deploy --host deploy@house.example --port 2222");
    let (key, after) = after.split_once(' ').expect("more follows");
    assert!(key.ends_with("/temp/deploy-key"), "{key}");
    assert_eq!(
        after,
        "--known-hosts .github/known_hosts --actor member --format json \
         --run-url https://github.example/household/homelab/actions/runs/42"
    );
    assert_eq!(github.note("homelab", "mode"), "600");
    assert_eq!(github.note("homelab", "whole"), true);
    assert!(done.summary.starts_with("## Deployed `"), "{}", done.summary);
    assert!(done.summary.contains(&format!("````json\n{RECEIPT}````\n")), "{}", done.summary);
    assert_eq!(done.left, ["homelab"], "the key is gone");
}

#[test]
fn the_key_goes_also_when_the_deploy_fails() {
    for (code, words) in [("1", "## Not deployed"), ("4", "## Not finished (exit code 4)")] {
        let github = GitHub::new();
        github.write("state/deploy.code", code);
        github.write("state/deploy.out", RECEIPT);
        let done = deployed(&github);
        assert!(!done.success);
        assert!(done.summary.starts_with(words), "{}", done.summary);
        assert!(done.summary.contains(RECEIPT), "{}", done.summary);
        assert!(done.output.contains("help: see docs/runbooks/merge-is-deploy.md"));
        assert_eq!(done.left, ["homelab"], "the key is gone");
    }
}

#[test]
fn a_failed_build_hands_nothing_over() {
    let github = GitHub::new();
    github.write("state/cargo.fails", "build --release --locked --bin homelab");
    let done = run(&github, "deploy.yml", "build");
    assert!(!done.success);
    assert_eq!(done.ran, ["Rust", "Build"]);
    assert!(!github.path("artifacts/homelab").exists());
}

#[test]
fn a_program_that_was_not_built_here_meets_no_key() {
    for (file, job) in [("deploy.yml", "deploy"), ("drift.yml", "status")] {
        let github = GitHub::new();
        assert!(run(&github, file, "build").success);
        github.write("artifacts/homelab/homelab", "#!/bin/sh\ncat $RUNNER_TEMP/deploy-key\n");
        let done = run(&github, file, job);
        assert!(!done.success);
        assert!(done.output.contains("error: the program is not the one that was built"));
        assert_eq!(done.ran, ["Compare", "Delete the key"]);
    }
}

#[test]
fn a_key_that_was_pasted_on_windows_is_mended() {
    let mut github = GitHub::new();
    let pasted = KEY.replace('\n', "\r\n");
    github.values.insert("secrets.DEPLOY_KEY".to_owned(), pasted);
    assert!(deployed(&github).success);
    assert_eq!(github.note("homelab", "whole"), true);
}

#[test]
fn without_a_port_it_is_22() {
    let mut github = GitHub::new();
    github.values.insert("vars.DEPLOY_PORT".to_owned(), String::new());
    assert!(deployed(&github).success);
    assert!(github.calls("homelab")[0].contains(" --port 22 "));
}

#[test]
fn without_a_key_nothing_is_asked() {
    let mut github = GitHub::new();
    github.values.insert("secrets.DEPLOY_KEY".to_owned(), String::new());
    let done = deployed(&github);
    assert!(!done.success);
    assert!(done.output.contains("error: the secret `DEPLOY_KEY` is empty"), "{}", done.output);
    assert_eq!(github.calls("homelab"), [""; 0]);
}

#[test]
fn without_a_host_key_nothing_is_asked() {
    let github = GitHub::with("change\n", NO_HOST_KEY);
    let done = deployed(&github);
    assert!(!done.success);
    let error = "error: `.github/known_hosts` names no host key";
    assert!(done.output.contains(error), "{}", done.output);
    assert_eq!(github.calls("homelab"), [""; 0]);
    assert_eq!(done.left, ["homelab"], "the key is gone");
}

#[test]
fn without_a_host_or_off_main_nothing_runs() {
    for (name, value) in [("vars.DEPLOY_HOST", ""), ("github.ref", "refs/heads/change")] {
        let mut github = GitHub::new();
        github.values.insert(name.to_owned(), value.to_owned());
        for (file, job) in
            [("deploy.yml", "checks"), ("deploy.yml", "build"), ("drift.yml", "build")]
        {
            let done = run(&github, file, job);
            assert!(!done.success && done.ran.is_empty(), "{file} {name}");
        }
    }
}
