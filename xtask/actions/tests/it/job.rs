//! Runs a job's steps in order, as a runner does: the scripts for real, the actions by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_yaml::Value;

use crate::expression::{Values, fill, holds};
use crate::github::{GitHub, copy};
use crate::workflow::Workflow;

/// What a job left behind.
#[derive(Debug)]
pub(crate) struct Job {
    /// False as well if its condition did not hold.
    pub(crate) success: bool,
    /// The names of the `run:` steps that ran.
    pub(crate) ran: Vec<String>,
    /// What the steps printed, both streams.
    pub(crate) output: String,
    /// The run's page.
    pub(crate) summary: String,
    /// Names in the runner's temporary folder.
    pub(crate) left: Vec<String>,
}

struct Runner<'a> {
    github: &'a GitHub,
    workspace: PathBuf,
    temp: PathBuf,
    summary: PathBuf,
    output: PathBuf,
    shell: String,
    values: Values,
    sha: String,
}

/// Runs a job of a workflow, if its condition holds.
pub(crate) fn run(github: &GitHub, file: &str, name: &str) -> Job {
    let workflow = Workflow::read(file);
    let job = workflow.job(name);
    let folder = tempfile::tempdir_in(github.path("")).expect("there is room");
    let temp = folder.path().join("temp");
    let mut values = github.values.clone();
    values.insert("runner.temp".to_owned(), temp.display().to_string());
    let outputs = github.path("outputs");
    for entry in fs::read_dir(&outputs).expect("it was made") {
        let path = entry.expect("it can be listed").path();
        let job = path.file_name().and_then(|it| it.to_str()).expect("a plain name").to_owned();
        for line in fs::read_to_string(&path).expect("it is text").lines() {
            let (name, value) = line.split_once('=').expect("an output has a value");
            values.insert(format!("needs.{job}.outputs.{name}"), value.to_owned());
        }
    }
    let is_pull = file == "validate.yml";
    let runner = Runner {
        workspace: folder.path().join("workspace"),
        summary: folder.path().join("summary.md"),
        shell: workflow.value["defaults"]["run"]["shell"].as_str().expect("a shell").to_owned(),
        sha: github.git(&["rev-parse", if is_pull { "refs/pull/7/merge" } else { "main" }]),
        output: outputs.join(name),
        github,
        temp,
        values,
    };
    fs::create_dir_all(&runner.temp).expect("the folder is new");
    fs::create_dir_all(&runner.workspace).expect("the folder is new");
    fs::write(&runner.summary, "").expect("the folder is new");
    let mut done = Job {
        success: true,
        ran: Vec::new(),
        output: String::new(),
        summary: String::new(),
        left: Vec::new(),
    };
    if !holds(job["if"].as_str(), true, &runner.values) {
        done.success = false;
        return done;
    }
    for step in job["steps"].as_sequence().expect("a job has steps") {
        if holds(step["if"].as_str(), done.success, &runner.values) {
            let success = runner.step(step, &mut done);
            done.success &= success;
        }
    }
    done.summary = fs::read_to_string(&runner.summary).expect("it was made");
    let left = fs::read_dir(&runner.temp).expect("it was made");
    done.left = left.map(|it| it.expect("listed").file_name().display().to_string()).collect();
    done.left.sort();
    github.assert_secret_free(&format!("{}{}", done.output, done.summary));
    done
}

impl Runner<'_> {
    /// True if the step succeeded.
    fn step(&self, step: &Value, done: &mut Job) -> bool {
        if let Some(script) = step["run"].as_str() {
            done.ran.push(step["name"].as_str().expect("a step has a name").to_owned());
            return self.script(script, &step["env"], done);
        }
        let action = step["uses"].as_str().expect("a step runs or uses something");
        let with = |name: &str| {
            let value = &step["with"][name];
            let text = value.as_str().map(str::to_owned);
            let text = text.or_else(|| value.as_u64().map(|it| it.to_string()));
            text.map(|it| fill(&it, &self.values))
        };
        let artifact = || {
            let name = with("name").expect("an artifact has a name");
            (self.github.path("artifacts").join(name), with("path").expect("it has a path"))
        };
        match action.split('@').next() {
            Some("actions/checkout") => self.checkout(&with),
            Some("actions/upload-artifact") => {
                let (to, from) = artifact();
                copy(Path::new(&from), &to);
            }
            Some("actions/download-artifact") => {
                let (from, to) = artifact();
                copy(&from, Path::new(&to));
            }
            _ => panic!("no test knows what `{action}` does"),
        }
        true
    }

    fn checkout(&self, with: &dyn Fn(&str) -> Option<String>) {
        let origin = format!("file://{}", self.github.path("origin.git").display());
        let depth = format!("--depth={}", with("fetch-depth").as_deref().unwrap_or("1"));
        let commit = with("ref").unwrap_or_else(|| self.sha.clone());
        self.git(&["init", "--quiet"]);
        self.git(&["remote", "add", "origin", &origin]);
        self.git(&["fetch", "--quiet", &depth, "origin", &commit]);
        if let Some(folder) = with("sparse-checkout") {
            self.git(&["sparse-checkout", "set", &folder]);
        }
        self.git(&["checkout", "--quiet", "--detach", &commit]);
    }

    fn git(&self, words: &[&str]) {
        let mut command = Command::new("git");
        self.github.isolated(&mut command).args(words).current_dir(&self.workspace);
        let output = command.output().expect("git is installed: the repository was cloned with it");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {words:?}: {error}");
    }

    fn script(&self, script: &str, env: &Value, done: &mut Job) -> bool {
        let file = self.temp.with_file_name("step.sh");
        fs::write(&file, script).expect("the folder is ours");
        let shell = self.shell.replace("{0}", file.to_str().expect("a plain path"));
        let mut words = shell.split(' ');
        let mut command = Command::new(words.next().expect("a shell has a name"));
        command.args(words).current_dir(&self.workspace).env_clear();
        let path = std::env::var("PATH").expect("the tests were started by a shell or cargo");
        let path = format!("{}:{path}", self.github.path("state/bin").display());
        self.github
            .isolated(&mut command)
            .env("PATH", path)
            .env("STAND_IN", self.github.path("state"))
            .env("RUNNER_TEMP", &self.temp)
            .env("GITHUB_STEP_SUMMARY", &self.summary)
            .env("GITHUB_OUTPUT", &self.output)
            .env("GITHUB_ACTOR", "author")
            .env("GITHUB_TRIGGERING_ACTOR", "member")
            .env("GITHUB_REPOSITORY", "household/homelab")
            .env("GITHUB_RUN_ID", "42")
            .env("GITHUB_SERVER_URL", "https://github.example")
            .env("GITHUB_SHA", &self.sha);
        for (name, value) in env.as_mapping().into_iter().flatten() {
            let value = fill(value.as_str().expect("a value is text"), &self.values);
            command.env(name.as_str().expect("a variable has a name"), value);
        }
        let output = command.output().expect("there is a bash");
        done.output += &String::from_utf8_lossy(&output.stdout);
        done.output += &String::from_utf8_lossy(&output.stderr);
        output.status.success()
    }
}
