//! `homelab memory`: what the services may use together, against the host's memory.

use homelab_core::dsl::units::Memory;
use homelab_core::model::budget::Need;
use homelab_core::report::memory::{self, AllSets, OneSet, Share};

use super::options::Format;
use crate::error::Error;
use crate::exit;
use crate::house_folder::HouseFolder;
use crate::message;
use crate::ui::Ui;

/// Show the memory that services may use, against what the host has
///
/// With profiles: each service's limit, the sum and what is left of the budget, which is the
/// host's memory less a reserve for the system. Without: the sums of the base alone, of each
/// profile, of a small set that does not fit, if there is one, and of all profiles.
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
    let row = |name: &str, memory: Memory| vec![name.to_owned(), mib(memory)];
    let share = |it: &Share| row(&it.name, it.limit.unwrap_or(Memory::ZERO));
    let mut rows: Vec<_> = set.services.iter().map(share).collect();
    rows.push(row("sum of these limits", set.need.total));
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
    let head = ["profiles", "       needs", "        left"];
    let mut rows = vec![head.iter().map(|it| (*it).to_owned()).collect()];
    for need in &sets.sets {
        let name = if need.profiles.is_empty() {
            "none: the base alone".to_owned()
        } else {
            need.profiles.join(",")
        };
        let mut row = verdict(&name, need, sets.budget);
        row.insert(1, mib(need.total));
        rows.push(row);
    }
    message::table(&rows).iter().try_for_each(|it| ui.data(it))
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
