//! `homelab receive`: the host's end of a connection, and all that its key may do.

use clap::{Parser, Subcommand};
use rustix::fs::{Access, access};

use super::options::{Format, HouseDir, PageFormat, Who};
use super::rollback::Choice;
use super::{deploy, plan, rollback, status, stdin};
use crate::deploy::bundle::Bundle;
use crate::deploy::place::HousePlace;
use crate::error::Error;
use crate::house_folder::HouseFolder;
use crate::program::{Limit, Program};
use crate::ui::Ui;

/// Where `sshd` puts the client's words if the key has a forced command.
const ASKED: &str = "SSH_ORIGINAL_COMMAND";

/// Serve the other end of `homelab … --host`
///
/// For `authorized_keys`: `restrict,command="/usr/local/bin/homelab receive" ssh-ed25519 …`. The
/// verb is taken from the client's words and parsed here: `plan`, `deploy`, `rollback`, `status`.
/// No shell sees them. A user who may not write to the house's folder becomes root for exactly
/// this, through `sudo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    house: HouseDir,
    /// The verb and its options
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "VERB")]
    words: Vec<String>,
}

/// What can be asked for.
#[derive(Debug, Parser)]
#[command(name = "homelab receive", disable_help_subcommand = true)]
struct Asked {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show what the bundle on the standard input would do
    Plan {
        /// Its digest
        #[arg(long, value_name = "sha256:HEX")]
        bundle: String,
        #[arg(long, value_enum, default_value_t)]
        format: PageFormat,
    },
    /// Deploy the bundle on the standard input
    Deploy {
        /// Its digest
        #[arg(long, value_name = "sha256:HEX")]
        bundle: String,
        #[command(flatten)]
        who: Who,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Go back to a release that is kept
    Rollback {
        #[command(flatten)]
        choice: Choice,
        #[command(flatten)]
        who: Who,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Compare this host with its release
    Status {
        #[arg(long, value_enum, default_value_t)]
        format: PageFormat,
    },
}

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    let words = if args.words.is_empty() {
        std::env::var(ASKED).map(|it| split(&it)).unwrap_or_default()
    } else {
        args.words.clone()
    };
    let verb = parse(&words)?;
    let place = args.house.place(house)?;
    if access(&place.root, Access::WRITE_OK).is_err() {
        return Err(as_root(&place, &words));
    }
    match verb {
        Verb::Plan { bundle, format } => {
            let bundle = Bundle::unpack(&stdin::read_packed()?, &bundle)?;
            plan::plan_here(ui, &place, &bundle, format)
        }
        Verb::Deploy { bundle, who, format } => {
            let packed = stdin::read_packed()?;
            let bundle = Bundle::unpack(&packed, &bundle)?;
            deploy::deploy_here(ui, &place, &bundle, &packed, &who, format)
        }
        Verb::Rollback { choice, who, format } => {
            rollback::roll_back_here(ui, &place, &choice, &who, format)
        }
        Verb::Status { format } => status::print_status(ui, &place, format),
    }
}

/// Words between blanks: quotes and dollars are characters like any others.
fn split(asked: &str) -> Vec<String> {
    let words: Vec<_> = asked.split_whitespace().map(str::to_owned).collect();
    // The client sends these two words, too, since it cannot know whether its key has a forced command.
    match words.as_slice() {
        [program, receive, rest @ ..] if program == "homelab" && receive == "receive" => {
            rest.to_vec()
        }
        _ => words,
    }
}

fn parse(words: &[String]) -> Result<Verb, Error> {
    if words.is_empty() {
        return Err(Error::Verb("there are none".to_owned()));
    }
    let all = std::iter::once("homelab receive").chain(words.iter().map(String::as_str));
    let parsed = Asked::try_parse_from(all);
    parsed.map(|it| it.verb).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        Error::Verb(first.trim_start_matches("error: ").to_owned())
    })
}

/// Takes the place of this process; returns only where that fails.
pub(crate) fn as_root(place: &HousePlace, words: &[String]) -> Error {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return Error::Root(error),
    };
    let sudo = |option: &str| {
        let sudo = Program::with_environment("sudo", Limit::QUESTION).arg("--non-interactive");
        let sudo = sudo.args(Some(option).filter(|it| !it.is_empty())).arg("--").arg(&program);
        // The folder comes from the key's forced command; a client cannot name one.
        sudo.args(["receive", "--house"]).arg(&place.root).args(words)
    };
    // Asked first, since an exit code of `sudo` itself could look like one of the verb.
    match sudo("--list").output() {
        Ok(allowed) if allowed.status.success() => {}
        Ok(refused) => {
            let said = String::from_utf8_lossy(&refused.stderr);
            let said = said.lines().last().unwrap_or("it is not allowed to");
            return Error::Root(std::io::Error::other(said.to_owned()));
        }
        Err(failure) => return failure.of("sudo --list", "install `sudo`"),
    }
    Error::Root(sudo("").replace())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(asked: &str) -> Result<Verb, Error> {
        parse(&split(asked))
    }

    #[test]
    fn the_verbs_are_known_with_and_without_the_programs_name() {
        assert!(matches!(parsed("homelab receive status --format json"), Ok(Verb::Status { .. })));
        assert!(matches!(parsed("status"), Ok(Verb::Status { .. })));
        assert!(matches!(parsed("plan --bundle sha256:0"), Ok(Verb::Plan { .. })));
        assert!(matches!(parsed("rollback 0123456 --restore"), Ok(Verb::Rollback { .. })));
        let stops = |it: &Choice| it.data().interrupt;
        let asked = parsed("rollback --keep-data --interrupt-migration");
        assert!(matches!(asked, Ok(Verb::Rollback { choice, .. }) if stops(&choice)));
    }

    #[test]
    fn everything_else_is_refused() {
        for asked in [
            "",
            "sh",
            "sh -c id",
            "status;id",
            "status; id",
            "status $(id)",
            "status --house /etc",
            "--house /etc status",
            "homelab receive --house /etc status",
            "homelab receive homelab receive status",
            "homelab init",
            "deploy",
            "deploy --bundle",
            "rollback ../../etc",
            "scp -t /etc",
            "internal-sftp",
            "worker recover",
            "recover",
        ] {
            assert!(matches!(parsed(asked), Err(Error::Verb(_))), "{asked}");
        }
    }
}
