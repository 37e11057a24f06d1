//! The other end: plain `ssh`, with the host key that was reviewed and no question asked.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::exit;
use crate::house_folder::HouseFolder;
use crate::program::{Limit, Program};
use crate::ui::Ui;

/// How `ssh` says that it itself failed.
const FAILED: i32 = 255;

/// Which host, and how to get there.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Remote {
    /// Do it on this host, through `ssh`; otherwise on this machine
    #[arg(long, value_name = "USER@HOST", value_parser = address)]
    pub(crate) host: Option<String>,
    /// Port of its SSH server
    ///
    /// Default: what your `ssh` is configured to.
    #[arg(long, value_name = "N", requires = "host")]
    port: Option<u16>,
    /// Private key to log in with
    ///
    /// Default: what your `ssh` is configured to.
    #[arg(long, value_name = "FILE", requires = "host")]
    identity: Option<PathBuf>,
    /// The host's reviewed keys; a host that shows another one is refused
    ///
    /// Default: `.github/known_hosts` of the checkout.
    #[arg(long, value_name = "FILE", requires = "host")]
    known_hosts: Option<PathBuf>,
}

/// What a shell or `ssh` could take for something else is no address.
fn address(text: &str) -> Result<String, String> {
    let plain = |it: char| it.is_ascii_alphanumeric() || "._-@:".contains(it);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("expected `user@host`".to_owned())
    }
}

impl Remote {
    /// Runs `homelab receive` with these words on the host; its output and exit code are this program's.
    pub(crate) fn receive(
        &self,
        ui: &mut Ui,
        checkout: &HouseFolder,
        host: &str,
        words: &[&str],
        input: &[u8],
    ) -> Result<u8, Error> {
        let known = self.known_hosts.clone();
        let known = known.unwrap_or_else(|| checkout.path(".github/known_hosts"));
        if !known.is_file() {
            return Err(Error::KnownHosts(known));
        }
        // The words are ours, and plain: what the host's shell makes of them is themselves.
        let program = self.program(host, &known);
        let program = program.args(["homelab", "receive"]).args(words);
        let line = format!("ssh {host} homelab receive {}", words.join(" "));
        let ended = program.shown(input, ui.streams());
        let status = ended.map_err(|failure| failure.of(&line, "install an SSH client"))?;
        match status.code() {
            Some(FAILED) | None => Err(Error::Ssh(host.to_owned())),
            Some(126 | 127) => Err(Error::NoHomelab(host.to_owned())),
            Some(code) => Ok(u8::try_from(code).unwrap_or(exit::FAILED)),
        }
    }

    fn program(&self, host: &str, known: &Path) -> Program {
        let mut program = Program::with_environment("ssh", Limit::REMOTE);
        let known = format!("UserKnownHostsFile={}", known.display());
        for option in [
            "BatchMode=yes",
            "StrictHostKeyChecking=yes",
            "GlobalKnownHostsFile=/dev/null",
            "UpdateHostKeys=no",
            // A connection that is gone is noticed within a minute.
            "ServerAliveInterval=15",
            "ServerAliveCountMax=4",
            "ConnectTimeout=20",
            &known,
        ] {
            program = program.args(["-o", option]);
        }
        if let Some(port) = self.port {
            program = program.args(["-p", &port.to_string()]);
        }
        if let Some(identity) = &self.identity {
            program = program.args(["-o", "IdentitiesOnly=yes", "-i"]).arg(identity);
        }
        program.args(["-T", "--", host])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_no_option() {
        assert!(address("deploy@house.example").is_ok());
        for text in ["", "-oProxyCommand=id", "a b", "$(id)", "a;b"] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
