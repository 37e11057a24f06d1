//! `homelab worker`: a deploy itself, in a session of its own. For `homelab` only.

use clap::Subcommand;

use super::options::{HouseDir, Who};
use super::receipt::exit_code;
use super::rollback::Choice;
use super::stdin;
use crate::deploy::bundle::Bundle;
use crate::deploy::run::{Checks, Request};
use crate::deploy::{self, rollback};
use crate::error::Error;
use crate::house_folder::HouseFolder;
use crate::ui::Ui;

/// Healthy releases that are kept besides the current one, with their images.
const KEEP: usize = 3;

/// Run a deploy; its bundle is on the standard input
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    house: HouseDir,
    /// Name of the deploy
    #[arg(long)]
    id: String,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Deploy the bundle of this digest
    Deploy {
        #[arg(long)]
        bundle: String,
        #[command(flatten)]
        who: Who,
    },
    /// Go back
    Rollback {
        #[command(flatten)]
        choice: Choice,
        #[command(flatten)]
        who: Who,
    },
    /// End what another worker began
    Recover {
        #[command(flatten)]
        who: Who,
    },
}

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    // A session of its own, so that this process survives a closed terminal or connection. It fails only if the
    // process leads a session already.
    let _ = rustix::process::setsid();
    let place = args.house.place(house)?;
    let request = |who: &Who| Request {
        id: args.id.clone(),
        actor: who.actor(),
        run_url: who.run_url(),
        keep: KEEP,
        checks: Checks::ALL,
    };
    let receipt = match &args.what {
        What::Deploy { bundle, who } => {
            let bundle = Bundle::unpack(&stdin::read_packed()?, bundle)?;
            deploy::deploy(ui, &place, &bundle, &request(who))?
        }
        What::Rollback { choice, who } => {
            rollback::rollback(ui, &place, choice.release(), choice.data(), &request(who))?
        }
        What::Recover { who } => return super::recover::recover_here(ui, &place, who),
    };
    Ok(exit_code(&receipt))
}
