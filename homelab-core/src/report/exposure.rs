//! Every way in (host port, host name, who asks for the login) and every way out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{profile_names, table};
use crate::project::{Member, Project};
use crate::route::{Address, Login};
use crate::units::Protocol;

/// Every way in and out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exposure {
    /// Ports of the host.
    pub ports: Vec<OpenPort>,
    /// Host names that the proxy serves.
    pub hosts: Vec<Host>,
    /// Services that can open connections to the internet.
    pub ways_out: Vec<WayOut>,
}

/// A port of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenPort {
    /// Address; `0.0.0.0` means all.
    pub address: String,
    /// Port or range.
    pub port: String,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Who listens.
    pub service: String,
    /// Profiles that open it; none means the base.
    pub profiles: Vec<String>,
    /// Why, or the variable that chooses the address; empty when nobody said.
    pub because: String,
}

/// A host name that the proxy serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Host name.
    pub host: String,
    /// Who answers.
    pub service: String,
    /// Ports of that service.
    pub ports: Vec<u16>,
    /// Profiles that switch it on; none means the base.
    pub profiles: Vec<String>,
    /// Who asks for the login.
    pub asks: String,
    /// Paths that are refused.
    pub closed: Vec<String>,
}

/// A service that can open connections to the internet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WayOut {
    /// Who.
    pub service: String,
    /// Profiles that switch it on; none means the base.
    pub profiles: Vec<String>,
    /// Networks that lead out.
    pub networks: Vec<String>,
    /// What for.
    pub because: String,
}

/// Gathers them; variables have their defaults, or the values that the project was given.
pub fn gather(project: &Project<'_>) -> Exposure {
    let mut exposure = Exposure { ports: Vec::new(), hosts: Vec::new(), ways_out: Vec::new() };
    for member in project.members() {
        exposure.ports.extend(ports(project, &member));
        exposure.hosts.extend(hosts(project, &member));
        exposure.ways_out.extend(way_out(project, &member));
    }
    exposure
}

fn ports(project: &Project<'_>, member: &Member<'_>) -> Vec<OpenPort> {
    let because = |at: usize| {
        let publish = member.spec.and_then(|it| it.publishes.get(at));
        publish.map_or_else(String::new, |it| match it.address {
            Address::Everywhere(because) => because.to_owned(),
            Address::Variable(variable) => format!("address from `{}`", variable.name()),
        })
    };
    let open = |(at, port): (usize, &crate::compose::PublishedPort)| OpenPort {
        address: port.host_ip.as_deref().map_or("0.0.0.0".to_owned(), |it| project.resolve(it)),
        port: project.resolve(&port.published),
        protocol: port.protocol,
        service: member.name.to_owned(),
        profiles: member.service.profiles.clone(),
        because: because(at),
    };
    member.service.ports.iter().enumerate().map(open).collect()
}

fn hosts(project: &Project<'_>, member: &Member<'_>) -> Vec<Host> {
    let mut hosts = Vec::new();
    for (at, site) in project.sites_of(member.name).enumerate() {
        let route = member.spec.and_then(|it| it.routes.get(at));
        for address in site.addresses() {
            hosts.push(Host {
                host: address.to_owned(),
                service: member.name.to_owned(),
                ports: site.upstream_ports(),
                profiles: member.service.profiles.clone(),
                asks: match route.map(|it| it.login) {
                    _ if site.is_guarded() => "the proxy".to_owned(),
                    Some(Login::BuiltIn) => "the service".to_owned(),
                    Some(Login::Open { because }) => format!("nobody: {because}"),
                    Some(Login::Proxy) | None => "unknown".to_owned(),
                },
                closed: route
                    .map(|it| it.closed.iter().map(|it| (*it).to_owned()).collect())
                    .unwrap_or_default(),
            });
        }
    }
    hosts
}

fn way_out(project: &Project<'_>, member: &Member<'_>) -> Option<WayOut> {
    let open = member.service.networks.iter().filter(|it| !project.is_internal(it));
    let networks: Vec<_> = open.cloned().collect();
    let declared = member.spec.and_then(|it| it.egress).map(str::to_owned);
    let because = declared.unwrap_or_else(|| match member.contract.map(|it| it.egress) {
        Some(crate::contract::Egress::Required(why) | crate::contract::Egress::Optional(why)) => {
            why.to_owned()
        }
        Some(crate::contract::Egress::None) => {
            "not needed; a network that it is on leads out".to_owned()
        }
        None => String::new(),
    });
    (!networks.is_empty()).then(|| WayOut {
        service: member.name.to_owned(),
        profiles: member.service.profiles.clone(),
        networks,
        because,
    })
}

/// The page.
pub fn markdown(exposure: &Exposure) -> String {
    let ports: Vec<_> = exposure
        .ports
        .iter()
        .map(|it| {
            vec![
                format!("`{}`", it.address),
                format!("`{}/{}`", it.port, it.protocol),
                format!("`{}`", it.service),
                profile_names(&it.profiles),
                it.because.clone(),
            ]
        })
        .collect();
    let hosts: Vec<_> = exposure
        .hosts
        .iter()
        .map(|it| {
            let ports: Vec<_> = it.ports.iter().map(ToString::to_string).collect();
            vec![
                format!("`{}`", it.host),
                format!("`{}:{}`", it.service, ports.join(",")),
                profile_names(&it.profiles),
                it.asks.clone(),
                it.closed.join(", "),
            ]
        })
        .collect();
    let ways_out: Vec<_> = exposure
        .ways_out
        .iter()
        .map(|it| {
            vec![
                format!("`{}`", it.service),
                profile_names(&it.profiles),
                it.networks.join(", "),
                it.because.clone(),
            ]
        })
        .collect();
    format!(
        "# Exposure\n\nVariables have their defaults here; \
         `homelab exposure` prints the page for the `.env` of a host.\n\n\
         ## Ways in: ports of the host\n\n{}\n## Ways in: host names\n\n{}\n## Ways out\n\n{}",
        table::render(&["Address", "Port", "Service", "Profile", "Because"], &ports),
        table::render(&["Host", "Leads to", "Profile", "Who asks for the login", "Closed"], &hosts),
        table::render(&["Service", "Profile", "By network", "What for"], &ways_out),
    )
}
