//! `validate.yml`: the checks, and the plan as one comment.

use std::fs;
use std::process::Command;

use crate::github::{GitHub, NO_HOST_KEY, copy};
use crate::job::{Job, run};
use crate::workflow::root;

const PLAN: &str = "### Reachable from now on\n\n- `photos.home.arpa`\n";

fn planned(github: &GitHub, plan: &str) -> Job {
    github.write("state/plan.out", plan);
    let done = run(github, "validate.yml", "plan");
    assert!(done.success, "{}", done.output);
    done
}

/// The texts of the pull request's comments, after another run.
fn commented(github: &GitHub, plan: &str) -> Vec<String> {
    planned(github, plan);
    let done = run(github, "validate.yml", "comment");
    assert!(done.success, "{}", done.output);
    let text = |it: &serde_json::Value| it["body"].as_str().expect("a text").to_owned();
    github.list("comments").iter().map(text).collect()
}

#[test]
fn the_checks_are_those_of_ci_without_the_engine() {
    for file in ["validate.yml", "deploy.yml"] {
        let github = GitHub::new();
        let done = run(&github, file, "checks");
        assert!(done.success, "{}", done.output);
        let version = "1.95";
        let toolchain = github.calls("rustup");
        assert!(
            toolchain[0].starts_with(&format!("toolchain install {version} ")),
            "{toolchain:?}"
        );
        assert_eq!(toolchain[1], format!("default {version}"));
        let words = [
            "--version",
            "xtask check",
            "xtask test",
            "xtask gen --check",
            "xtask oracle",
            "xtask new-house",
            "xtask changes",
            "xtask registry",
            "xtask mariadb",
            "xtask proxy",
        ];
        assert_eq!(github.calls("cargo"), words);
        let schemas = github.calls("check-jsonschema");
        assert_eq!(schemas.len(), 2, "{schemas:?}");
        assert!(schemas[1].contains(".github/workflows/update.yml"), "{schemas:?}");
        assert_eq!(github.calls("zizmor").len(), 1);
        assert!(github.calls("shellcheck")[0].contains(".github/scripts/key.sh"));
    }
}

#[test]
fn a_check_that_fails_ends_the_job() {
    let github = GitHub::new();
    github.write("state/cargo.fails", "xtask test");
    let done = run(&github, "validate.yml", "checks");
    assert!(!done.success);
    assert_eq!(github.calls("cargo").last().map(String::as_str), Some("xtask test"));
}

#[test]
fn the_engines_part_is_the_rest() {
    let github = GitHub::new();
    let done = run(&github, "validate.yml", "engine");
    assert!(done.success, "{}", done.output);
    assert_eq!(github.calls("cargo"), ["--version", "xtask e2e"]);
    assert!(github.calls("sudo")[1].starts_with("apt-get install "));
}

#[test]
fn tools_are_installed_again_when_their_list_changes() {
    let github = GitHub::new();
    let folder = tempfile::tempdir_in(github.path("")).expect("there is room");
    copy(&root().join(".ci"), &folder.path().join(".ci"));
    let path = std::env::var("PATH").expect("the tests were started by a shell or cargo");
    let path = format!("{}:{path}", github.path("state/bin").display());
    let installs = || {
        let mut command = Command::new(folder.path().join(".ci/run"));
        command.arg("engine").env("PATH", &path).env("STAND_IN", github.path("state"));
        let done = github.isolated(&mut command).output().expect("it is a program");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        github.calls("pip").len()
    };
    assert_eq!((installs(), installs()), (2, 2));
    let list = folder.path().join(".ci/requirements.txt");
    let text = fs::read_to_string(&list).expect("it was copied");
    fs::write(&list, format!("{text}more==1\n")).expect("the folder is ours");
    assert_eq!((installs(), installs()), (4, 4));
}

#[test]
fn ci_refuses_a_part_that_it_does_not_have() {
    let done =
        Command::new(root().join(".ci/run")).arg("chekcs").output().expect("it is a program");
    assert_eq!(done.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&done.stderr).contains("no part `chekcs`"));
}

#[test]
fn the_plan_is_made_against_the_base_and_stands_first() {
    let github = GitHub::new();
    let done = planned(&github, PLAN);
    assert_eq!(github.note("homelab", "base"), "base\n");
    assert!(done.summary.starts_with(PLAN), "{}", done.summary);
    assert!(done.summary.contains("<details><summary>Snapshots"), "{}", done.summary);
    assert!(done.summary.contains("\n-base\n++ `photos.home.arpa`\n"), "{}", done.summary);
    assert_eq!(github.calls("gh"), [""; 0], "the job that runs foreign code asks GitHub nothing");
}

#[test]
fn a_plan_that_fails_hands_nothing_over() {
    let github = GitHub::new();
    github.write("state/plan.code", "4");
    assert!(!run(&github, "validate.yml", "plan").success);
    assert!(!github.path("artifacts/plan").exists());
}

#[test]
fn a_plan_that_a_host_refuses_is_shown_and_not_merged() {
    let github = GitHub::new();
    assert!(planned(&github, PLAN).success);
    assert!(run(&github, "validate.yml", "required").success);
    github.write("state/plan.code", "1");
    assert_eq!(commented(&github, PLAN).len(), 1);
    let done = run(&github, "validate.yml", "required");
    assert!(!done.success && done.output.contains("a host would refuse this"), "{}", done.output);
}

#[test]
fn one_comment_is_made_and_then_updated() {
    let github = GitHub::new();
    let first = commented(&github, PLAN);
    assert_eq!(first.len(), 1);
    assert!(first[0].starts_with(&format!("<!-- homelab plan -->\n{PLAN}")), "{}", first[0]);
    let second = commented(&github, "Nothing changes.\n");
    assert_eq!(second.len(), 1);
    assert!(second[0].starts_with("<!-- homelab plan -->\nNothing changes.\n"), "{}", second[0]);
}

#[test]
fn a_comment_of_somebody_else_is_left_alone() {
    let github = GitHub::new();
    let theirs = "<!-- homelab plan -->\nmine";
    github.write(
        "state/github.json",
        r#"{ "comments": [
            { "id": 1, "issue": 7, "user": { "login": "guest" }, "body": "<!-- homelab plan -->\nmine" },
            { "id": 2, "issue": 7, "user": { "login": "github-actions[bot]" }, "body": "other" }
        ], "issues": [], "prs": [], "labels": [], "next": 3 }"#,
    );
    for _ in 0..2 {
        let comments = commented(&github, PLAN);
        assert_eq!(comments.len(), 3);
        assert_eq!(&comments[..2], [theirs, "other"]);
    }
}

#[test]
fn a_fork_gets_the_summary_only() {
    let mut github = GitHub::new();
    let head = "github.event.pull_request.head.repo.full_name";
    github.values.insert(head.to_owned(), "guest/homelab".to_owned());
    assert!(planned(&github, PLAN).summary.starts_with(PLAN));
    let done = run(&github, "validate.yml", "comment");
    assert!(!done.success && done.ran.is_empty());
    assert_eq!(github.calls("gh"), [""; 0]);
}

#[test]
fn what_is_too_long_is_cut_and_says_so() {
    // The longest in bytes and in characters: two bytes each, and lines.
    let github = GitHub::with(&"ä diff\n".repeat(20_000), NO_HOST_KEY);
    let comment = &commented(&github, &format!("{PLAN}{}", "ö plan\n".repeat(20_000)))[0];
    assert!(comment.len() <= 65_536, "{}", comment.len());
    assert!(comment.len() > 60_000, "{}", comment.len());
    assert_eq!(comment.matches("*Cut: ").count(), 2);
    assert_eq!(comment.lines().filter(|it| it.starts_with("```")).count(), 2);
    assert!(comment.ends_with("</details>\n"));
}

#[test]
fn what_a_plan_or_a_snapshot_says_is_text() {
    let hostile = "`````\n$(touch hacked) `touch hacked`; touch hacked\n</details>\n\
                   <!-- homelab plan -->\n${{ secrets.DEPLOY_KEY }}\n";
    let github = GitHub::with(hostile, NO_HOST_KEY);
    let comment = &commented(&github, &format!("{PLAN}{hostile}"))[0];
    assert_eq!(comment.matches("<!--").count(), 2, "the marker and the one inside of the fence");
    // One backtick more than what it has to hold.
    assert!(comment.contains("\n``````diff\n") && comment.contains("\n``````\n"), "{comment}");
    assert!(comment.contains("+$(touch hacked) `touch hacked`; touch hacked\n"), "{comment}");
    let names = fs::read_dir(github.path("")).expect("it is there");
    assert!(names.map(|it| it.expect("listed").file_name()).all(|it| it != "hacked"));
}

#[test]
fn a_wall_of_backticks_is_no_fence() {
    let github = GitHub::with(&format!("{}\n", "`".repeat(31_000)), NO_HOST_KEY);
    let comment = &commented(&github, PLAN)[0];
    assert!(comment.len() < 40_000, "{}", comment.len());
    assert_eq!(comment.lines().filter(|it| it.starts_with("```")).count(), 2);
}

#[test]
fn the_required_job_fails_with_any_of_the_others() {
    let mut github = GitHub::new();
    github.values.insert("needs.plan.outputs.refused".to_owned(), "false".to_owned());
    assert!(run(&github, "validate.yml", "required").success);
    for results in ["failure success", "success cancelled", "skipped success"] {
        github.values.insert("join(needs.*.result, ' ')".to_owned(), results.to_owned());
        assert!(!run(&github, "validate.yml", "required").success, "{results}");
    }
}
