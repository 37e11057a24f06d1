//! `homelab exposure`: every way in and every way out.

use homelab_core::model::exposure::{self, Asks, Exposure, Host, OpenPort, Unreviewed, WayOut};

use super::options::Format;
use crate::error::Error;
use crate::exit;
use crate::house_folder::HouseFolder;
use crate::message;
use crate::ui::Ui;

/// List every way into the house and every way out of it
///
/// Ways in are the host's ports that lead into a container, and the host names that the proxy
/// serves, each with who asks for a login. Ways out are the services on a network that is
/// not internal; updates that nobody reviews are those of services that follow their tag. Services whose profile is off are listed too. Values come from `.env` where it
/// exists, else from the defaults.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    let settings = house.settings()?.readable()?;
    let exposure = exposure::gather(&house.project(&settings));
    match args.format {
        Format::Json => ui.json(&exposure)?,
        Format::Text => print(ui, &exposure)?,
    }
    Ok(exit::FINE)
}

fn print(ui: &mut Ui, exposure: &Exposure) -> Result<(), Error> {
    ui.heading("Ways in: ports")?;
    let port = |port: &OpenPort| {
        vec![
            format!("  {}", address(port)),
            format!("{}/{}", port.port, port.protocol),
            service(&port.service, &port.profiles),
            port.because.clone().unwrap_or_default(),
        ]
    };
    lines(ui, &exposure.ports.iter().map(port).collect::<Vec<_>>())?;
    ui.heading("\nWays in: host names behind the proxy")?;
    let host = |it: &Host| {
        vec![format!("  {}", it.place()), service(&it.service, &it.profiles), login(it)]
    };
    lines(ui, &exposure.hosts.iter().map(host).collect::<Vec<_>>())?;
    ui.heading("\nWays out to the internet")?;
    let out = |way: &WayOut| {
        vec![
            format!("  {}", service(&way.service, &way.profiles)),
            format!("via {}", way.networks.join(", ")),
            way.because.clone().unwrap_or_default(),
        ]
    };
    lines(ui, &exposure.ways_out.iter().map(out).collect::<Vec<_>>())?;
    ui.heading("\nWhat listens on this host itself is reached by")?;
    ui.data(format_args!("  {}", exposure.reach_host.join(", ")))?;
    ui.heading("\nUpdates that nobody reviews")?;
    let update =
        |it: &Unreviewed| vec![format!("  {}", it.service), it.follows.clone(), it.to_string()];
    lines(ui, &exposure.unreviewed.iter().map(update).collect::<Vec<_>>())
}

fn service(name: &str, profiles: &[String]) -> String {
    if profiles.is_empty() {
        name.to_owned()
    } else {
        format!("{name} (profile {})", profiles.join(", "))
    }
}

/// The address of a port for people.
pub(super) fn address(port: &OpenPort) -> &str {
    match port.address.as_str() {
        "all" => "every address",
        "0.0.0.0" => "every IPv4 address",
        "unknown" => "an unknown address",
        address => address,
    }
}

/// Who asks for a login, why not, and which paths are closed.
pub(super) fn login(host: &Host) -> String {
    if let Some(variable) = &host.off_until {
        return format!("off until `{variable}` is set");
    }
    let mut text = match host.login {
        Asks::Proxy => "the proxy asks for the household's login",
        Asks::Service => "the service asks for its own account",
        Asks::Nobody => "nobody asks for a login",
        Asks::Unknown => "unknown who asks for a login, perhaps nobody",
    }
    .to_owned();
    if !host.open.is_empty() {
        let open = message::list(host.open.iter().map(String::as_str));
        text = format!("{text}, not on {open}");
    }
    if let Some(because) = &host.because {
        text = format!("{text}: {because}");
    }
    if host.is_public {
        text = format!("{text}; its certificate is public");
    }
    if !host.closed.is_empty() {
        let closed = message::list(host.closed.iter().map(String::as_str));
        text = format!("{text}; refused: {closed}");
    }
    if let Some(until) = &host.closed_until {
        let closed = message::list(until.paths.iter().map(String::as_str));
        let refused = if until.is_open { "no more refused, by" } else { "refused until" };
        text = format!("{text}; {refused} `{}`: {closed}", until.setting);
    }
    text
}

fn lines(ui: &mut Ui, rows: &[Vec<String>]) -> Result<(), Error> {
    message::table(rows).iter().try_for_each(|it| ui.data(it))
}
