//! A service on a macvlan network has an address of its own there, which no other machine has.
//!
//! There it is a machine of the household's network. The engine does not ask the router which
//! addresses are free: an address that the engine chooses may be another machine's, and then neither
//! is reached reliably. It does refuse an address that is not one of the network's subnet, and one
//! that another service or the router has.
//!
//! The network's subnet is the household's own. Without a parent, the engine makes an interface that
//! leads nowhere.
//!
//! Fix: `.ipv4_address(LAN, ADDRESS, "why")` with a variable, and in `.env` an address that the
//! router gives to nobody by DHCP.

use std::net::Ipv4Addr;

use indexmap::IndexMap;

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::compose::{Network, macvlan};
use crate::dsl::subnet::Subnet;
use crate::model::project::{Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "static-address",
    severity: Severity::Error,
    source: include_str!("static_address.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for (key, network) in project.file().networks.iter().filter(|it| it.1.is_macvlan()) {
        let parent = network.driver_opts.contains_key(macvlan::PARENT);
        let subnet = network.subnets().next().is_some();
        for (what, _) in [("parent", parent), ("subnet", subnet)].iter().filter(|it| !it.1) {
            findings.about(
                key,
                format!("the macvlan network `{key}` has no {what}"),
                format!("give `{key}` the {what} of the household's network"),
            );
        }
    }
    let mut taken: IndexMap<(&str, String), Member<'_>> = IndexMap::new();
    for member in project.members() {
        for on in &member.service.networks {
            let Some(network) = project.file().networks.get(&on.key) else { continue };
            match on.ipv4_address.as_ref().map(|it| project.resolve(it)) {
                // A variable without a default has its value on the host.
                Some(address) if address.starts_with('$') => {}
                Some(address) => {
                    unfit(project, &member, (&on.key, network), &address, findings);
                    let other = taken.insert((&on.key, address.clone()), member);
                    let is_alone =
                        other.as_ref().is_none_or(|it| project.never_together(it, &member));
                    if let Some(other) = other.filter(|_| !is_alone) {
                        report(
                            &member,
                            &on.key,
                            &format!("`{address}`, as has `{}`", other.name),
                            findings,
                        );
                    }
                }
                None if network.is_macvlan() => {
                    report(&member, &on.key, "an address that the engine chooses", findings);
                }
                None => {}
            }
        }
    }
}

/// Reports an address that the engine refuses.
fn unfit(
    project: &Project<'_>,
    member: &Member<'_>,
    (key, network): (&str, &Network),
    address: &str,
    findings: &mut Findings,
) {
    let subnets: Vec<_> = network.subnets().map(|it| project.resolve(it)).collect();
    let ranges = network.ipam.iter().flat_map(|it| &it.config);
    let mut gateways = ranges.filter_map(|it| it.gateway.as_ref()).map(|it| project.resolve(it));
    let parsed = address.parse::<Ipv4Addr>().ok();
    let fits = |it: &String| {
        let subnet = Subnet::parse(it);
        it.starts_with('$') || parsed.is_some_and(|at| subnet.is_some_and(|it| it.has_machine(at)))
    };
    if gateways.any(|it| it == address) {
        report(member, key, &format!("`{address}`, which is the router's"), findings);
    } else if !subnets.iter().any(fits) {
        let subnets = subnets.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
        let of = if subnets.is_empty() { "a subnet in the file".to_owned() } else { subnets };
        report(member, key, &format!("`{address}`, which is no machine's of {of}"), findings);
    }
}

fn report(member: &Member<'_>, network: &str, has: &str, findings: &mut Findings) {
    findings.on(
        member,
        format!("`{}` has on the network `{network}` {has}", member.name),
        Help::new(
            "give it a free address by `.ipv4_address(…)`, with a variable of `.env`",
            "give it a free address as `ipv4_address`",
        ),
    );
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_lan, good, good_in_lan, in_lan, spec};
    use crate::lower::lower;
    use crate::model::project::Project;

    #[test]
    fn a_service_with_an_address_of_its_own_is_fine() {
        assert_eq!(break_lan(|_| {}, |_| {}), "");
    }

    #[test]
    fn an_address_that_the_engine_chooses_is_found() {
        let found = break_lan(|stack| spec(stack, "fetch").addresses.clear(), |_| {});
        insta::assert_snapshot!(found, @r"
        error[static-address]: `fetch` has on the network `lan` an address that the engine chooses
          --> fetch.rs
          help: give it a free address by `.ipv4_address(…)`, with a variable of `.env`
        error[unused]: no service uses the variable `LAN_ADDRESS`
          --> LAN_ADDRESS.rs
          help: remove `LAN_ADDRESS` from `Site::variables`
        ");
    }

    #[test]
    fn addresses_that_are_others_are_found() {
        let at = |address: &str| {
            break_lan(
                |_| {},
                |file| {
                    let fetch = &mut file.services["fetch"];
                    fetch.networks[0].ipv4_address = Some(address.to_owned());
                },
            )
        };
        insta::assert_snapshot!(at("192.168.2.53"), @r"
        error[static-address]: `fetch` has on the network `lan` `192.168.2.53`, which is no machine's of `192.168.1.0/24`
          --> fetch.rs
          help: give it a free address by `.ipv4_address(…)`, with a variable of `.env`
        error[unused]: no service uses the variable `LAN_ADDRESS`
          --> LAN_ADDRESS.rs
          help: remove `LAN_ADDRESS` from `Site::variables`
        ");
        insta::assert_snapshot!(at("192.168.1.1"), @r"
        error[static-address]: `fetch` has on the network `lan` `192.168.1.1`, which is the router's
          --> fetch.rs
          help: give it a free address by `.ipv4_address(…)`, with a variable of `.env`
        error[unused]: no service uses the variable `LAN_ADDRESS`
          --> LAN_ADDRESS.rs
          help: remove `LAN_ADDRESS` from `Site::variables`
        ");
        for address in ["192.168.1.0", "192.168.1.255", "x", "fd00::1"] {
            assert!(
                at(address).starts_with("error[static-address]: "),
                "{address}: {}",
                at(address)
            );
        }
        let found = at("${ELSEWHERE:?it is said there}");
        assert!(!found.contains("static-address"), "{found}");
    }

    #[test]
    fn the_address_of_a_real_env_is_judged() {
        let stack = good_in_lan();
        let found = |subnet: &str| {
            let values = [("LAN_SUBNET".to_owned(), subnet.to_owned())];
            let project = Project::from_stack(&stack).with_values(values.into());
            crate::checks::check(&project).findings.iter().any(|it| it.rule == super::RULE.id)
        };
        assert!(found("192.168.2.0/24") && !found("192.168.0.0/16"));
    }

    #[test]
    fn two_services_with_one_address_are_found() {
        let found = break_lan(|stack| in_lan(spec(stack, "dump")), |_| {});
        insta::assert_snapshot!(found, @r"
        error[static-address]: `fetch` has on the network `lan` `192.168.1.53`, as has `dump`
          --> fetch.rs
          help: give it a free address by `.ipv4_address(…)`, with a variable of `.env`
        ");
    }

    #[test]
    fn a_network_that_leads_nowhere_is_found() {
        let found = break_lan(
            |_| {},
            |file| {
                file.networks["lan"].driver_opts.clear();
                file.networks["lan"].ipam = None;
            },
        );
        insta::assert_snapshot!(found, @r"
        error[static-address]: the macvlan network `lan` has no parent
          --> lan
          help: give `lan` the parent of the household's network
        error[static-address]: the macvlan network `lan` has no subnet
          --> lan
          help: give `lan` the subnet of the household's network
        error[static-address]: `fetch` has on the network `lan` `192.168.1.53`, which is no machine's of a subnet in the file
          --> fetch.rs
          help: give it a free address by `.ipv4_address(…)`, with a variable of `.env`
        error[unused]: no service uses the variable `LAN_PARENT`
          --> LAN_PARENT.rs
          help: remove `LAN_PARENT` from `Site::variables`
        error[unused]: no service uses the variable `LAN_SUBNET`
          --> LAN_SUBNET.rs
          help: remove `LAN_SUBNET` from `Site::variables`
        error[unused]: no service uses the variable `LAN_GATEWAY`
          --> LAN_GATEWAY.rs
          help: remove `LAN_GATEWAY` from `Site::variables`
        ");
    }

    #[test]
    fn an_address_on_a_bridge_is_judged_as_well() {
        let mut file = lower(&good());
        file.services["fetch"].networks[0].ipv4_address = Some("10.0.0.1".to_owned());
        let found = crate::checks::check(&Project::from_file(file, &[])).findings;
        let found = found.iter().find(|it| it.rule == super::RULE.id).map(|it| &*it.message);
        insta::assert_snapshot!(found.unwrap_or_default(), @"`fetch` has on the network `egress` `10.0.0.1`, which is no machine's of `10.231.30.0/24`");
    }
}
