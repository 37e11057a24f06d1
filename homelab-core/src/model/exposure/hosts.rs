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
    /// Why nobody asks, or not on `open`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Paths on which the proxy does not ask, where it asks on all others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
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
    for site in project.sites_of(member.name) {
        let route = project.route_of(site);
        let (login, because) = match route.map(|it| it.login) {
            _ if site.is_guarded() => {
                let because = route.and_then(|it| it.open).map(|it| it.1.to_owned());
                (Asks::Proxy, because.filter(|_| !site.open_paths().is_empty()))
            }
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
        let open = if login == Asks::Proxy { site.open_paths() } else { Vec::new() };
        let open: Vec<_> = open.into_iter().map(str::to_owned).collect();
        hosts.extend(site.addresses().map(|address| Host {
            host: address.to_owned(),
            below: site.below().map(str::to_owned),
            is_public: site.has_public_certificate(),
            off_until: site.off_until().map(str::to_owned),
            service: member.name.to_owned(),
            ports: site.upstream_ports(),
            profiles: member.service.profiles.clone(),
            login,
            because: because.clone(),
            open: open.clone(),
            closed: closed.clone(),
            closed_until: closed_until.clone(),
        }));
    }
    hosts
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{CATALOGUE, good, spec};
    use crate::prelude::{Domain, EnvVar, Kind, Port, Route};

    const NAME: EnvVar = EnvVar::new("PUBLIC", Kind::Hostname, "Domain.").or("");
    const ISSUER: EnvVar = EnvVar::new("PUBLIC_TLS", Kind::TlsIssuer, "Issuer.").or("internal");
    const PUBLIC: Domain = Domain::new(NAME, ISSUER);

    /// Returns the host names of `web` when it has these routes, also as its file alone tells them.
    fn served(routes: &[Route], values: &[(&str, &str)]) -> String {
        let mut stack = good();
        spec(&mut stack, "web").routes = routes.to_vec();
        let values = values.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned()));
        let project = Project::from_stack(&stack).with_values(values.collect());
        let told = |project: &Project<'_>| {
            let member = project.member("web").expect("it is in the file");
            let hosts = hosts(project, &member).into_iter();
            let line = |it: Host| {
                let (place, login) = (it.place(), it.login);
                let state = it.off_until.map_or_else(String::new, |it| format!(" off until {it}"));
                let public = if it.is_public { " public" } else { "" };
                format!("{place} {:?} {login}{public}{state} {:?}", it.ports, it.closed)
            };
            hosts.map(line).collect::<Vec<_>>().join("\n")
        };
        let bare = project.clone();
        let alone = Project::from_file(bare.file().clone(), &CATALOGUE);
        assert_eq!(told(&alone).lines().count(), told(&project).lines().count());
        told(&project)
    }

    #[test]
    fn a_further_domain_is_off_until_it_is_set() {
        let port = Port::new(8080);
        let routes = [
            Route::host("notes", port).also_at(&[PUBLIC]).closes(&["/setup/*"]),
            Route::at(PUBLIC, port).login(Login::BuiltIn),
        ];
        insta::assert_snapshot!(served(&routes, &[]), @r#"
        notes.home.arpa [8080] the proxy ["/setup/*"]
        notes.$PUBLIC [8080] the proxy off until PUBLIC ["/setup/*"]
        $PUBLIC [8080] the service off until PUBLIC []
        "#);
        let values = [("PUBLIC", "example.org"), ("PUBLIC_TLS", "me@example.org")];
        insta::assert_snapshot!(served(&routes, &values), @r#"
        notes.home.arpa [8080] the proxy ["/setup/*"]
        notes.example.org [8080] the proxy public ["/setup/*"]
        example.org [8080] the service public []
        "#);
    }

    #[test]
    fn each_path_of_a_host_has_its_own_login() {
        let host = Route::host("notes", Port::new(8080));
        let open = Login::Open { because: "numbers" };
        let routes = [
            host.closes(&["/setup/*"]),
            Route { port: Port::new(9000), ..host }.below("/api").strip_prefix().login(open),
            host.below("/api/v2"),
        ];
        insta::assert_snapshot!(served(&routes, &[]), @r#"
        notes.home.arpa [8080] the proxy ["/setup/*"]
        notes.home.arpa/api [9000] nobody []
        notes.home.arpa/api/v2 [8080] the proxy []
        "#);
    }
}
