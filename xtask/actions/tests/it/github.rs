//! A repository with a pull request, the stand-ins, and what they wrote down.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::expression::Values;
use crate::workflow::root;

/// A private key as it is pasted: every line of it is a secret.
pub(crate) const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0LW9mLXRoZS1ob3VzZQ==\n\
                              -----END OPENSSH PRIVATE KEY-----";
pub(crate) const TOKEN: &str = "ghs_token-of-the-workflow";
const HOST_KEY: &str = "# The host.\n[house.example]:2222 ssh-ed25519 AAAA\n";
/// `known_hosts` before the first setup.
pub(crate) const NO_HOST_KEY: &str = "# The host: see the page.\n\n";

pub(crate) struct GitHub {
    folder: TempDir,
    pub(crate) values: Values,
}

impl GitHub {
    /// Main with the committed workflows, a host key, and pull request 7.
    pub(crate) fn new() -> Self {
        Self::with("+ `photos.home.arpa`\n", HOST_KEY)
    }

    /// With what the pull request makes of a snapshot, and what `known_hosts` says.
    pub(crate) fn with(snapshot: &str, known_hosts: &str) -> Self {
        let github = Self {
            folder: tempfile::tempdir().expect("there is room for a temporary folder"),
            values: Values::new(),
        };
        for folder in ["author", "home", "state/bin", "artifacts", "outputs"] {
            fs::create_dir_all(github.path(folder)).expect("the folder is new");
        }
        github.write("state/github.json", NOTHING_YET);
        github.write("state/key", &format!("{KEY}\n"));
        for program in STAND_INS {
            let link = github.path("state/bin").join(program);
            symlink(env!("CARGO_BIN_EXE_homelab-actions"), link).expect("the folder is new");
        }
        github.commit(snapshot, known_hosts);
        github.with_values()
    }

    fn commit(&self, snapshot: &str, known_hosts: &str) {
        copy(&root().join(".github"), &self.path("author/.github"));
        copy(&root().join(".ci"), &self.path("author/.ci"));
        for file in ["Cargo.toml", ".gitignore"] {
            fs::copy(root().join(file), self.path("author").join(file)).expect("it is there");
        }
        // Not the committed one, which says something else in every house.
        self.write("author/.github/known_hosts", known_hosts);
        self.write("author/compose.yaml", "old\n");
        self.write("author/homelab-services/src/images.rs", "old\n");
        self.write("author/snapshots/exposure.snap", "base\n");
        self.git(&["init", "--quiet", "--initial-branch=main"]);
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=main"]);
        self.git(&["switch", "--quiet", "--create=change"]);
        self.write("author/snapshots/exposure.snap", snapshot);
        self.git(&["commit", "--quiet", "--all", "--message=change"]);
        self.git(&["switch", "--quiet", "--detach", "main"]);
        self.git(&["merge", "--quiet", "--no-ff", "--message=merge", "change"]);
        self.git(&["update-ref", "refs/pull/7/merge", "HEAD"]);
        self.git(&["switch", "--quiet", "main"]);
        self.git(&["clone", "--quiet", "--mirror", ".", "../origin.git"]);
        // As GitHub does: any commit can be asked for.
        let any = ["--git-dir=../origin.git", "config", "uploadpack.allowAnySHA1InWant", "true"];
        self.git(&any);
    }

    fn with_values(mut self) -> Self {
        let base = self.git(&["rev-parse", "main"]);
        for (name, value) in [
            ("github.event.pull_request.base.sha", base.as_str()),
            ("github.event.pull_request.head.repo.full_name", "household/homelab"),
            ("github.event.pull_request.number", "7"),
            ("github.ref", "refs/heads/main"),
            ("github.repository", "household/homelab"),
            ("github.token", TOKEN),
            ("join(needs.*.result, ' ')", "success success"),
            ("secrets.DEPLOY_KEY", KEY),
            ("vars.DEPLOY_HOST", "deploy@house.example"),
            ("vars.DEPLOY_PORT", "2222"),
        ] {
            self.values.insert(name.to_owned(), value.to_owned());
        }
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it stands in a folder")).expect("it is ours");
        fs::write(path, text).expect("it is ours");
    }

    /// Runs git as the author, and returns what it prints.
    pub(crate) fn git(&self, words: &[&str]) -> String {
        let mut command = Command::new("git");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "author");
            command.env(format!("GIT_{who}_EMAIL"), "author@house.example");
        }
        let output = self
            .isolated(&mut command)
            .args(words)
            .current_dir(self.path("author"))
            .output()
            .expect("git is installed: the repository was cloned with it");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {words:?}: {error}");
        String::from_utf8(output.stdout).expect("it prints UTF-8").trim_end().to_owned()
    }

    /// Without the settings of whoever runs the tests.
    pub(crate) fn isolated<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("HOME", self.path("home"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env_remove("GIT_DIR")
            .env_remove("GIT_INDEX_FILE")
            .env_remove("GIT_WORK_TREE")
    }

    /// Every call of a program, in order: its words behind its name.
    pub(crate) fn calls(&self, program: &str) -> Vec<String> {
        let words = |it: &Value| {
            let words = it["words"].as_array().expect("a call has words").iter();
            words.map(|it| it.as_str().expect("a word")).collect::<Vec<_>>().join(" ")
        };
        self.log().iter().filter(|it| it["program"] == program).map(words).collect()
    }

    /// What the stand-in of a program noted at its last call.
    pub(crate) fn note(&self, program: &str, name: &str) -> Value {
        let log = self.log();
        let call = log.iter().rfind(|it| it["program"] == program).expect("it was called");
        call["notes"][name].clone()
    }

    fn log(&self) -> Vec<Value> {
        let log = fs::read_to_string(self.path("state/calls.jsonl")).unwrap_or_default();
        log.lines().map(|it| serde_json::from_str(it).expect("the stand-in writes JSON")).collect()
    }

    /// `comments`, `issues` or `prs` as GitHub has them now.
    pub(crate) fn list(&self, what: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path("state/github.json")).expect("it was written");
        let github: Value = serde_json::from_str(&text).expect("it is JSON");
        github[what].as_array().expect("it is a list").clone()
    }

    /// Nothing that anybody can read, but for the key's own file, may hold a secret.
    pub(crate) fn assert_secret_free(&self, printed: &str) {
        let mut seen = printed.to_owned();
        for file in ["state/calls.jsonl", "state/github.json"] {
            seen += &fs::read_to_string(self.path(file)).unwrap_or_default();
        }
        read_all(&self.path("artifacts"), &mut seen);
        for secret in KEY.lines().chain([TOKEN]) {
            assert!(!seen.contains(secret), "`{secret}` is in the open:\n{seen}");
        }
    }
}

const NOTHING_YET: &str =
    r#"{ "comments": [], "issues": [], "prs": [], "labels": ["bug"], "next": 100 }"#;

/// Everything that a step calls but git and the tools of a bare system.
const STAND_INS: [&str; 13] = [
    "apt-get",
    "cargo",
    "cc",
    "curl",
    "docker",
    "dockerd",
    "gh",
    "ip",
    "iptables",
    "mmdebstrap",
    "python3",
    "rustup",
    "sudo",
];

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("it is ours");
    for entry in fs::read_dir(from).expect("it is there") {
        let entry = entry.expect("it can be listed");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("it can be read");
        }
    }
}

fn read_all(folder: &Path, seen: &mut String) {
    for entry in fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("it can be listed").path();
        if path.ends_with("homelab/homelab") {
            // The program itself, which is large.
            continue;
        }
        if path.is_dir() {
            read_all(&path, seen);
        } else {
            *seen += &String::from_utf8_lossy(&fs::read(&path).expect("it can be read"));
        }
    }
}
