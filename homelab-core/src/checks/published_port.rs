//! A published port is one that the image listens on.
//!
//! Behind any other one nobody answers, and whatever listens there one day is open to whoever
//! reaches the host's address. A range has to begin with its smallest number, and has to end at 65535
//! at the latest, on the host as well.
//!
//! Docker keeps a process for each port, and the file has an entry for each: a service that publishes
//! thousands of them takes the host's memory, and no host reads a release of so many entries.
//!
//! The address that it is published at is one of the host. No host has an address such as `0.0.0.1`, nor
//! one of a group or of everybody.
//!
//! Fix: publish the port that the image's documentation names; `.as_host_port(…)` gives it another
//! number on the host. Where a setting makes the image listen elsewhere, accept the finding with
//! `.accept("published-port", "…")`. Give a program that talks on a range a small one by its settings.

use std::net::IpAddr;

use indexmap::IndexSet;

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::PublishedPort;
use crate::dsl::route::Publish;
use crate::dsl::units::Port;
use crate::model::project::{Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "published-port",
    severity: Severity::Error,
    source: include_str!("published_port.rs"),
    run,
};

/// The most ports that a service publishes: our choice. A host reads a release with some 5,000 at most.
const MOST: usize = 1000;

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        for publish in member.facts().publishes.iter().filter(|it| !it.is_valid()) {
            let Publish { port, last, host_port, .. } = publish;
            findings.on(
                &member,
                format!(
                    "`{}` publishes `{port}` up to `{last}` as `{host_port}`, which is no range of ports",
                    member.name
                ),
                "give numbers from 1 to 65535, and the last one behind the first".to_owned(),
            );
        }
        let ports = member.service.ports.len();
        if ports > MOST {
            findings.on(
                &member,
                format!("`{}` publishes {ports} ports, and {MOST} are a lot", member.name),
                format!("publish a smaller range, of at most {MOST} ports"),
            );
        }
        let places = member.service.ports.iter().filter_map(|it| it.host_ip.as_deref());
        let places: IndexSet<_> = places.map(|it| project.resolve(it)).collect();
        for address in places.iter().filter(|it| !may_be_a_hosts(it)) {
            findings.on(
                &member,
                format!(
                    "`{}` publishes a port at `{address}`, which is no address of a host",
                    member.name
                ),
                "give an address of the host, such as `127.0.0.1` for itself alone".to_owned(),
            );
        }
        // A rule about exposed databases says more.
        if !member.is_private() {
            unheard(project, &member, findings);
        }
    }
}

/// Whether a host can have an address; what a variable without a default will say is known there.
fn may_be_a_hosts(address: &str) -> bool {
    match address.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(it)) => it.is_unspecified() || (1..224).contains(&it.octets()[0]),
        Ok(IpAddr::V6(it)) => !it.is_multicast(),
        Err(_) => address.is_empty() || address.contains('$'),
    }
}

fn unheard(project: &Project<'_>, member: &Member<'_>, findings: &mut Findings) {
    let Some(contract) = member.contract() else { return };
    let Some(known) = contract.ports.get() else { return };
    let is_known = |it: &Port, target, protocol| (it.number(), it.protocol()) == (target, protocol);
    let is_heard =
        |port: &&PublishedPort| known.iter().any(|it| is_known(it, port.target, port.protocol));
    let unheard = project.published(member).into_iter().filter(|it| !is_heard(it));
    for range in project.ranges(unheard) {
        let (first, last) = (range.targets.start(), range.targets.end());
        let target = if first == last { first.to_string() } else { format!("{first}-{last}") };
        let known: Vec<_> = known.iter().map(|it| format!("`{it}`")).collect();
        let listens = if known.is_empty() { "no port".to_owned() } else { known.join(", ") };
        findings.on(
            member,
            format!(
                "`{}` publishes its port `{}/{}` as `{}`, and `{}` listens on {listens}",
                member.name,
                target,
                range.protocol(),
                range,
                contract.repository
            ),
            "publish a port that the image listens on, or accept this with the setting that makes it \
             listen there"
                .to_owned(),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack, spec};
    use crate::prelude::{Port, Publish};

    fn publishing(publish: Publish) -> String {
        break_stack(|stack| spec(stack, "caddy").publishes = vec![publish])
    }

    #[test]
    fn a_port_on_which_nobody_listens_is_found() {
        let found = publishing(Publish::everywhere(Port::new(444), "guests").as_host_port(80));
        insta::assert_snapshot!(found, @r"
        error[published-port]: `caddy` publishes its port `444/tcp` as `80/tcp`, and `example/proxy` listens on `443/tcp`
          --> caddy.rs
          help: publish a port that the image listens on, or accept this with the setting that makes it listen there
        ");
        let udp = publishing(Publish::everywhere(Port::udp(443), "guests"));
        assert!(udp.contains("listens on `443/tcp`"), "{udp}");
    }

    #[test]
    fn a_range_is_one_finding() {
        let guests = Publish::everywhere(Port::new(440), "guests");
        let found = publishing(guests.up_to(442).as_host_port(8440));
        insta::assert_snapshot!(found, @r"
        error[published-port]: `caddy` publishes its port `440-442/tcp` as `8440-8442/tcp`, and `example/proxy` listens on `443/tcp`
          --> caddy.rs
          help: publish a port that the image listens on, or accept this with the setting that makes it listen there
        ");
        let found = publishing(guests.up_to(65_000));
        // What is below and above the image's port, and that there are so many.
        assert_eq!(found.matches("error[published-port]").count(), 3, "{found}");
        assert!(found.contains("`caddy` publishes 64561 ports, and 1000 are a lot"), "{found}");
        assert!(!publishing(guests.up_to(1439)).contains("a lot"));
        assert!(found.contains("its port `444-65000/tcp` as `444-65000/tcp`"), "{found}");
    }

    #[test]
    fn an_address_that_no_host_has_is_found() {
        let at = |address: &str| {
            break_file(|file| {
                file.services["caddy"].ports[0].host_ip = Some(address.to_owned());
            })
        };
        insta::assert_snapshot!(at("0.0.0.1"), @r"
        error[published-port]: `caddy` publishes a port at `0.0.0.1`, which is no address of a host
          --> caddy.rs
          help: give an address of the host, such as `127.0.0.1` for itself alone
        ");
        for address in ["224.0.0.1", "255.255.255.255", "[ff02::1]", "10.0.0.333", "lan"] {
            assert!(
                at(address).starts_with("error[published-port]: "),
                "{address}: {}",
                at(address)
            );
        }
        for address in ["0.0.0.0", "127.0.0.1", "192.168.1.255", "::", "[::1]", "${LAN:?it}"] {
            assert!(!at(address).contains("no address of a host"), "{address}");
        }
    }

    #[test]
    fn another_number_on_the_host_is_accepted() {
        let guests = Publish::everywhere(Port::new(443), "guests");
        assert_eq!(publishing(guests.as_host_port(8443)), "");
    }

    #[test]
    fn a_range_that_is_none_is_found() {
        let web = Publish::everywhere(Port::new(443), "guests");
        insta::assert_snapshot!(publishing(web.up_to(442)), @r"
        error[published-port]: `caddy` publishes `443/tcp` up to `442` as `443`, which is no range of ports
          --> caddy.rs
          help: give numbers from 1 to 65535, and the last one behind the first
        ");
        for wrong in [web.as_host_port(0), web.up_to(445).as_host_port(65_534)] {
            assert!(publishing(wrong).contains("which is no range of ports"), "{wrong:?}");
        }
        assert!(!publishing(web.up_to(444).as_host_port(65_534)).contains("no range"));
    }
}
