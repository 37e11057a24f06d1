//! What the key on the host may do: its verbs, and nothing else.

use anyhow::{bail, ensure};

use super::DeployScene;
use super::client::Said;
use super::host::{self, HOMELAB, USER};
use crate::run::{self, program};

/// What somebody who has the key might ask for; each of these must be refused.
const OTHERS: &[&str] = &[
    "sh",
    "sh -c id",
    "id",
    "/usr/local/bin/homelab status",
    "homelab receive init",
    "homelab receive doctor",
    "homelab receive receive status",
    "homelab init",
    "receive",
    "deploy;id",
    "status; id",
    "status && id",
    "status|id",
    "status\nid",
    "$(id)",
    "`id`",
    "status --house /etc",
    "status --house=/etc",
    "status --project /etc",
    "--house /etc status",
    "homelab --house /etc receive status",
    "homelab receive status --host other@203.0.113.5",
    "homelab receive rollback ../../../etc",
    "homelab receive rollback /etc",
    "homelab receive deploy --bundle /etc/passwd",
    "homelab receive deploy",
    "scp -t /tmp",
    "rsync --server . /",
    "internal-sftp",
];

/// Each of them is refused by `homelab`, and runs nothing.
pub(super) fn only_verbs(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let before = super::check::containers()?;
    for asked in OTHERS {
        let said: Said = run::attempt(&mut site.ssh("deploy", &[asked]))?.into();
        if said.code == Some(0) || said.code == Some(255) || said.all.contains("uid=") {
            bail!("`{asked}` ended with {:?}: {}", said.code, said.all);
        }
    }
    ensure!(before == super::check::containers()?, "a container was touched");
    let shell: Said = run::attempt(&mut site.ssh("deploy", &[]))?.into();
    ensure!(shell.code != Some(0), "without a command it gives {:?}: {}", shell.code, shell.all);
    let verb: Said = run::attempt(&mut site.ssh("deploy", &["homelab receive status"]))?.into();
    verb.ended(0)?;
    Ok(format!("{} refused, `status` answers", OTHERS.len() + 1))
}

/// No tunnel, no terminal, no file transfer, no other key, no password.
pub(super) fn nothing_else(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let refused = |command: &mut std::process::Command, because: &str| -> anyhow::Result<()> {
        let said: Said = run::attempt(command)?.into();
        if said.code == Some(0) || !said.all.contains(because) {
            bail!("ended with {:?} and not with `{because}`: {}", said.code, said.all);
        }
        Ok(())
    };
    let tunnel = ["-W", "127.0.0.1:5000"];
    refused(&mut site.tunnel("deploy", &tunnel), "administratively prohibited")?;
    let back = ["-o", "ExitOnForwardFailure=yes", "-N", "-R", "9999:127.0.0.1:22"];
    refused(&mut site.tunnel("deploy", &back), "remote port forwarding failed")?;
    refused(&mut site.tunnel("deploy", &["-tt"]), "PTY allocation request failed")?;
    refused(&mut site.ssh("stranger", &["status"]), "Permission denied (publickey)")?;
    let sftp: Said = run::attempt(&mut site.tunnel("deploy", &["-s", "sftp"]))?.into();
    ensure!(sftp.code == Some(2), "sftp ended with {:?}: {}", sftp.code, sftp.all);
    Ok("no tunnel in or out, no terminal, no sftp, no other key".to_owned())
}

/// A program as the user itself.
pub(super) fn by(words: &[&str]) -> anyhow::Result<Said> {
    let (user, group) = (format!("--reuid={USER}"), format!("--regid={USER}"));
    let mut command = program("setpriv", &[&user, &group, "--init-groups"]);
    Ok(run::attempt(command.args(words))?.into())
}

/// The user itself, who has no key to the engine: `sudo` gives it `receive`, and no more.
pub(super) fn ordinary_user() -> anyhow::Result<String> {
    let engine = by(&["curl", "-sS", "--unix-socket", "/run/docker.sock", "http://d/version"])?;
    ensure!(engine.code == Some(7), "the engine's socket answers it: {}", engine.all);
    for words in [&["id"][..], &[HOMELAB, "init"], &[HOMELAB, "doctor"], &["-s"], &["docker", "ps"]]
    {
        let said = by(&[&["sudo", "-n"], words].concat())?;
        if said.code == Some(0) || !said.all.contains("password is required") {
            bail!("`sudo {}` gives {:?}: {}", words.join(" "), said.code, said.all);
        }
    }
    for name in ["secrets/immich-db-password", "dumps", "state/receipts.jsonl"] {
        let said = by(&["cat", &format!("{}/{name}", host::HOUSE)])?;
        ensure!(said.code != Some(0), "it can read {name}");
    }
    Ok("no engine, no other command by sudo, no secret, no dump".to_owned())
}

/// The host that answers is another one: nothing is sent to it.
pub(super) fn wrong_host_key(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let known = site.checkout.folder.join(".github/known_hosts");
    let right = std::fs::read(&known)?;
    let before = std::fs::read_to_string(site.scene.world.folder.join("sshd.log"))?;
    let mut said = Vec::new();
    for text in [host::known_host("stranger")?, String::new()] {
        std::fs::write(&known, text)?;
        said.push(site.remote(&["deploy"]));
    }
    std::fs::write(&known, right)?;
    for said in said {
        said?.ended(4)?.naming("Host key verification failed")?;
    }
    let after = std::fs::read_to_string(site.scene.world.folder.join("sshd.log"))?;
    let new = after.strip_prefix(&before).unwrap_or(&after);
    ensure!(!new.contains("Accepted"), "it logged in: {new}");
    Ok("another key, no key: exit code 4, nobody logged in".to_owned())
}
