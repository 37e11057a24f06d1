//! What is known of a service, as text.

use homelab_core::compose::MountKind;
use homelab_core::dsl::service::RoleKind;
use homelab_core::model::exposure::{Host, OpenPort, WayOut};
use homelab_core::model::reach::{Reach, Why};
use homelab_core::report::Reason;
use homelab_core::report::explanation::{Explanation, Keeping, Mounted, SecretFile};

use crate::commands::exposure;
use crate::error::Error;
use crate::ui::Ui;

/// Prints it for people: what is empty is left out.
pub(super) fn print(ui: &mut Ui, it: &Explanation, is_on: bool) -> Result<(), Error> {
    let role = match it.role {
        Some(RoleKind::Edge) => "the reverse proxy, through which browsers come in",
        Some(RoleKind::App) => "an app that people open in a browser",
        Some(RoleKind::Data) => "a database or cache that only its users reach",
        Some(RoleKind::Agent) | None => "a helper into which nobody connects from outside",
    };
    ui.heading(&format!("{}: {role}", it.name))?;
    for (label, lines) in sections(it, is_on) {
        let mut label = label;
        for line in lines {
            ui.data(format_args!("  {label:<11} {line}"))?;
            label = "";
        }
    }
    Ok(())
}

fn sections(explanation: &Explanation, is_on: bool) -> Vec<(&'static str, Vec<String>)> {
    let one = |it: &Option<String>| it.iter().cloned().collect::<Vec<_>>();
    let reasons = |list: &[Reason]| {
        list.iter().map(|it| format!("{}: {}", it.what, it.because)).collect::<Vec<_>>()
    };
    let profiles = match (explanation.profiles.join(", "), is_on) {
        (_, true) if explanation.profiles.is_empty() => "none: it is always on".to_owned(),
        (names, true) => format!("{names}, which is on"),
        (names, false) => format!("{names}, which is off: `COMPOSE_PROFILES` lacks it"),
    };
    let listens = if explanation.ports_inside.is_empty() {
        Vec::new()
    } else {
        vec![explanation.ports_inside.join(", ")]
    };
    let meant = |it: &&Reach| it.why != Why::Neighbour;
    vec![
        ("image", vec![explanation.image.clone()]),
        ("facts from", explanation.sources.clone()),
        ("defined", one(&explanation.place)),
        ("profile", vec![profiles]),
        ("memory", explanation.memory.iter().map(ToString::to_string).collect()),
        ("user", one(&explanation.user)),
        ("host names", explanation.hosts.iter().map(host).collect()),
        ("host ports", explanation.ports.iter().map(port).collect()),
        ("listens on", listens),
        ("reached by", explanation.reached_by.iter().filter(meant).map(inward).collect()),
        ("reaches", explanation.reaches.iter().filter(meant).map(outward).collect()),
        ("neighbours", neighbours(explanation)),
        ("way out", explanation.way_out.iter().map(way_out).collect()),
        ("state", mounts(explanation)),
        ("dumps", explanation.dumps.clone()),
        ("secrets", explanation.secrets.iter().map(secret_line).collect()),
        ("exceptions", reasons(&explanation.exceptions)),
        ("unattended", explanation.unattended.iter().map(ToString::to_string).collect()),
        ("accepts", reasons(&explanation.waivers)),
    ]
}

fn host(host: &Host) -> String {
    format!("https://{}: {}", host.place(), exposure::login(host))
}

fn port(open: &OpenPort) -> String {
    let because = open.because.as_ref().map_or_else(String::new, |it| format!(" ({it})"));
    format!("{}/{} on {}{because}", open.port, open.protocol, exposure::address(open))
}

fn way_out(way: &WayOut) -> String {
    let because = way.because.as_ref().map_or_else(String::new, |it| format!(": {it}"));
    format!("over {}{because}", way.networks.join(", "))
}

fn inward(reach: &Reach) -> String {
    format!("{} over {} ({})", reach.from, reach.via.join(", "), why(reach.why))
}

fn outward(reach: &Reach) -> String {
    let ports = if reach.ports.is_empty() {
        String::new()
    } else {
        format!(" on {}", reach.ports.join(", "))
    };
    format!("{}{ports} over {} ({})", reach.to, reach.via.join(", "), why(reach.why))
}

const fn why(why: Why) -> &'static str {
    match why {
        Why::Route => "its route",
        Why::Uses => "uses it",
        Why::Neighbour => "could reach it, and has no reason to",
    }
}

/// Who could talk to it only because both are on a network, one line a network.
fn neighbours(explanation: &Explanation) -> Vec<String> {
    let others = |network: &String| {
        let neighbours = explanation.reached_by.iter().filter(|it| it.why == Why::Neighbour);
        let names = neighbours.filter(|it| it.via.contains(network)).map(|it| it.from.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    let lines = explanation.networks.iter().map(|it| (it, others(it)));
    let lines = lines.filter(|it| !it.1.is_empty());
    lines.map(|(it, names)| format!("{names} over {it} ({})", why(Why::Neighbour))).collect()
}

fn mounts(explanation: &Explanation) -> Vec<String> {
    let line = |mount: &Mounted| {
        let source = match mount.kind {
            MountKind::Volume => format!("volume {}", mount.source),
            MountKind::Bind => mount.source.clone(),
        };
        let because = mount.because.as_deref().unwrap_or_default();
        let policy = match (mount.policy, &explanation.dumped_by) {
            (Some(Keeping::Dump), Some(by)) => format!("to be restored from the dumps of {by}"),
            (Some(Keeping::Dump), None) => "to be dumped, but nobody does".to_owned(),
            (Some(Keeping::Offsite), _) => "to be restored from your own off-site copy".to_owned(),
            (Some(Keeping::Scratch), _) => format!("not kept: {because}"),
            (Some(Keeping::ReadOnly), _) => "only read".to_owned(),
            (None, _) => "nobody said how it is kept".to_owned(),
        };
        format!("{source} at {}: {policy}", mount.target)
    };
    explanation.mounts.iter().map(line).collect()
}

fn secret_line(secret: &SecretFile) -> String {
    let access = match &secret.access {
        Some(access) => format!("owner {}:{}, mode {:04o}", access.uid, access.gid, access.mode),
        None => "no owner serves all its readers".to_owned(),
    };
    format!("{} ({access}), read by {}", secret.file, secret.readers.join(", "))
}
