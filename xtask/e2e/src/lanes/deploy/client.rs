//! Whoever deploys: `homelab` and `ssh` on another machine of the household, without an engine.

use std::process::{Command, Output};

use anyhow::bail;
use serde_json::Value;

use super::DeployScene;
use super::host::{self, HOMELAB, PORT, USER};
use crate::run::{self, both, program};
use crate::world::{LAN_ADDRESS, Side};

/// What a program did.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    /// Both outputs.
    pub(super) all: String,
}

impl From<Output> for Said {
    fn from(it: Output) -> Self {
        let out = String::from_utf8_lossy(&it.stdout).into_owned();
        Self { code: it.status.code(), out, all: both(&it) }
    }
}

impl Said {
    /// Itself, if it ended like that.
    pub(super) fn ended(self, code: i32) -> anyhow::Result<Self> {
        if self.code != Some(code) {
            bail!("exit code {:?}, expected {code}; it said\n{}", self.code, self.all);
        }
        Ok(self)
    }

    /// Itself, if it names that.
    pub(super) fn naming(self, what: &str) -> anyhow::Result<Self> {
        if !self.all.contains(what) {
            bail!("it does not name `{what}`; it said\n{}", self.all);
        }
        Ok(self)
    }

    /// Its output as JSON.
    pub(super) fn json(&self) -> anyhow::Result<Value> {
        match serde_json::from_str(&self.out) {
            Ok(value) => Ok(value),
            Err(error) => bail!("no JSON ({error}): {}", self.all),
        }
    }
}

impl DeployScene<'_> {
    /// `homelab` there with a verb that takes `--host`, from the clone.
    pub(super) fn client(&self, words: &[&str]) -> Command {
        let mut command = Side::Lan.program(HOMELAB, &["--project"]);
        command.arg(&self.checkout.folder).args(words);
        command.args(["--host", &format!("{USER}@{LAN_ADDRESS}"), "--port", &PORT.to_string()]);
        command.arg("--identity").arg(host::key("deploy"));
        // It needs no engine: there is none where it looks.
        command.env("DOCKER_HOST", "unix:///nowhere").env("DOCKER_CONFIG", "/nowhere");
        command
    }

    /// Runs it and returns whatever came of it.
    pub(super) fn remote(&self, words: &[&str]) -> anyhow::Result<Said> {
        Ok(run::attempt(&mut self.client(words))?.into())
    }

    /// `homelab` on the host, as root there.
    pub(super) fn local(&self, words: &[&str]) -> anyhow::Result<Said> {
        let mut command = program(HOMELAB, &["--project"]);
        Ok(run::attempt(command.arg(&self.checkout.folder).args(words))?.into())
    }

    /// Plain `ssh` with one of the keys, which asks for a command.
    pub(super) fn ssh(&self, key: &str, command: &[&str]) -> Command {
        // What is asked for may begin with a dash.
        let end = if command.is_empty() { &["-T"][..] } else { &["-T", "--"] };
        self.tunnel(key, &[end, command].concat())
    }

    /// Plain `ssh` with options after the host's name.
    pub(super) fn tunnel(&self, key: &str, words: &[&str]) -> Command {
        let mut command = Side::Lan.program("ssh", &["-F", "none", "-o", "BatchMode=yes", "-o"]);
        let known = self.checkout.folder.join(".github/known_hosts");
        command.arg(format!("UserKnownHostsFile={}", known.display()));
        command.args(["-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes", "-i"]);
        command.arg(host::key(key)).args(["-p", &PORT.to_string()]);
        command.args(["-l", USER, LAN_ADDRESS]).args(words);
        command
    }
}
