//! Every network has its own addresses, and every bridge those of the house's range.
//!
//! When the file names no addresses, the engine takes them from its own pools, which are enough for
//! about thirty networks: it refuses the next one. It also refuses two networks with the same
//! addresses, and a network with those of `docker0`, which is its own: `172.17.0.0/16` where its
//! settings do not say otherwise.
//!
//! Fix: give `Site::subnets` a wider range: networks that services share by name take a /24 of its
//! first half, all others a /29 of its second one.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::dsl::subnet::Subnet;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "network-range",
    severity: Severity::Error,
    source: include_str!("network_range.rs"),
    run,
};

/// The addresses of the engine's own bridge: <https://docs.docker.com/engine/network/#default-address-pools>.
const DOCKER0: Subnet = Subnet::new([172, 17, 0, 0], 16);

fn run(project: &Project<'_>, findings: &mut Findings) {
    let range = project.stack().map(|it| it.site.subnets);
    let mut taken: Vec<(Subnet, &str)> = Vec::new();
    for (key, network) in &project.file().networks {
        let subnets = network.subnets().map(|it| project.resolve(it));
        let subnets: Vec<_> = subnets.filter_map(|it| Subnet::parse(&it)).collect();
        // Those of a macvlan network are the household's own.
        let range = range.filter(|_| !network.is_macvlan());
        if let Some(range) = range.filter(|_| subnets.is_empty()) {
            findings.about(
                key,
                format!("the network `{key}` has no addresses of the house's range `{range}`"),
                "give `Site::subnets` a range with a smaller prefix".to_owned(),
            );
        }
        let is_foreign = |it: &&Subnet| range.is_some_and(|range| !range.holds(**it));
        if let (Some(subnet), Some(range)) = (subnets.iter().find(is_foreign), range) {
            findings.about(
                key,
                format!("the network `{key}` has `{subnet}`, and the house's range is `{range}`"),
                format!("give `{key}` addresses of `{range}` alone"),
            );
        }
        // Beside a household's network with these addresses the engine chooses others for `docker0`.
        let is_engines = |it: &&Subnet| !network.is_macvlan() && it.overlaps(DOCKER0);
        if let Some(subnet) = subnets.iter().find(is_engines) {
            findings.about(
                key,
                format!("the network `{key}` has `{subnet}`, and the engine's own `docker0` has `{DOCKER0}`"),
                Help::new(
                    "give `Site::subnets` another range, such as `10.231.0.0/16`",
                    format!("give `{key}` another subnet, such as `10.231.0.0/24`"),
                ),
            );
        }
        for subnet in subnets {
            if let Some((other, owner)) = taken.iter().find(|it| it.0.overlaps(subnet)) {
                findings.about(
                    key,
                    format!("the network `{key}` has `{subnet}`, and `{owner}` has `{other}`"),
                    format!("give `{key}` a subnet that no other network has"),
                );
            }
            taken.push((subnet, key));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_lan, break_stack};
    use crate::dsl::subnet::Subnet;

    #[test]
    fn a_network_that_does_not_fit_is_found() {
        let found = break_stack(|stack| stack.site.subnets = Subnet::new([10, 231, 0, 0], 27));
        insta::assert_snapshot!(found, @r"
        error[network-range]: the network `proxy` has no addresses of the house's range `10.231.0.0/27`
          --> proxy
          help: give `Site::subnets` a range with a smaller prefix
        error[network-range]: the network `backend` has no addresses of the house's range `10.231.0.0/27`
          --> backend
          help: give `Site::subnets` a range with a smaller prefix
        error[network-range]: the network `egress` has no addresses of the house's range `10.231.0.0/27`
          --> egress
          help: give `Site::subnets` a range with a smaller prefix
        error[network-range]: the network `dump.db` has no addresses of the house's range `10.231.0.0/27`
          --> dump.db
          help: give `Site::subnets` a range with a smaller prefix
        ");
    }

    #[test]
    fn a_network_without_addresses_is_found() {
        let found = break_file(|file| file.networks["egress"].ipam = None);
        insta::assert_snapshot!(found, @r"
        error[network-range]: the network `egress` has no addresses of the house's range `10.231.0.0/16`
          --> egress
          help: give `Site::subnets` a range with a smaller prefix
        ");
    }

    #[test]
    fn addresses_outside_of_the_range_are_found() {
        use crate::compose::{AddressRange, Ipam};
        for subnets in [&["10.0.0.0/8"][..], &["10.231.0.0/29", "192.168.7.0/24"]] {
            let found = break_file(|file| {
                let config = subnets.iter().map(|it| AddressRange::of(*it)).collect();
                file.networks["proxy"].ipam = Some(Ipam { config });
                file.networks.retain(|key, _| key == "proxy");
            });
            let wrong = subnets[subnets.len() - 1];
            let first = found.lines().find(|it| it.contains("[network-range]"));
            assert_eq!(
                first,
                Some(&*format!(
                    "error[network-range]: the network `proxy` has `{wrong}`, and the house's range is \
                     `10.231.0.0/16`"
                )),
                "{found}"
            );
        }
    }

    #[test]
    fn the_households_own_addresses_are_found() {
        let found = break_lan(
            |_| {},
            |file| {
                let (of, lan) = ("10.231.0.0/16".to_owned(), "lan");
                file.networks[lan].ipam.as_mut().expect("it has addresses").config[0].subnet = of;
            },
        );
        let found: Vec<_> = found.lines().filter(|it| it.contains("network-range")).collect();
        let found = found.join("\n");
        insta::assert_snapshot!(found, @r"
        error[network-range]: the network `lan` has `10.231.0.0/16`, and `proxy` has `10.231.91.0/24`
        error[network-range]: the network `caddy.socket` has `10.231.140.24/29`, and `lan` has `10.231.0.0/16`
        error[network-range]: the network `caddy.web` has `10.231.147.224/29`, and `lan` has `10.231.0.0/16`
        error[network-range]: the network `dump.db` has `10.231.168.104/29`, and `lan` has `10.231.0.0/16`
        ");
    }

    #[test]
    fn the_engines_own_addresses_are_found() {
        let found = break_stack(|stack| stack.site.subnets = Subnet::new([172, 16, 0, 0], 12));
        assert_eq!(found, "");
        let found = break_file(|file| {
            file.networks["backend"].ipam.as_mut().expect("it has addresses").config[0].subnet =
                "172.17.9.0/24".to_owned();
        });
        let found = found.lines().skip_while(|it| !it.contains("docker0")).collect::<Vec<_>>();
        insta::assert_snapshot!(found.join("\n"), @r"
        error[network-range]: the network `backend` has `172.17.9.0/24`, and the engine's own `docker0` has `172.17.0.0/16`
          --> backend
          help: give `Site::subnets` another range, such as `10.231.0.0/16`
        ");
    }

    #[test]
    fn addresses_of_another_network_are_found() {
        let found = break_file(|file| {
            let ipam = file.networks["proxy"].ipam.clone();
            file.networks["egress"].ipam = ipam;
        });
        insta::assert_snapshot!(found, @r"
        error[network-range]: the network `egress` has `10.231.91.0/24`, and `proxy` has `10.231.91.0/24`
          --> egress
          help: give `egress` a subnet that no other network has
        ");
    }
}
