//! Who can open a connection to whom, and why, as text for a reviewer.

use std::fmt::Write as _;

use crate::project::Project;
use crate::reach::{self, Reach, Why};

/// One paragraph a target: its ports, then who reaches it, by reason and network.
pub fn text(project: &Project<'_>) -> String {
    let matrix = reach::matrix(project);
    let mut out = String::new();
    for to in project.members() {
        let ports = reach::ports(&to);
        let ports = if ports.is_empty() { "no known port".to_owned() } else { ports.join(", ") };
        let _ = writeln!(out, "{} ({ports})", to.name);
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
        if sources.is_empty() {
            out.push_str("  <- nobody\n");
        }
    }
    out
}

fn networks(sources: &[&Reach], why: Why) -> Vec<String> {
    let via = sources.iter().filter(|it| it.why == why).map(|it| it.via.join("+"));
    let unique: indexmap::IndexSet<_> = via.collect();
    unique.into_iter().collect()
}
