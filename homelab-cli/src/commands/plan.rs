//! `homelab plan`: what a deploy of this checkout would do.

use std::path::PathBuf;

use homelab_core::release::plan::Plan;
use homelab_core::report::plan as report;

use super::options::{Checkout, HouseDir, PageFormat, word};
use crate::bytes;
use crate::deploy::bundle::Bundle;
use crate::deploy::place::HousePlace;
use crate::deploy::preflight;
use crate::deploy::wanted::Wanted;
use crate::error::Error;
use crate::exit;
use crate::git;
use crate::house_folder::HouseFolder;
use crate::ssh::Remote;
use crate::ui::Ui;

/// Show what a deploy would do
///
/// Compares what runs, as `docker inspect` shows it, with what this checkout would run with the
/// host's `.env`: services that are created, recreated, stopped, with the reason down to the
/// field, ways in and out that appear or vanish, volumes, dumps. It changes nothing.
///
/// With `--against` it compares two checkouts, with every profile on and the defaults of all
/// variables; it needs no host for that.
///
/// Exit code 0 whether or not something would change; JSON says it in `changes`. Exit code 1 when
/// a host would refuse it by the rules that it runs on what it receives; the plan is printed all the
/// same, with the reasons among its warnings.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    house: HouseDir,
    /// Another checkout of this repository, instead of a host
    #[arg(long, value_name = "DIR", conflicts_with = "host")]
    against: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: PageFormat,
}

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    if let Some(folder) = args.against.as_ref().filter(|it| !git::is_checkout(it)) {
        return Err(Error::NoCheckout(folder.clone()));
    }
    let bundle = Checkout { dirty: true }.bundle(ui, house)?;
    if let Some(folder) = &args.against {
        let old = Bundle::of_checkout(folder, true)?;
        let wanted = Wanted::anywhere(&bundle, Some(&old))?;
        let plan = wanted.against(&Wanted::anywhere(&old, None)?);
        return print_judged(ui, plan, &wanted, args.format);
    }
    if let Some(host) = &args.remote.host {
        let packed = bundle.pack();
        let words = ["plan", "--bundle", &bytes::digest(&packed), "--format", &word(&args.format)];
        return args.remote.receive(ui, house, host, &words, &packed);
    }
    plan_here(ui, &args.house.place(house)?, &bundle, args.format)
}

/// Plans for this machine.
pub(crate) fn plan_here(
    ui: &mut Ui,
    place: &HousePlace,
    bundle: &Bundle,
    format: PageFormat,
) -> Result<u8, Error> {
    let current = place.current()?;
    let wanted = Wanted::of_bundle(place, bundle, current.as_ref())?;
    let (_, plan) = wanted.plan(current.as_ref())?;
    print_judged(ui, plan, &wanted, format)
}

/// Prints a plan with the reasons for which a host would refuse it.
fn print_judged(
    ui: &mut Ui,
    mut plan: Plan,
    wanted: &Wanted,
    format: PageFormat,
) -> Result<u8, Error> {
    let refusals = preflight::refusals(wanted);
    let lines = refusals.iter().map(|it| format!("the host refuses this: {it}"));
    plan.warnings.splice(0..0, lines);
    match format {
        PageFormat::Text => ui.data(report::text(&plan).trim_end())?,
        PageFormat::Markdown => ui.data(report::markdown(&plan).trim_end())?,
        PageFormat::Json => ui.json(&plan)?,
    }
    Ok(if refusals.is_empty() { exit::FINE } else { exit::FINDINGS })
}
