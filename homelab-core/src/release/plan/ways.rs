//! Gathers ways in and out in the form in which a plan compares them.

use super::{Way, WayKind};
use crate::model::exposure::{self, Asks, Host};
use crate::model::project::Project;

/// Returns every way in and out.
pub(super) fn ways(project: &Project<'_>) -> Vec<Way> {
    let exposure = exposure::gather(project);
    let ports = exposure.ports.into_iter().map(|port| Way {
        service: port.service,
        kind: WayKind::Port,
        what: format!("{}:{}/{}", port.address, port.port, port.protocol),
        how: port
            .network
            .map_or_else(|| "published".to_owned(), |it| format!("its own address on `{it}`")),
    });
    let served = exposure.hosts.into_iter().filter(|it| it.off_until.is_none());
    let hosts = served.map(|host| Way {
        how: how(&host),
        what: host.place(),
        service: host.service,
        kind: WayKind::Host,
    });
    let out = exposure.ways_out.into_iter().map(|way| Way {
        service: way.service,
        kind: WayKind::Out,
        what: "internet".to_owned(),
        how: format!("over {}", way.networks.join(", ")),
    });
    ports.chain(hosts).chain(out).collect()
}

/// Says who asks for a login at a host name, and which of its paths are closed.
fn how(host: &Host) -> String {
    let until = host.closed_until.iter().filter(|it| !it.is_open).flat_map(|it| &it.paths);
    let closed: Vec<_> = host.closed.iter().chain(until).map(String::as_str).collect();
    let mut how = match host.login {
        Asks::Proxy => "the proxy asks for the login".to_owned(),
        Asks::Service | Asks::Nobody | Asks::Unknown => {
            "the proxy does not ask for a login".to_owned()
        }
    };
    if !host.open.is_empty() {
        how = format!("{how}, but not on {}", host.open.join(" "));
    }
    if host.is_public {
        how = format!("{how}; its certificate is public");
    }
    if !closed.is_empty() {
        how = format!("{how}; closed: {}", closed.join(" "));
    }
    how
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::good_in_lan;
    use crate::model::power;

    #[test]
    fn a_machine_of_the_households_network_is_a_way_in_and_a_power() {
        let stack = good_in_lan();
        let project = Project::from_stack(&stack);
        let ways = ways(&project).into_iter().filter(|it| it.service == "fetch");
        let ways: Vec<_> = ways.map(|it| format!("{}: {}", it.what, it.how)).collect();
        insta::assert_snapshot!(ways.join("\n"), @r"
        192.168.1.53:any/tcp: its own address on `lan`
        192.168.1.53:any/udp: its own address on `lan`
        internet: over lan
        ");
        let member = project.member("fetch").expect("the good example has it");
        let powers: Vec<_> = power::of(&project, &member).iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(powers.join("\n"), @r"
        is allowed `macvlan.lan`: the house asks it
        is a machine of the household's network (`networks: lan`)
        starts as root
        ");
    }
}
