//! Every way in (host port, host name, who asks for the login) and every way out.

mod creators;
mod hosts;
mod ports;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::creators::Creator;
pub use self::hosts::{Asks, ClosedUntil, Host, hosts};
pub use self::ports::ports;
use crate::compose::interpolate;
use crate::compose::label;
use crate::dsl::contract::Egress;
use crate::dsl::privilege::Exception;
use crate::dsl::units::Protocol;
use crate::model::project::{Member, Project};
use crate::model::reach::{self, Zone};

/// Every way in and out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exposure {
    /// Ports of the host, and those of services that are machines of the household's network.
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

/// A port of the host, or of a container that is a machine of the household's network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenPort {
    /// Address of the host; `all` means every address, `0.0.0.0` every address of IPv4. On a
    /// network: the service's own, `unknown` where the file leaves it to the engine.
    pub address: String,
    /// The macvlan network on which the address is the service's own; absent for the host's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Port or range; `any` for one whose ports nobody knows.
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

/// Returns how one service reaches the internet; `None` when none of its networks leads there.
pub fn way_out(project: &Project<'_>, member: &Member<'_>) -> Option<WayOut> {
    let open = member.networks().iter().filter(|it| project.leads_out(it));
    let networks: Vec<_> = open.cloned().collect();
    let declared = member.facts().egress.map(str::to_owned);
    let owner = member.owner().map(|it| format!("as `{it}`, whose network it has"));
    let on_host = member.reason_for(Exception::Namespace("network_mode", "host"));
    let because = declared.or(owner).or_else(|| Some(on_host?.to_owned())).or_else(|| {
        let because = match member.contract()?.egress.get()? {
            Egress::Required(why) | Egress::Optional(why) => why.as_str(),
            Egress::None => "not needed; a network that it is on leads out",
        };
        Some(because.to_owned())
    });
    (!networks.is_empty()).then(|| WayOut {
        service: member.name.to_owned(),
        profiles: member.service.profiles.clone(),
        networks,
        because,
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
    use crate::dsl::route::Login;
    use crate::dsl::service::{NetworkMode, Spec};
    use crate::dsl::variable::Switch;

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
    fn whatever_puts_it_there_who_gets_out_is_listed() {
        let mut stack = good();
        let (name, fetch) = (spec(&mut stack, "fetch").name, spec(&mut stack, "fetch").clone());
        let mut add = |other, network| {
            let name = crate::dsl::name::ServiceName::new(other);
            stack.services.push(Spec { name, egress: None, network, ..fetch.clone() });
        };
        add("rider", Some(NetworkMode::Service(name)));
        add("hub", Some(NetworkMode::Host));
        add("hermit", None);
        let mut file = Project::from_stack(&stack).file().clone();
        // Without a network and a mode, as anybody writes it.
        file.services["dump"].networks.clear();
        let exposure = gather(&Project::from_file(file, &CATALOGUE));
        let out = exposure.ways_out.iter().map(|it| (&*it.service, it.networks.join(" ")));
        insta::assert_snapshot!(format!("{:#?}", out.collect::<Vec<_>>()), @r#"
        [
            (
                "caddy",
                "proxy",
            ),
            (
                "dump",
                "default",
            ),
            (
                "fetch",
                "egress",
            ),
            (
                "rider",
                "egress",
            ),
            (
                "hub",
                "network_mode: host",
            ),
        ]
        "#);
        insta::assert_snapshot!(exposure.reach_host.join(" "), @"caddy dump fetch rider hub");
        let open =
            |it: &OpenPort| format!("{} {}/{} {:?}", it.service, it.port, it.protocol, it.because);
        let ports: Vec<_> = exposure.ports.iter().map(open).collect();
        insta::assert_snapshot!(ports.join("\n"), @r#"
        caddy 443/tcp None
        hub any/tcp Some("the host's network: nobody said why")
        hub any/udp Some("the host's network: nobody said why")
        "#);
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
}
