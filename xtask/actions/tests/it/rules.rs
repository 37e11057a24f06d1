//! What holds for every workflow, whatever its steps do.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use regex::Regex;
use serde_yaml::Value;

use crate::workflow::{Workflow, root};

fn keys(value: &Value) -> BTreeSet<&str> {
    let keys = value.as_mapping().expect("a mapping").keys();
    keys.map(|it| it.as_str().expect("a key is text")).collect()
}

#[test]
fn a_token_can_do_nothing_that_its_job_does_not_name() {
    let writers = BTreeSet::from([
        "deploy.yml deploy contents: read".to_owned(),
        "deploy.yml build contents: read".to_owned(),
        "deploy.yml checks contents: read".to_owned(),
        "drift.yml build contents: read".to_owned(),
        "drift.yml issue contents: read".to_owned(),
        "drift.yml issue issues: write".to_owned(),
        "drift.yml status contents: read".to_owned(),
        "observe.yml images contents: read".to_owned(),
        "update.yml images contents: read".to_owned(),
        "update.yml propose contents: write".to_owned(),
        "update.yml propose pull-requests: write".to_owned(),
        "validate.yml checks contents: read".to_owned(),
        "validate.yml comment contents: read".to_owned(),
        "validate.yml comment pull-requests: write".to_owned(),
        "validate.yml engine contents: read".to_owned(),
        "validate.yml plan contents: read".to_owned(),
    ]);
    let mut found = BTreeSet::new();
    for workflow in Workflow::all() {
        assert_eq!(keys(&workflow.value["permissions"]), BTreeSet::new(), "{}", workflow.file);
        for (name, job) in workflow.jobs() {
            for (what, how) in job["permissions"].as_mapping().expect("every job says") {
                let (what, how) = (what.as_str().expect("text"), how.as_str().expect("text"));
                found.insert(format!("{} {name} {what}: {how}", workflow.file));
            }
        }
    }
    assert_eq!(found, writers);
}

#[test]
fn every_action_is_pinned_by_commit_and_says_its_version() {
    let pinned = Regex::new(r"^ +uses: actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
        .expect("a good pattern");
    let mut seen = BTreeSet::new();
    for workflow in Workflow::all() {
        for line in workflow.text.lines().filter(|it| it.contains("uses:")) {
            assert!(pinned.is_match(line), "{}: {line}", workflow.file);
            seen.insert(line.trim().to_owned());
        }
        for step in workflow.steps().iter().filter(|it| !it.value["uses"].is_null()) {
            if step.value["uses"].as_str().is_some_and(|it| it.starts_with("actions/checkout@")) {
                assert_eq!(step.value["with"]["persist-credentials"], Value::Bool(false));
            }
        }
    }
    // The page says which, and how sure we are of them.
    let page = fs::read_to_string(root().join("docs/runbooks/merge-is-deploy.md"));
    let page = page.expect("the page is there");
    for line in &seen {
        let words: Vec<&str> = line.split([' ', '@']).collect();
        let [_, action, commit, _, version] = words[..] else { panic!("{line}") };
        assert!(page.contains(&format!("| `{action}` | {version} | `{commit}` |")), "{line}");
    }
    // One version of each.
    let names: BTreeSet<_> = seen.iter().filter_map(|it| it.split('@').next()).collect();
    assert_eq!(names.len(), seen.len(), "{seen:?}");
}

#[test]
fn foreign_code_never_meets_a_secret() {
    for workflow in Workflow::all() {
        let file = workflow.file.as_str();
        for word in ["pull_request_target", "workflow_run", "issue_comment", "self-hosted"] {
            assert!(!workflow.text.contains(word), "{file}: {word}");
        }
        let secrets: Vec<_> = workflow.text.lines().filter(|it| it.contains("secrets")).collect();
        let expected = usize::from(["deploy.yml", "drift.yml"].contains(&file));
        assert_eq!(secrets.len(), expected, "{file}: {secrets:?}");
        for (name, job) in workflow.jobs() {
            let text = serde_yaml::to_string(job).expect("it was YAML");
            let (secret, production) = (text.contains("secrets."), &job["environment"]);
            assert_eq!(secret, *production == "production", "{file} {name}");
        }
    }
    let on = &Workflow::read("validate.yml").value["on"];
    assert_eq!(keys(on), BTreeSet::from(["pull_request"]));
}

/// Whoever can put code into a build, a crate's author too, could else read the key.
#[test]
fn a_job_with_the_key_builds_nothing_and_compares_what_was_built() {
    for (file, job) in [("deploy.yml", "deploy"), ("drift.yml", "status")] {
        let workflow = Workflow::read(file);
        let mut scripts = Vec::new();
        for step in workflow.job(job)["steps"].as_sequence().expect("it has steps") {
            let Some(run) = step["run"].as_str() else { continue };
            let script = run.split(' ').next().unwrap_or_default();
            scripts.push(script.rsplit('/').next().unwrap_or_default().to_owned());
        }
        let verb = format!("{job}.sh");
        assert_eq!(scripts, ["take.sh", "key.sh", verb.as_str(), "rm"], "{file}");
        for script in ["take.sh", "key.sh", &verb, "on-host.sh", "fenced.sh", "cut.sh"] {
            let text = fs::read_to_string(root().join(".github/scripts").join(script));
            let text = text.expect("the script is there");
            for word in ["cargo", "rustup", "npm ", "pip ", ".ci/", "xtask"] {
                assert!(!text.contains(word), "{script}: {word}");
            }
        }
        let build = workflow.job("build");
        assert!(build["environment"].is_null(), "{file}");
        let output = "${{ steps.build.outputs.sha256 }}";
        assert_eq!(build["outputs"]["sha256"], output, "{file}");
    }
}

#[test]
fn what_ci_installs_with_pip_is_named_by_hash() {
    let ci = root().join(".ci");
    let read = |name: &str| fs::read_to_string(ci.join(name)).expect("the file is there");
    let run = read("run");
    let installs: Vec<_> = run.lines().filter(|line| line.contains("pip\" install")).collect();
    assert!(installs.len() == 1 && installs[0].contains("--require-hashes"), "{installs:?}");
    for name in ["requirements.txt", "requirements-build.txt"] {
        let text = read(name).replace("\\\n", " ");
        let pins = text.lines().filter(|line| !line.trim().is_empty());
        for pin in pins.filter(|line| !line.trim().starts_with('#')) {
            assert!(pin.contains("==") && pin.contains("--hash=sha256:"), "{name}: {pin}");
        }
    }
}

#[test]
fn no_expression_stands_in_a_script() {
    for workflow in Workflow::all() {
        for step in workflow.steps() {
            let script = step.value["run"].as_str().unwrap_or_default();
            assert!(!script.contains("${{"), "{}: {}", workflow.file, step.name);
            let known = BTreeSet::from(["env", "id", "if", "name", "run", "uses", "with"]);
            assert!(keys(step.value).is_subset(&known), "{}: {}", workflow.file, step.name);
        }
    }
    // Of a pull request's event only what its author cannot choose freely.
    let event = Regex::new(r"github\.(event[a-z_.]*|head_ref)").expect("a good pattern");
    let mut used = BTreeSet::new();
    for workflow in Workflow::all() {
        used.extend(event.find_iter(&workflow.text).map(|it| it.as_str().to_owned()));
    }
    let known = ["base.sha", "head.repo.full_name", "number"];
    assert_eq!(used, known.map(|it| format!("github.event.pull_request.{it}")).into());
}

#[test]
fn jobs_end_wait_and_stop_at_the_first_error() {
    for workflow in Workflow::all() {
        let shell = &workflow.value["defaults"]["run"]["shell"];
        assert_eq!(shell, "bash --noprofile --norc -euo pipefail {0}", "{}", workflow.file);
        let group = workflow.value["concurrency"]["group"].as_str().expect("a group");
        let cancels = &workflow.value["concurrency"]["cancel-in-progress"];
        if workflow.file == "validate.yml" {
            assert_eq!(group, "validate-${{ github.event.pull_request.number }}");
        } else {
            // Each its own: one that waits pushes out what waits in the same group.
            assert_eq!(format!("{group}.yml"), workflow.file);
            assert_eq!(cancels, &Value::Bool(false));
        }
        for (name, job) in workflow.jobs() {
            assert!(job["timeout-minutes"].is_u64(), "{} {name}", workflow.file);
            assert_eq!(job["runs-on"], "ubuntu-24.04", "{} {name}", workflow.file);
            let known = BTreeSet::from([
                "environment",
                "if",
                "name",
                "needs",
                "outputs",
                "permissions",
                "runs-on",
                "steps",
                "timeout-minutes",
            ]);
            assert!(keys(job).is_subset(&known), "{} {name}", workflow.file);
        }
    }
}

#[test]
fn what_runs_before_what() {
    for (file, job, needs) in [
        ("drift.yml", "status", "build"),
        ("drift.yml", "issue", "status"),
        ("update.yml", "propose", "images"),
        ("validate.yml", "comment", "plan"),
    ] {
        assert_eq!(Workflow::read(file).job(job)["needs"], needs, "{file} {job}");
    }
    let required = &Workflow::read("validate.yml").value["jobs"]["required"]["needs"];
    assert_eq!(required, &Value::Sequence(vec!["checks".into(), "plan".into()]));
    let deploy = Workflow::read("deploy.yml");
    let needs = Value::Sequence(vec!["checks".into(), "build".into()]);
    assert_eq!(deploy.job("deploy")["needs"], needs);
    let main = Value::Sequence(vec!["main".into()]);
    assert_eq!(keys(&deploy.value["on"]), BTreeSet::from(["push", "workflow_dispatch"]));
    assert_eq!(deploy.value["on"]["push"]["branches"], main);
}

#[test]
fn every_script_is_strict_a_program_and_used() {
    let mut uses = String::new();
    for workflow in Workflow::all() {
        uses += &workflow.text;
    }
    let mut scripts = Vec::new();
    for entry in fs::read_dir(root().join(".github/scripts")).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        let text = fs::read_to_string(&path).expect("it is text");
        let name = path.file_name().and_then(|it| it.to_str()).expect("a plain name").to_owned();
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{name} cannot be run");
        assert!(text.starts_with("#!/usr/bin/env bash\n# "), "{name} does not say what it is");
        assert!(text.contains("\nset -euo pipefail\n"), "{name} goes on after an error");
        // A secret among the words of a program is seen by every user of the machine.
        for word in ["set -x", "eval ", "ssh-keyscan", "StrictHostKeyChecking"] {
            assert!(!text.contains(word), "{name}: {word}");
        }
        uses += &text;
        scripts.push(name);
    }
    for name in scripts {
        assert!(uses.contains(&format!("/{name}")), "{name} is used by nobody");
    }
}

#[test]
fn known_hosts_explains_itself_and_names_hosts_one_by_one() {
    let text = fs::read_to_string(root().join(".github/known_hosts")).expect("it is committed");
    assert!(text.lines().next().is_some_and(|it| it.starts_with("# ")));
    // No pattern, no authority for many: `HOST TYPE KEY`.
    let entry = Regex::new(r"^[^\s*?!@|]+ [a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?$").expect("a pattern");
    for line in text.lines().filter(|it| !it.is_empty() && !it.starts_with('#')) {
        assert!(entry.is_match(line), "{line}");
    }
}
