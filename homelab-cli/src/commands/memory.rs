//! `homelab memory`: what the services need together, against the host's memory.

use homelab_core::dsl::units::Memory;
use homelab_core::model::budget::Need;
use homelab_core::report::memory::{self, AllSets, OneSet};

use super::options::Format;
use crate::error::Error;
use crate::exit;
use crate::house_folder::HouseFolder;
use crate::message;
use crate::ui::Ui;

/// Show the memory that services need, against what the host has
///
/// A set of profiles fits when the needs of its services fit into the host's memory less a reserve
/// for the system, while the service that can grow most above its need does so.
///
/// With profiles: each service's need and limit, with a bar whose full part is the need, and what
/// is left. Without: the base alone, each profile, a small set that does not fit, if there is one,
/// and all profiles together, but those that the host never switches on.
/// Exit code 1 when a set that is shown does not fit.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Profiles that are on besides the base, as a comma list
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    profiles: Option<Vec<String>>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    let settings = house.settings()?.readable()?;
    let project = house.project(&settings);
    let fits = if let Some(names) = &args.profiles {
        let names = house.known_profiles(names)?;
        let set = memory::gather_one(&project, &names).ok_or(Error::NoClone("memory"))?;
        print_one(ui, &set, args.format)?;
        set.need.fits
    } else {
        let sets = memory::gather(&project).ok_or(Error::NoClone("memory"))?;
        print_all(ui, &sets, args.format)?;
        sets.sets.iter().all(|it| it.fits)
    };
    Ok(if fits { exit::FINE } else { exit::FINDINGS })
}

fn print_one(ui: &mut Ui, set: &OneSet, format: Format) -> Result<(), Error> {
    if format == Format::Json {
        return ui.json(set);
    }
    memory::picture(&set.services).iter().try_for_each(|it| ui.data(it))?;
    ui.data("")?;
    let row = |name: &str, memory: Memory| vec![name.to_owned(), mib(memory)];
    let mut rows = vec![row("sum of the needs", set.need.needs)];
    if let Some(name) = &set.need.grows {
        rows.push(row(&format!("{name} may grow by"), set.need.growth));
    }
    rows.push(row("host without reserve", set.budget));
    rows.push(verdict("left", &set.need, set.budget));
    message::table(&rows).iter().try_for_each(|it| ui.data(it))
}

fn print_all(ui: &mut Ui, sets: &AllSets, format: Format) -> Result<(), Error> {
    if format == Format::Json {
        return ui.json(sets);
    }
    let (host, reserve, budget) = (sets.host, sets.reserve, sets.budget);
    ui.data(format_args!(
        "the host's {host}, less {reserve} for the system, leave {budget} for the services\n"
    ))?;
    let head = ["profiles", "       needs", "    may grow", "        left"];
    let mut rows = vec![head.iter().map(|it| (*it).to_owned()).collect()];
    for need in &sets.sets {
        let name = if need.profiles.is_empty() {
            "none: the base alone".to_owned()
        } else {
            need.profiles.join(",")
        };
        let mut row = verdict(&name, need, sets.budget);
        row.insert(1, mib(need.growth));
        row.insert(1, mib(need.needs));
        rows.push(row);
    }
    message::table(&rows).iter().try_for_each(|it| ui.data(it))?;
    if !sets.never.is_empty() {
        let never = message::list(sets.never.iter().map(String::as_str));
        ui.data(format_args!("\nnever switched on here: {never}"))?;
    }
    Ok(())
}

fn verdict(name: &str, need: &Need, budget: Memory) -> Vec<String> {
    if need.fits {
        return vec![name.to_owned(), mib(need.spare)];
    }
    let over = need.total.saturating_sub(budget);
    vec![name.to_owned(), format!("does not fit by {over}")]
}

/// In one unit and to the right, so that a column can be compared.
fn mib(memory: Memory) -> String {
    format!("{:>8} MiB", memory.as_mib())
}
