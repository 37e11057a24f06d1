//! `homelab exposure`: every way in and every way out.

use crate::cli::Format;
use crate::error::Error;
use crate::exit;
use crate::house::House;
use crate::ui::Ui;
use crate::ways::{self, Ways};
use crate::words;

/// List every way into the house and every way out of it
///
/// Ways in are the host's ports that lead into a container, and the host names that the proxy
/// serves, each with who asks for a login. Ways out are the services on a network that is
/// not internal. Values come from `.env` where it exists, else from the defaults.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(ui: &mut Ui, house: &House, args: &Args) -> Result<u8, Error> {
    let settings = house.settings()?.readable()?;
    let ways = ways::gather(&house.project(&settings));
    match args.format {
        Format::Json => ui.json(&ways)?,
        Format::Text => print(ui, &ways)?,
    }
    Ok(exit::FINE)
}

fn print(ui: &mut Ui, ways: &Ways) -> Result<(), Error> {
    ui.heading("Ports of this host")?;
    let port = |it: &ways::OpenPort| {
        let because = it.because.clone().unwrap_or_default();
        vec![
            format!("  {}", it.address),
            format!("{}/{}", it.port, it.protocol),
            it.service.clone(),
            because,
        ]
    };
    lines(ui, &ways.ports.iter().map(port).collect::<Vec<_>>())?;
    ui.heading("\nHost names behind the proxy")?;
    let site = |it: &ways::OpenSite| {
        let mut login = it.login.sentence().to_owned();
        if let Some(because) = &it.because {
            login = format!("{login}: {because}");
        }
        if !it.closed.is_empty() {
            let closed = words::list(it.closed.iter().map(String::as_str));
            login = format!("{login}; closed: {closed}");
        }
        vec![format!("  {}", it.host), it.service.clone(), login]
    };
    lines(ui, &ways.sites.iter().map(site).collect::<Vec<_>>())?;
    ui.heading("\nWays out to the internet")?;
    let out = |it: &ways::WayOut| {
        let because = it.because.clone().unwrap_or_default();
        vec![format!("  {}", it.service), format!("via {}", it.via.join(", ")), because]
    };
    lines(ui, &ways.out.iter().map(out).collect::<Vec<_>>())
}

fn lines(ui: &mut Ui, rows: &[Vec<String>]) -> Result<(), Error> {
    words::table(rows).iter().try_for_each(|it| ui.data(it))
}
