//! Computes which service can open a connection to which other one, over which network, and why.

mod outside;

pub use self::outside::{At, WayIn, Zone, gets_out, ways_in};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::project::{Member, Project};

/// One direction between two services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reach {
    /// Who opens the connection.
    pub from: String,
    /// Who accepts it.
    pub to: String,
    /// Ports on which it listens; empty when its image's ports are not known.
    pub ports: Vec<String>,
    /// Networks that both are on.
    pub via: Vec<String>,
    /// Why the connection is possible.
    pub why: Why,
}

/// Why a service can reach another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// The proxy serves a route of the target.
    Route,
    /// The source declares that it uses the target.
    Uses,
    /// They share a network, but nothing says that the connection is wanted.
    Neighbour,
}

/// Returns every pair of services that can talk, by target and then by source, in the file's order.
pub fn matrix(project: &Project<'_>) -> Vec<Reach> {
    let mut pairs = Vec::new();
    for to in project.members() {
        for from in project.neighbours(&to) {
            pairs.push(Reach {
                from: from.name.to_owned(),
                to: to.name.to_owned(),
                ports: ports(&to),
                via: project.shared(&from, &to).map(str::to_owned).collect(),
                why: why(project, &from, &to),
            });
        }
    }
    pairs
}

/// Returns the ports on which a service listens, as its contract says.
pub fn ports(member: &Member<'_>) -> Vec<String> {
    member.contract().iter().flat_map(|it| it.ports.items()).map(ToString::to_string).collect()
}

/// Returns why one service can reach another one.
pub(crate) fn why(project: &Project<'_>, from: &Member<'_>, to: &Member<'_>) -> Why {
    let is_proxy = from.role() == Some(crate::dsl::service::RoleKind::Edge);
    let is_routed = || project.blocks_of(to.name).any(|it| !it.is_snippet());
    if is_proxy && is_routed() {
        Why::Route
    } else if from.service.depends_on.contains_key(to.name) || talks_to(from, to) {
        Why::Uses
    } else {
        Why::Neighbour
    }
}

/// Whether an environment variable names the other service as a host: `DB_HOSTNAME: db`, `…//db:80`.
fn talks_to(from: &Member<'_>, to: &Member<'_>) -> bool {
    from.service.environment.iter().any(|(key, value)| {
        let authority = value.split_once("//").map_or(value.as_str(), |it| it.1);
        let host = authority.split([':', '/']).next();
        let names_a_host = value.contains("//") || key.contains("HOST");
        names_a_host && host == Some(to.name)
    })
}
