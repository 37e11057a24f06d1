//! Every way into the house and every way out of it.

use homelab_core::compose::PublishedPort;
use homelab_core::project::{Member, Project};
use homelab_core::route::{Login, Route};
use serde::Serialize;

/// All of them.
#[derive(Debug, Serialize)]
pub(crate) struct Ways {
    pub(crate) ports: Vec<OpenPort>,
    pub(crate) sites: Vec<OpenSite>,
    pub(crate) out: Vec<WayOut>,
}

/// A port of the host that leads into a container.
#[derive(Debug, Serialize)]
pub(crate) struct OpenPort {
    pub(crate) address: String,
    pub(crate) port: String,
    pub(crate) protocol: String,
    pub(crate) service: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<String>,
}

/// A host name that the proxy serves.
#[derive(Debug, Serialize)]
pub(crate) struct OpenSite {
    pub(crate) host: String,
    pub(crate) service: String,
    pub(crate) login: Asks,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<String>,
    /// Paths that the proxy refuses.
    pub(crate) closed: Vec<String>,
}

/// Who asks a visitor for a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Asks {
    Proxy,
    Service,
    Nobody,
}

impl Asks {
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Proxy => "the proxy asks for the household's login",
            Self::Service => "its own accounts",
            Self::Nobody => "nobody asks for a login",
        }
    }
}

/// A service that can open connections to the internet.
#[derive(Debug, Serialize)]
pub(crate) struct WayOut {
    pub(crate) service: String,
    /// Networks with a way out that it is on.
    pub(crate) via: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<String>,
}

/// Gathers them.
pub(crate) fn gather(project: &Project<'_>) -> Ways {
    let members = || project.members();
    let out = members().filter_map(|member| {
        let via = member.service.networks.iter().filter(|it| !project.is_internal(it));
        let via: Vec<_> = via.cloned().collect();
        let because = member.egress_reason().map(str::to_owned);
        (!via.is_empty()).then(|| WayOut { service: member.name.to_owned(), via, because })
    });
    Ways {
        ports: members().flat_map(|it| ports(project, &it)).collect(),
        sites: members().flat_map(|it| sites(project, &it)).collect(),
        out: out.collect(),
    }
}

/// Ports of the host that lead to one service.
pub(crate) fn ports(project: &Project<'_>, member: &Member<'_>) -> Vec<OpenPort> {
    let port = |it: &PublishedPort| OpenPort {
        address: it.host_ip.as_ref().map_or_else(|| "all".to_owned(), |it| project.resolve(it)),
        port: project.resolve(&it.published),
        protocol: it.protocol.to_string(),
        service: member.name.to_owned(),
        because: member.publish_reason(it).map(str::to_owned),
    };
    member.service.ports.iter().map(port).collect()
}

/// Host names of one service.
pub(crate) fn sites(project: &Project<'_>, member: &Member<'_>) -> Vec<OpenSite> {
    let Some(stack) = project.stack() else { return Vec::new() };
    let site = |it: &Route| {
        let (login, because) = match it.who_asks() {
            Login::Proxy => (Asks::Proxy, None),
            Login::BuiltIn => (Asks::Service, None),
            Login::Open { because } => (Asks::Nobody, Some(because.to_owned())),
            // A kind that this page does not know yet is shown as the worst one.
            _ => (Asks::Nobody, Some("an unknown kind of login".to_owned())),
        };
        OpenSite {
            host: project.resolve(&it.host_name(stack.site())),
            service: member.name.to_owned(),
            login,
            because,
            closed: it.closed_paths().iter().map(|it| (*it).to_owned()).collect(),
        }
    };
    member.routes().iter().map(site).collect()
}
