//! `homelab rollback`: back to a release that was healthy.

use homelab_core::release::Id;

use super::options::{Format, HouseDir, Who, word};
use super::receipt::{deploy_id, print_end};
use crate::deploy::between::Data;
use crate::deploy::place::HousePlace;
use crate::deploy::supervise;
use crate::error::Error;
use crate::house_folder::HouseFolder;
use crate::ssh::Remote;
use crate::ui::Ui;

/// Go back to a release that is kept on the host
///
/// Where an image of a database, or of a service that migrates its data, differs between the two,
/// it stops and says which dump it would put back. Nothing is thrown away: what was written since
/// the dump is kept in a database beside it.
///
/// Exit code 1 when it stops for that, when nothing is deployed, or when the older release does not come
/// up.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    house: HouseDir,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    who: Who,
    /// How to print the receipt
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Where to, and with which data.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Choice {
    /// The release, or the first digits of its name or of its commit
    ///
    /// Default: the one before. `homelab status` lists those that are kept.
    #[arg(value_name = "RELEASE", value_parser = release)]
    release: Option<Id>,
    /// Put back the dumps that were taken when that release was left
    #[arg(long)]
    restore: bool,
    /// Start the older release on the data as it is; with `--restore`, on what no dump brings back
    #[arg(long)]
    keep_data: bool,
    /// Stop a service also where it may be migrating its data at this moment
    #[arg(long)]
    interrupt_migration: bool,
}

fn release(text: &str) -> Result<Id, String> {
    Id::parse(text)
        .map_err(|_| "expected a release, or at least seven digits of its commit".to_owned())
}

impl Choice {
    pub(crate) const fn release(&self) -> Option<&Id> {
        self.release.as_ref()
    }

    pub(crate) const fn data(&self) -> Data {
        Data { restore: self.restore, keep: self.keep_data, interrupt: self.interrupt_migration }
    }

    fn words(&self) -> Vec<&str> {
        let release = self.release.as_ref().map(Id::as_str);
        let restore = self.restore.then_some("--restore");
        let keep = self.keep_data.then_some("--keep-data");
        let interrupt = self.interrupt_migration.then_some("--interrupt-migration");
        release.into_iter().chain(restore).chain(keep).chain(interrupt).collect()
    }
}

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    if let Some(host) = &args.remote.host {
        let (who, format) = (args.who.words(), word(&args.format));
        let mut words = vec!["rollback"];
        words.extend(args.choice.words());
        words.extend(["--format", &format]);
        words.extend(who.iter().map(String::as_str));
        return args.remote.receive(ui, house, host, &words, &[]);
    }
    roll_back_here(ui, &args.house.place(house)?, &args.choice, &args.who, args.format)
}

/// Rolls back on this machine.
pub(crate) fn roll_back_here(
    ui: &mut Ui,
    place: &HousePlace,
    choice: &Choice,
    who: &Who,
    format: Format,
) -> Result<u8, Error> {
    if place.current()?.is_none() {
        return Err(Error::NothingDeployed);
    }
    let id = deploy_id("rollback");
    let who = who.words();
    let mut words = vec!["rollback"];
    words.extend(choice.words());
    words.extend(who.iter().map(String::as_str));
    let ended = supervise::run(ui, place, &id, &words, &[])?;
    print_end(ui, ended, format)
}
