//! `update.yml`: newer images as one pull request.

use crate::github::GitHub;
use crate::job::{Job, run};

/// A week in which `images.rs` becomes another, or nothing is newer.
fn week(github: &GitHub, newer: Option<&str>) -> Job {
    if let Some(newer) = newer {
        github.write("state/images.rs", newer);
        github.write("state/images.out", "caddy 2.11.7 -> 2.11.8\n");
    }
    let done = run(github, "update.yml", "images");
    assert!(done.success, "{}", done.output);
    assert_eq!(github.calls("gh").len(), 0, "the job that runs code asks GitHub nothing");
    done
}

fn proposed(github: &GitHub) -> Job {
    let done = run(github, "update.yml", "propose");
    assert!(done.success, "{}", done.output);
    done
}

fn origin(github: &GitHub, words: &[&str]) -> String {
    github.git(&[&["--git-dir=../origin.git"], words].concat())
}

#[test]
fn nothing_newer_is_nothing_to_do() {
    let github = GitHub::new();
    week(&github, None);
    assert_eq!(github.calls("cargo"), ["build --locked --package homelab-cli"]);
    assert!(proposed(&github).output.contains("nothing is newer"));
    assert_eq!(github.calls("gh"), [""; 0]);
    assert!(!origin(&github, &["branch", "--list"]).contains("update-images"));
}

#[test]
fn a_pull_request_is_opened_and_then_updated() {
    let github = GitHub::new();
    week(&github, Some("new\n"));
    assert_eq!(github.calls("cargo")[1..], ["xtask gen", "xtask test"]);
    assert_eq!(github.note("cargo", "INSTA_UPDATE"), "always");
    proposed(&github);
    let prs = github.list("prs");
    assert_eq!(prs.len(), 1);
    assert_eq!(prs[0]["headRefName"], "update-images");
    assert_eq!(prs[0]["baseRefName"], "main");
    let body = prs[0]["body"].as_str().expect("a text");
    assert!(body.starts_with("```text\ncaddy 2.11.7 -> 2.11.8\n```\n"), "{body}");
    assert!(body.contains("close and reopen it"), "{body}");
    assert_eq!(github.calls("gh")[0], "auth setup-git");
    for file in ["homelab-services/src/images.rs", "compose.yaml", "snapshots/exposure.snap"] {
        assert_eq!(origin(&github, &["show", &format!("update-images:{file}")]), "new", "{file}");
    }
    let who = origin(&github, &["show", "--no-patch", "--format=%an: %s", "update-images"]);
    assert_eq!(who, "github-actions[bot]: images: newer releases");

    run(&github, "update.yml", "images");
    github.write("state/images.out", "caddy 2.11.7 -> 2.11.9\n");
    github.write("state/images.rs", "newer\n");
    assert!(run(&github, "update.yml", "images").success);
    proposed(&github);
    let prs = github.list("prs");
    assert_eq!(prs.len(), 1);
    assert!(prs[0]["body"].as_str().is_some_and(|it| it.contains("2.11.9")));
    assert_eq!(origin(&github, &["show", "update-images:compose.yaml"]), "newer");
    let parent = origin(&github, &["rev-parse", "update-images^"]);
    assert_eq!(parent, origin(&github, &["rev-parse", "main"]), "one commit on top of main");
}

#[test]
fn a_registry_that_fails_does_not_discard_what_the_others_said() {
    let github = GitHub::new();
    github.write("state/images.code", "4");
    week(&github, Some("new\n"));
    proposed(&github);
    assert_eq!(github.list("prs").len(), 1);
    github.write("state/images.code", "70");
    assert!(!run(&github, "update.yml", "images").success, "a bug is no answer");
}

#[test]
fn a_forks_branch_of_the_same_name_is_another() {
    let github = GitHub::new();
    github.write(
        "state/github.json",
        r#"{ "comments": [], "issues": [], "labels": [], "next": 9, "prs": [
            { "number": 8, "title": "theirs", "state": "OPEN", "headRefName": "update-images",
              "isCrossRepository": true, "body": "theirs" }
        ] }"#,
    );
    week(&github, Some("new\n"));
    proposed(&github);
    let prs = github.list("prs");
    assert_eq!((prs.len(), &prs[0]["body"]), (2, &"theirs".into()));
}

#[test]
fn tests_that_fail_propose_nothing() {
    let github = GitHub::new();
    github.write("state/images.rs", "new\n");
    github.write("state/cargo.fails", "xtask test");
    assert!(!run(&github, "update.yml", "images").success);
    assert!(!github.path("artifacts/images").exists());
}

#[test]
fn a_patch_leaves_the_workflows_alone() {
    let github = GitHub::new();
    week(&github, Some("new\n"));
    let patch = github.path("artifacts/images/update.patch");
    let mut text = std::fs::read_to_string(&patch).expect("it was handed over");
    for file in [".github/workflows/own.yml", ".ci/own"] {
        text += &"diff --git a/FILE b/FILE\nnew file mode 100644\n--- /dev/null\n+++ b/FILE\n\
                  @@ -0,0 +1 @@\n+mine\n"
            .replace("FILE", file);
    }
    std::fs::write(&patch, text).expect("it is ours");
    proposed(&github);
    let files = origin(&github, &["diff", "--name-only", "main", "update-images"]);
    assert_eq!(files, "compose.yaml\nhomelab-services/src/images.rs\nsnapshots/exposure.snap");
}
