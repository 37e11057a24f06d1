//! `homelab caddyfile`: the Caddyfile that the labels of the stack amount to.

use homelab_core::proxy::caddyfile;

use crate::error::Error;
use crate::exit;
use crate::house_folder::HouseFolder;
use crate::ui::Ui;

/// Print the Caddyfile that the proxy makes of the labels
///
/// In place of a container's address stands the service's name. Services whose profile is off
/// are printed too, unless `--profiles` says which are on: what `.env` says of that does not count, and
/// the dashboard links to all of them. Values come from `.env` where it
/// exists, else from the defaults.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Profiles that are on besides the base, as a comma list; empty for the base alone
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    profiles: Option<Vec<String>>,
}

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    let settings = house.settings()?.readable()?;
    let project = house.project(&settings);
    let text = if let Some(names) = &args.profiles {
        let names = house.known_profiles(names)?;
        caddyfile::render(project.sites_with(&names))
    } else {
        caddyfile::render(project.sites())
    };
    ui.data(text.trim_end())?;
    Ok(exit::FINE)
}
