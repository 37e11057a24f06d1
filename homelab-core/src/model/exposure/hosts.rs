//! Host names that the proxy serves, and who asks for a login there.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compose::interpolate;
use crate::dsl::route::Login;
use crate::model::project::{Member, Project};
use crate::proxy::caddyfile::ProxySite;

/// A host name that the proxy serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Host name. Where no value of a variable is known it is `$NAME`.
    pub host: String,
    /// Paths below which it begins; absent for every path that no other entry of the host has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
    /// Whether its certificate is from a public authority, so that its name stands in public logs.
    #[serde(default)]
    pub is_public: bool,
    /// The variable without whose value it is not served, and which has none; absent when it is
    /// served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off_until: Option<String>,
    /// Who answers.
    pub service: String,
    /// Ports of that service.
    pub ports: Vec<u16>,
    /// Profiles that switch it on; none means the base.
    pub profiles: Vec<String>,
    /// Who asks for the login.
    pub login: Asks,
    /// Why nobody asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Paths that are refused.
    pub closed: Vec<String>,
    /// Paths that are refused until the household declares that the set-up is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_until: Option<ClosedUntil>,
}

/// Paths that a variable of `.env` opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClosedUntil {
    /// The paths.
    pub paths: Vec<String>,
    /// The line of `.env` that opens them, such as `JELLYFIN_SETUP_DONE=true`.
    pub setting: String,
    /// Whether `.env` has that line.
    pub is_open: bool,
}

/// Who asks a visitor for a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Asks {
    /// The proxy, with the household's login.
    Proxy,
    /// The service, which has accounts.
    Service,
    /// Nobody.
    Nobody,
    /// Unknown: the labels do not say it, and there is no stack. It may be nobody.
    Unknown,
}

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proxy => "the proxy",
            Self::Service => "the service",
            Self::Nobody => "nobody",
            Self::Unknown => "unknown",
        })
    }
}

impl Host {
    /// Returns where visitors find it: host name and path.
    pub fn place(&self) -> String {
        format!("{}{}", self.host, self.below.as_deref().unwrap_or_default())
    }
}

/// Returns the host names that lead to one service, also those that are off.
pub fn hosts(project: &Project<'_>, member: &Member<'_>) -> Vec<Host> {
    let mut hosts = Vec::new();
    for site in project.blocks_of(member.name) {
        let off = off_host(member, site);
        let off_until = off.as_ref().map(|it| it.1.clone());
        let off = off.iter().map(|it| it.0.as_str());
        let route = project.route_of(site);
        let (login, because) = match route.map(|it| it.login) {
            _ if site.is_guarded() => (Asks::Proxy, None),
            Some(Login::BuiltIn) => (Asks::Service, None),
            Some(Login::Open { because }) => (Asks::Nobody, Some(because.to_owned())),
            // The route wants the proxy to ask, but its labels do not make it ask.
            Some(Login::Proxy) | None => (Asks::Unknown, None),
        };
        let closed_until = closed_until(member, site);
        // Where the variable has its value already, nothing opens them any more.
        let closed = match closed_until {
            Some(_) => site.always_closed_paths(),
            None => site.closed_paths(),
        };
        let closed: Vec<_> = closed.into_iter().map(str::to_owned).collect();
        hosts.extend(site.addresses().chain(off).map(|address| Host {
            host: address.to_owned(),
            below: site.below().map(str::to_owned),
            is_public: site.has_public_certificate(),
            off_until: off_until.clone(),
            service: member.name.to_owned(),
            ports: site.upstream_ports(),
            profiles: member.service.profiles.clone(),
            login,
            because: because.clone(),
            closed: closed.clone(),
            closed_until: closed_until.clone(),
        }));
    }
    hosts
}

/// Returns the host name that a site would have if a variable of `.env` had a value, and that
/// variable: without a value the site is a snippet.
fn off_host(member: &Member<'_>, site: &ProxySite) -> Option<(String, String)> {
    let label = member.service.labels.get(&site.label).filter(|_| site.is_snippet())?;
    let variable = interpolate::variables(label).into_iter().next()?;
    let host = interpolate::resolve(label, &|name| Some(format!("${name}"))).ok()?;
    (!host.starts_with('(')).then_some((host, variable))
}

/// Returns the paths that a variable of `.env` opens, as the labels say.
fn closed_until(member: &Member<'_>, site: &ProxySite) -> Option<ClosedUntil> {
    let always = site.always_closed_paths();
    let paths = site.closable_paths().into_iter().filter(|path| !always.contains(path));
    let paths: Vec<_> = paths.map(str::to_owned).collect();
    let is_closed = paths.first().is_some_and(|it| site.closed_paths().contains(&it.as_str()));
    let labels =
        member.service.labels.iter().filter(|(key, _)| key.split('.').next_back() == Some("vars"));
    let mut variables = labels.flat_map(|(_, value)| interpolate::variables(value));
    let variable = variables.next().filter(|_| !paths.is_empty())?;
    Some(ClosedUntil { paths, setting: format!("{variable}=true"), is_open: !is_closed })
}
