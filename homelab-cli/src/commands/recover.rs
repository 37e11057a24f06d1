//! `homelab recover`: ends a deploy that was interrupted.

use homelab_core::report::receipt::Outcome;

use super::options::{HouseDir, Who};
use super::receipt::receipt_lines;
use crate::deploy::place::HousePlace;
use crate::deploy::recover;
use crate::error::Error;
use crate::exit;
use crate::house_folder::HouseFolder;
use crate::ui::Ui;

/// End a deploy that a power cut or a kill has interrupted
///
/// Where the new release was already the current one, or a service may have changed its data for it,
/// the deploy is ended; otherwise the old one is brought back. Every deploy begins with this by itself;
/// a unit runs it at boot. In a broken house it looks whether all is well by now, and says again what
/// leads out. Otherwise it does nothing.
///
/// Exit code 1 when the release that it came to is not well.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    house: HouseDir,
    #[command(flatten)]
    who: Who,
}

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    recover_here(ui, &args.house.place(house)?, &args.who)
}

/// Recovers on this machine.
pub(crate) fn recover_here(ui: &mut Ui, place: &HousePlace, who: &Who) -> Result<u8, Error> {
    let receipt = recover::recover(ui, place, &who.actor())?;
    let runs = place.current()?.map_or_else(|| "nothing".to_owned(), |it| it.to_string());
    let Some(receipt) = receipt else {
        ui.data(format_args!("no deploy was interrupted: {runs} runs"))?;
        return Ok(exit::FINE);
    };
    // A release that was rolled back is a success here.
    if receipt.outcome == Outcome::Broken {
        for line in receipt_lines(&receipt) {
            ui.data(line)?;
        }
        return Ok(exit::FINDINGS);
    }
    ui.data(format_args!("{runs} runs"))?;
    Ok(exit::FINE)
}
