//! `update.yml`: newer images as one pull request.

use std::os::unix::fs::{PermissionsExt as _, symlink};

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
    assert_eq!(github.calls("cargo"), ["build --locked --bin homelab"]);
    assert!(proposed(&github).output.contains("nothing is newer"));
    assert_eq!(github.calls("gh"), [""; 0]);
    assert!(!origin(&github, &["branch", "--list"]).contains("update-images"));
}

#[test]
fn a_pull_request_is_opened_and_then_updated() {
    let github = GitHub::new();
    week(&github, Some("new\n"));
    assert_eq!(github.calls("cargo")[1..], ["xtask accept"]);
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
    github.write("state/cargo.fails", "xtask accept");
    assert!(!run(&github, "update.yml", "images").success);
    assert!(!github.path("artifacts/images").exists());
}

/// An update whose patch is what somebody makes of a checkout, instead of what `images.sh` wrote.
fn hostile(change: impl FnOnce(&GitHub)) -> (GitHub, Job) {
    let github = GitHub::new();
    week(&github, Some("new\n"));
    change(&github);
    let stage = ["add", "--all"];
    github.git(&stage);
    let mut patch = github.git(&["diff", "--cached", "--binary", "--find-renames", "HEAD"]);
    // A binary patch ends with an empty line.
    patch.push_str("\n\n");
    github.write("artifacts/images/update.patch", &patch);
    let done = run(&github, "update.yml", "propose");
    (github, done)
}

#[track_caller]
fn assert_refused((github, done): &(GitHub, Job)) {
    assert!(!done.success, "{}", done.output);
    assert!(done.output.contains("error: "), "{}", done.output);
    assert_eq!(github.calls("gh"), [""; 0], "nothing ran with the token");
    assert!(!origin(github, &["branch", "--list"]).contains("update-images"));
    assert!(!github.path("hacked").exists());
}

#[test]
fn an_update_changes_nothing_but_pins_and_what_is_generated() {
    for file in [
        ".github/workflows/own.yml",
        ".GitHub/scripts/fenced.sh",
        ".ci/run",
        ".gitattributes",
        "Cargo.toml",
        "homelab-core/src/lib.rs",
        "docs/runbooks/roll-back.md",
        "snapshots/a\n.snap",
        "snapshots/\"a\".snap",
        "snapshots/a b.snap",
    ] {
        assert_refused(&hostile(|it| it.write(&format!("author/{file}"), "mine\n")));
    }
}

#[test]
fn an_update_moves_no_workflow_and_puts_no_link_in_its_place() {
    assert_refused(&hostile(|github| {
        std::fs::rename(github.path("author/.github"), github.path("author/snapshots/foo"))
            .expect("it is ours");
        symlink("snapshots/foo", github.path("author/.github")).expect("it is gone");
        github.write("author/snapshots/foo/scripts/fenced.sh", "touch \"$STAND_IN/../hacked\"\n");
    }));
    assert_refused(&hostile(|github| {
        let path = github.path("author/snapshots/exposure.snap");
        std::fs::remove_file(&path).expect("it is ours");
        symlink("/etc/passwd", path).expect("it is gone");
    }));
}

#[test]
fn an_update_makes_no_program_and_no_submodule() {
    assert_refused(&hostile(|github| {
        let path = github.path("author/snapshots/exposure.snap");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("ours");
    }));
    assert_refused(&hostile(|github| {
        let head = github.git(&["rev-parse", "HEAD"]);
        let link = format!("160000,{head},snapshots/sub.snap");
        github.git(&["update-index", "--add", "--cacheinfo", &link]);
        std::fs::create_dir(github.path("author/snapshots/sub.snap")).expect("it is ours");
    }));
}

#[test]
fn a_patch_stays_inside_of_the_checkout() {
    for file in ["../outside.snap", "/tmp/outside.snap", ".git/hooks/pre-commit"] {
        let github = GitHub::new();
        week(&github, Some("new\n"));
        let patch = "diff --git a/FILE b/FILE\nnew file mode 100644\n--- /dev/null\n\
                     +++ b/FILE\n@@ -0,0 +1 @@\n+mine\n";
        github.write("artifacts/images/update.patch", &patch.replace("FILE", file));
        let done = run(&github, "update.yml", "propose");
        assert_refused(&(github, done));
    }
}

#[test]
fn a_binary_patch_of_a_generated_file_is_text_to_nobody() {
    let (github, done) = hostile(|it| it.write("author/snapshots/exposure.snap", "\0binary\n"));
    assert!(done.success, "{}", done.output);
    let files = origin(&github, &["diff", "--name-only", "main", "update-images"]);
    assert_eq!(files, "snapshots/exposure.snap");
}
