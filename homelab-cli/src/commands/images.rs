//! `homelab images`: which pins have a newer release, and with `--update` the new pins.

use std::path::Path;

use homelab_core::compose::limits;
use homelab_core::prelude::Image;
use jiff::Timestamp;

use super::options::PageFormat;
use crate::error::Error;
use crate::exit;
use crate::file::{self, Folder};
use crate::house_folder::HouseFolder;
use crate::message;
use crate::pins::{Change, Pins};
use crate::registry::{Client, Limits, Mirror};
use crate::ui::Ui;
use crate::updates::report::{Report, Row};
use crate::updates::{self, MIN_AGE_DAYS, Policy};

/// Ask the registries for newer releases of the pinned images
///
/// Reads the pins in `images.rs` of the house's crate in a clone, and asks each registry for
/// later tags of the same shape that the pin's range allows: by default those of the same major
/// version. A release that is younger than the minimum age waits. Needs the network, no Docker
/// and no account. Exit code 0 also when there are updates, 4 when a registry could not tell;
/// the other pins are dealt with all the same.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write the new pins into `images.rs`
    #[arg(long)]
    update: bool,
    /// Days that a release must be old; 0 takes also those that do not say
    #[arg(long, value_name = "DAYS", default_value_t = MIN_AGE_DAYS)]
    min_age: u32,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: PageFormat,
    /// Ask `HOST:PORT` for the images of a registry
    #[arg(long, value_name = "REGISTRY=HOST:PORT", hide = true)]
    mirror: Vec<Mirror>,
}

/// Where the pins stand, among the house's Rust.
const FILE: &str = "images.rs";

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    let sources = house.path(&format!("{}/src", house.house.folder));
    let path = sources.join(FILE);
    let pins = read(house, &path)?;
    let mut client = Client::new(Limits::default(), args.mirror.clone());
    let (ranges, lockstep) = (house.house.ranges, house.house.lockstep);
    let policy = Policy { now: Timestamp::now(), min_age_days: args.min_age, ranges, lockstep };
    let mut report = updates::look(&mut client, &pins, policy, |pin| {
        ui.note(format_args!("asking about {}", pin.repository));
    });
    let changes: Vec<_> = report.pins.iter().filter_map(Row::change).collect();
    if args.update && !changes.is_empty() {
        let folder = Folder::open(&sources)?;
        let owned = folder.read(FILE, limits::TEXT)?.map(|it| it.1);
        let owned = owned.ok_or_else(|| Error::NotCloned(path.clone()))?;
        folder.replace(FILE, &edited(&pins, &changes), owned)?;
        report.updated = true;
    }
    match args.format {
        PageFormat::Text => report.table().iter().try_for_each(|it| ui.data(it))?,
        PageFormat::Markdown => ui.data(report.markdown())?,
        PageFormat::Json => ui.json(&report)?,
    }
    conclude(ui, &report, &changes, &path);
    Ok(if report.failed().next().is_some() { exit::FAILED } else { exit::FINE })
}

fn read(house: &HouseFolder, path: &Path) -> Result<Pins, Error> {
    let text = file::if_there(path, file::text(path, limits::TEXT))?;
    let text = text.ok_or_else(|| Error::NotCloned(path.to_owned()))?;
    let known = house.stack().images().into_iter().map(Image::repository);
    Pins::parse(text, known).map_err(|faults| Error::Pins { path: path.to_owned(), faults })
}

/// The new text, read again before it replaces the old one.
fn edited(pins: &Pins, changes: &[Change]) -> String {
    let text = pins.with(changes);
    let again = Pins::parse(text.clone(), []).expect("only the inside of literals changed");
    for change in changes {
        let new = again.all.iter().find(|it| it.constant == change.constant);
        let new = new.map(|it| (&it.tag, &it.digest));
        assert_eq!(new, Some((&change.tag, &change.digest)), "a pin reads as it was written");
    }
    text
}

/// What was done and what is left to do, for the person at the terminal.
fn conclude(ui: &mut Ui, report: &Report, changes: &[Change], path: &Path) {
    // The table has the reasons; what to do is mostly the same for many.
    let mut helps: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in report.failed() {
        let help = row.help.unwrap_or_default();
        match helps.iter_mut().find(|it| it.0 == help) {
            Some((_, pins)) => pins.push(&row.pin),
            None => helps.push((help, vec![&row.pin])),
        }
    }
    for (help, pins) in helps {
        let pins = message::list(pins);
        ui.note(format_args!("\nerror: could not look up {pins}\n  help: {help}"));
    }
    if changes.is_empty() {
        return;
    }
    let count = message::count(changes.len(), "pin");
    if !report.updated {
        ui.note(format_args!("\n{count} can move: `homelab images --update` writes them"));
        return;
    }
    for change in changes {
        let digest = change.digest.get(..19).unwrap_or(&change.digest);
        ui.done("pinned", format_args!("{} at {} ({digest}…)", change.constant, change.tag));
    }
    ui.note(format_args!(
        "\nchanged {count} in {}; next: read the release notes, then\n  cargo xtask accept\n  \
         git diff",
        path.display()
    ));
}
