//! `homelab deploy`: brings the checkout's release to a host, and makes it the one that runs.

use super::options::{Checkout, Format, HouseDir, Who, word};
use super::receipt::{deploy_id, print_end};
use crate::bytes;
use crate::deploy::bundle::Bundle;
use crate::deploy::place::HousePlace;
use crate::deploy::supervise;
use crate::error::Error;
use crate::house_folder::HouseFolder;
use crate::ssh::Remote;
use crate::ui::Ui;

/// Deploy this checkout
///
/// Locks the host, checks it, pulls every image, dumps the databases that will be touched, starts
/// exactly what the plan says, waits until everything is healthy and asks every route. What goes
/// wrong leads back to the release that ran; what is killed is ended by the next command, or by
/// `homelab recover` at boot. Deploying what runs already touches nothing.
///
/// Exit code 1 when the release was refused or rolled back, 4 when somebody else is deploying.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    house: HouseDir,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    source: Checkout,
    /// How to print the receipt
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    let bundle = args.source.bundle(ui, house)?;
    let packed = bundle.pack();
    if let Some(host) = &args.remote.host {
        let (digest, format) = (bytes::digest(&packed), word(&args.format));
        let mut words = vec!["deploy", "--bundle", &digest, "--format", &format];
        let who = args.who.words();
        words.extend(who.iter().map(String::as_str));
        return args.remote.receive(ui, house, host, &words, &packed);
    }
    let place = args.house.place(house)?;
    deploy_here(ui, &place, &bundle, &packed, &args.who, args.format)
}

/// Deploys on this machine.
pub(crate) fn deploy_here(
    ui: &mut Ui,
    place: &HousePlace,
    bundle: &Bundle,
    packed: &[u8],
    who: &Who,
    format: Format,
) -> Result<u8, Error> {
    let id = deploy_id(bundle.manifest.release.as_str());
    let digest = bytes::digest(packed);
    let who = who.words();
    let mut words = vec!["deploy", "--bundle", &digest];
    words.extend(who.iter().map(String::as_str));
    let ended = supervise::run(ui, place, &id, &words, packed)?;
    print_end(ui, ended, format)
}
