//! Writes for a reviewer which service can open a connection to which other one, and why.
//!
//! `cargo xtask e2e` tries on a real engine that exactly these connections work, and no others.

use std::fmt::Write as _;

use crate::dsl::units::Protocol;
use crate::model::project::Project;
use crate::model::reach::{self, At, Reach, WayIn, Why, Zone};

/// Writes one paragraph for each target: its ports, who reaches it (by reason and network), and
/// where it gets out.
pub fn text(project: &Project<'_>) -> String {
    let matrix = reach::matrix(project);
    let ways_in = reach::ways_in(project);
    let mut out = String::new();
    for to in project.members() {
        let ports = reach::ports(&to);
        let ports = if ports.is_empty() { "no known port".to_owned() } else { ports.join(", ") };
        let _ = writeln!(out, "{} ({ports})", to.name);
        for (at, from, ports) in published(&ways_in, to.name) {
            let _ = writeln!(out, "  <- {from} at {at}: {ports}");
        }
        let sources: Vec<_> = matrix.iter().filter(|it| it.to == to.name).collect();
        let reasons = [
            (Why::Route, "route"),
            (Why::Uses, "uses it"),
            (Why::Neighbour, "only shares the network"),
        ];
        for (why, text) in reasons {
            for network in networks(&sources, why) {
                let names: Vec<_> = sources
                    .iter()
                    .filter(|it| it.why == why && it.via.join("+") == network)
                    .map(|it| it.from.as_str())
                    .collect();
                let _ = writeln!(out, "  <- {} via {network}: {text}", names.join(", "));
            }
        }
        let own = ways_in.iter().filter(|it| it.to == to.name);
        let at = own.filter_map(|it| if let At::Network(it) = &it.at { Some(it) } else { None });
        for network in at.collect::<indexmap::IndexSet<_>>() {
            let _ = writeln!(out, "  <- host via {network}: every port");
        }
        if sources.is_empty() {
            out.push_str("  <- nobody\n");
        }
        let places = [Zone::Host, Zone::Lan, Zone::Internet].into_iter();
        let places = places.filter(|it| reach::gets_out(project, &to, *it));
        let places: Vec<_> = places.map(|it| it.to_string()).collect();
        if !places.is_empty() {
            let _ = writeln!(out, "  -> {}", places.join(", "));
        }
    }
    out
}

/// Groups the published ports of a service by address and by the places from which they are
/// reached.
fn published(ways: &[WayIn], service: &str) -> Vec<(String, String, String)> {
    let own = || ways.iter().filter(|it| it.to == service && !matches!(it.at, At::Network(_)));
    let addresses: indexmap::IndexSet<_> = own().map(|it| address(&it.at)).collect();
    let line = |at: &&str| {
        let here = || own().filter(|it| address(&it.at) == *at);
        let from: indexmap::IndexSet<_> = here().map(|it| it.from.to_string()).collect();
        let ports = ranges(here().map(|it| (it.port, it.protocol)).collect());
        ((*at).to_owned(), from.into_iter().collect::<Vec<_>>().join(", "), ports.join(", "))
    };
    addresses.iter().map(line).collect()
}

/// Writes ports; those that follow each other as a range.
fn ranges(ports: indexmap::IndexSet<(u16, Protocol)>) -> Vec<String> {
    let mut ranges: Vec<(u16, u16, Protocol)> = Vec::new();
    for (port, protocol) in ports {
        match ranges.last_mut() {
            Some(last) if (last.1.checked_add(1), last.2) == (Some(port), protocol) => {
                last.1 = port;
            }
            _ => ranges.push((port, port, protocol)),
        }
    }
    let text = |(first, last, protocol)| match first {
        _ if first == last => format!("{first}/{protocol}"),
        first => format!("{first}-{last}/{protocol}"),
    };
    ranges.into_iter().map(text).collect()
}

fn address(at: &At) -> &str {
    match at {
        At::Address(address) => address,
        At::EveryAddress | At::Network(_) => "every address of the host",
    }
}

fn networks(sources: &[&Reach], why: Why) -> Vec<String> {
    let via = sources.iter().filter(|it| it.why == why).map(|it| it.via.join("+"));
    let unique: indexmap::IndexSet<_> = via.collect();
    unique.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{good, spec};
    use crate::prelude::{Port, Publish};

    #[test]
    fn a_range_of_ports_is_one_word() {
        let mut stack = good();
        let calls = Publish::everywhere(Port::udp(49_152), "calls").up_to(60_000);
        spec(&mut stack, "caddy").publishes.extend([
            calls,
            Publish::everywhere(Port::new(60_001), "talks"),
            Publish::everywhere(Port::new(60_002), "talks"),
        ]);
        let text = text(&Project::from_stack(&stack));
        let line = text.lines().find(|it| it.contains("internet at")).unwrap_or_default();
        insta::assert_snapshot!(line, @"  <- host, lan, internet at every address of the host: 443/tcp, 49152-60000/udp, 60001-60002/tcp");
    }
}
