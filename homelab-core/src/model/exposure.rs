//! Every way in (host port, host name, who asks for the login) and every way out.

mod creators;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::creators::Creator;
use crate::compose::PublishedPort;
use crate::compose::interpolate;
use crate::compose::label;
use crate::dsl::contract::Egress;
use crate::dsl::route::{Address, Login};
use crate::dsl::units::{Port, Protocol};
use crate::model::project::{Member, Project};
use crate::model::reach::{self, Zone};
use crate::proxy::caddyfile::ProxySite;

/// Every way in and out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exposure {
    /// Ports of the host.
    pub ports: Vec<OpenPort>,
    /// Host names that the proxy serves.
    pub hosts: Vec<Host>,
    /// Services that can open connections to the internet.
    pub ways_out: Vec<WayOut>,
    /// Services that the updater may replace before anybody has reviewed the change.
    pub unreviewed: Vec<Unreviewed>,
    /// Services that can create containers.
    pub creators: Vec<Creator>,
    /// Services that can connect to programs on the host itself, at its address on their network.
    pub reach_host: Vec<String>,
}

/// A port of the host that leads into a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenPort {
    /// Address of the host; `all` means every address, `0.0.0.0` every address of IPv4.
    pub address: String,
    /// Port or range.
    pub port: String,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Who listens.
    pub service: String,
    /// Profiles that open it; none means the base.
    pub profiles: Vec<String>,
    /// Why, or the variable that chooses the address; absent when nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
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

/// A service that can open connections to the internet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WayOut {
    /// Name of the service.
    pub service: String,
    /// Profiles that switch it on; none means the base.
    pub profiles: Vec<String>,
    /// Networks that lead out.
    pub networks: Vec<String>,
    /// What it uses the internet for; absent when nothing is known of its image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// A service that follows its tag, or does so when the household switches it on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unreviewed {
    /// Name of the service.
    pub service: String,
    /// Repository and tag.
    pub follows: String,
    /// The variable whose empty line in `.env` switches it on; absent where it is always on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch: Option<String>,
    /// Whether it is on.
    pub is_on: bool,
    /// Why it may; absent when nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl fmt::Display for Unreviewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.switch, self.is_on) {
            (Some(switch), true) => {
                write!(f, "on; without the line `{switch}=` in `.env` it is off")
            }
            (Some(switch), false) => write!(f, "off; `{switch}=` in `.env` switches it on"),
            (None, true) => f.write_str("on"),
            (None, false) => f.write_str("off"),
        }
    }
}

/// Gathers every way in and out; variables have the values that the project was given, else their
/// defaults.
pub fn gather(project: &Project<'_>) -> Exposure {
    let members = || project.members();
    Exposure {
        ports: members().flat_map(|it| ports(project, &it)).collect(),
        hosts: members().flat_map(|it| hosts(project, &it)).collect(),
        ways_out: members().filter_map(|it| way_out(project, &it)).collect(),
        unreviewed: members().filter_map(|it| unreviewed(project, &it)).collect(),
        creators: members().flat_map(|it| creators::through(project, &it)).collect(),
        reach_host: members()
            .filter(|it| reach::gets_out(project, it, Zone::Host))
            .map(|it| it.name.to_owned())
            .collect(),
    }
}

/// Returns the ports of the host that lead into one service.
pub fn ports(project: &Project<'_>, member: &Member<'_>) -> Vec<OpenPort> {
    let open = |port: &PublishedPort| OpenPort {
        address: port.host_ip.as_deref().map_or_else(|| "all".to_owned(), |it| project.resolve(it)),
        port: project.resolve(&port.published),
        protocol: port.protocol,
        service: member.name.to_owned(),
        profiles: member.service.profiles.clone(),
        because: publish_reason(member, port),
    };
    member.service.ports.iter().map(open).collect()
}

fn publish_reason(member: &Member<'_>, port: &PublishedPort) -> Option<String> {
    let is_it = |it: &Port| it.number() == port.target && it.protocol() == port.protocol;
    let publish = member.facts().publishes.iter().find(|it| is_it(&it.port))?;
    Some(match publish.address {
        Address::Everywhere(because) => because.to_owned(),
        Address::Variable(variable) => format!("address from `{}`", variable.name()),
    })
}

/// Returns the host names that lead to one service.
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

/// Returns how one service reaches the internet; `None` when none of its networks leads there.
pub fn way_out(project: &Project<'_>, member: &Member<'_>) -> Option<WayOut> {
    let open = member.service.networks.iter().filter(|it| project.leads_out(it));
    let networks: Vec<_> = open.cloned().collect();
    let declared = member.facts().egress;
    let because = declared.or_else(|| {
        Some(match member.contract()?.egress.get()? {
            Egress::Required(why) | Egress::Optional(why) => why.as_str(),
            Egress::None => "not needed; a network that it is on leads out",
        })
    });
    (!networks.is_empty()).then(|| WayOut {
        service: member.name.to_owned(),
        profiles: member.service.profiles.clone(),
        networks,
        because: because.map(str::to_owned),
    })
}

/// Returns whether the updater may replace one service; `None` when it may not, whatever `.env`
/// says.
pub fn unreviewed(project: &Project<'_>, member: &Member<'_>) -> Option<Unreviewed> {
    let label = member.service.labels.get(label::UPDATE)?;
    let is_on = project.resolve(label).eq_ignore_ascii_case("true");
    let switch = interpolate::variables(label).into_iter().next();
    let image = member.image();
    (is_on || switch.is_some()).then(|| Unreviewed {
        service: member.name.to_owned(),
        follows: format!("{}:{}", image.repository, image.tag.unwrap_or("latest")),
        switch,
        is_on,
        because: member.facts().unattended.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{CATALOGUE, good, spec};
    use crate::dsl::route::Publish;
    use crate::dsl::variable::{EnvVar, Kind, Switch};

    /// Returns who asks for the login at the only host name of the good example.
    #[track_caller]
    fn asked(project: &Project<'_>, expected: (Asks, Option<&str>)) {
        let hosts = gather(project).hosts;
        let [host] = hosts.as_slice() else { panic!("one host name: {hosts:?}") };
        assert_eq!((host.host.as_str(), host.ports.as_slice()), ("notes.home.arpa", &[8080][..]));
        assert_eq!((host.login, host.because.as_deref()), expected);
    }

    #[test]
    fn a_stack_knows_who_asks() {
        for (login, expected) in [
            (Login::Proxy, (Asks::Proxy, None)),
            (Login::BuiltIn, (Asks::Service, None)),
            (Login::Open { because: "a menu" }, (Asks::Nobody, Some("a menu"))),
        ] {
            let mut stack = good();
            let route = &mut spec(&mut stack, "web").routes[0];
            *route = route.login(login).closes(&["/setup"]);
            let project = Project::from_stack(&stack);
            asked(&project, expected);
            assert_eq!(gather(&project).hosts[0].closed, ["/setup"]);
        }
    }

    #[test]
    fn a_bare_file_shows_what_its_labels_tell() {
        let stack = good();
        let mut file = Project::from_stack(&stack).file().clone();
        let bare = Project::from_file(file.clone(), &CATALOGUE);
        asked(&bare, (Asks::Proxy, None));
        let exposure = gather(&bare);
        assert_eq!(exposure.ports[0].because, None);
        let fetch = exposure.ways_out.iter().find(|it| it.service == "fetch");
        let because = fetch.and_then(|it| it.because.as_deref());
        assert_eq!(because, Some("it asks a weather service"), "from its image's contract");

        file.services["web"].labels.shift_remove("caddy.import");
        asked(&Project::from_file(file.clone(), &CATALOGUE), (Asks::Unknown, None));
        // The proxy obeys the labels, whatever the route says.
        asked(&Project::new(file, Some(&stack), &CATALOGUE), (Asks::Unknown, None));
    }

    #[test]
    fn a_service_follows_its_tag_where_the_household_switches_it_on() {
        const FOLLOW: Switch = Switch::new("FOLLOW", "Follows its tag");
        let mut stack = good();
        spec(&mut stack, "fetch").unattended = Some((FOLLOW, "it keeps nothing"));
        let found = |values: &[&str]| {
            let values = values.iter().map(|it| ((*it).to_owned(), String::new())).collect();
            let project = Project::from_stack(&stack).with_values(values);
            let found = gather(&project).unreviewed;
            let lines = found.iter().map(|it| format!("{} {} {it}", it.service, it.follows));
            lines.collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(found(&[]), @"fetch example/fetch:1 off; `FOLLOW=` in `.env` switches it on");
        insta::assert_snapshot!(found(&["FOLLOW"]), @"fetch example/fetch:1 on; without the line `FOLLOW=` in `.env` it is off");
    }

    #[test]
    fn a_port_says_why_it_is_open() {
        const LAN: EnvVar = EnvVar::new("LAN", Kind::Ipv4, "Address.").or("10.0.0.1");
        let mut stack = good();
        // The same number as the one that is there, with the other protocol.
        spec(&mut stack, "caddy").publishes.push(Publish::at(&LAN, Port::udp(443)));
        let exposure = gather(&Project::from_stack(&stack));
        let lines = exposure
            .ports
            .iter()
            .map(|it| format!("{} {}/{} {:?}", it.address, it.port, it.protocol, it.because));
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
        all 443/tcp Some("the way in")
        10.0.0.1 443/udp Some("address from `LAN`")
        "#);
    }
}
