//! `drift.yml`: one issue that opens, is updated and closes.

use crate::github::GitHub;
use crate::job::{Job, run};

/// A night: what the host answers, and the job that writes.
fn night(github: &GitHub, code: &str, status: &str) -> Job {
    github.write("state/status.out", status);
    github.write("state/status.code", code);
    assert!(run(github, "drift.yml", "build").success);
    let asked = run(github, "drift.yml", "status");
    assert!(asked.success, "{}", asked.output);
    assert_eq!(asked.left, ["homelab", "status"], "the key is gone");
    let done = run(github, "drift.yml", "issue");
    assert!(done.success, "{}", done.output);
    asked
}

#[test]
fn an_issue_is_opened_updated_and_closed() {
    let github = GitHub::new();
    night(&github, "0", "No drift.\n");
    assert_eq!(github.list("issues").len(), 0);

    let asked = night(&github, "1", "- `redis`: stopped\n");
    assert_eq!(asked.summary, "- `redis`: stopped\n");
    night(&github, "1", "- `caddy`: other image, $(touch hacked)\n");
    let issues = github.list("issues");
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0]["title"], "The host differs from its release");
    assert_eq!(issues[0]["state"], "OPEN");
    let body = issues[0]["body"].as_str().expect("a text");
    assert!(body.starts_with("- `caddy`: other image, $(touch hacked)\n"), "{body}");
    assert!(body.contains("https://github.example/household/homelab/actions/runs/42"), "{body}");

    night(&github, "0", "No drift.\n");
    assert_eq!(github.list("issues")[0]["state"], "CLOSED");
    let calls = github.calls("gh").len();
    night(&github, "0", "No drift.\n");
    assert_eq!(github.calls("gh").len(), calls + 1, "it asks, and closes nothing again");

    // A closed issue is history: the next drift is a new one.
    night(&github, "1", "- `redis`: stopped\n");
    assert_eq!(github.list("issues").len(), 2);
}

#[test]
fn another_issue_with_the_label_is_left_alone() {
    let github = GitHub::new();
    github.write(
        "state/github.json",
        r#"{ "comments": [], "prs": [], "labels": ["drift"], "next": 9, "issues": [
            { "number": 8, "title": "drift: mine", "state": "OPEN", "labels": ["drift"], "body": "" }
        ] }"#,
    );
    night(&github, "1", "- `redis`: stopped\n");
    night(&github, "0", "No drift.\n");
    let issues = github.list("issues");
    assert_eq!((&issues[0]["state"], &issues[1]["state"]), (&"OPEN".into(), &"CLOSED".into()));
}

#[test]
fn a_long_list_is_cut() {
    let github = GitHub::new();
    night(&github, "1", &"- `redis`: stopped\n".repeat(10_000));
    let issues = github.list("issues");
    assert!(issues[0]["body"].as_str().is_some_and(|it| it.len() > 59_000));
}

#[test]
fn a_host_that_does_not_answer_is_no_drift_and_no_house_in_order() {
    let github = GitHub::new();
    github.write("state/status.code", "4");
    assert!(run(&github, "drift.yml", "build").success);
    let done = run(&github, "drift.yml", "status");
    assert!(!done.success);
    assert_eq!(github.note("homelab", "mode"), "600");
    assert!(!done.left.contains(&"deploy-key".to_owned()), "the key is gone");
    assert!(!github.path("artifacts/status").exists(), "nothing is handed over");
}

#[test]
fn status_is_asked_for_with_the_key_and_the_known_host() {
    let github = GitHub::new();
    night(&github, "0", "No drift.\n");
    let call = &github.calls("homelab")[0];
    assert!(
        call.starts_with("status --host deploy@house.example --port 2222 --identity "),
        "{call}"
    );
    assert!(call.ends_with(" --known-hosts .github/known_hosts --format markdown"), "{call}");
}
