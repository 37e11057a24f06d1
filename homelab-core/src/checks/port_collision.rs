//! A port of the host is published once.
//!
//! The second of them does not start: `port is already allocated`, and neither does a service that
//! publishes one twice. All combinations of profiles are valid, so two profiles do not keep two
//! services apart, unless only one of them may be on (`Profile::one_of`).
//!
//! Fix: publish one of them on another port, or on another address of the host. A port that
//! is published without an address, or on `0.0.0.0`, takes it on every address.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use indexmap::IndexMap;

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::units::Protocol;
use crate::model::project::{Member, PortRange, Project};

pub(super) const RULE: Rule = Rule {
    id: "port-collision",
    severity: Severity::Error,
    source: include_str!("port_collision.rs"),
    run,
};

/// The address and ports of the host that a service takes.
struct Claim<'a> {
    member: Member<'a>,
    text: String,
    address: String,
    ports: RangeInclusive<u16>,
    protocol: Protocol,
}

fn run(project: &Project<'_>, findings: &mut Findings) {
    let claims: Vec<_> = project.members().flat_map(|it| claims(project, it)).collect();
    // A single port is compared with the same port and with ranges, a range with everything.
    let mut ports: IndexMap<u16, Vec<usize>> = IndexMap::new();
    let mut ranges: Vec<usize> = Vec::new();
    for (at, late) in claims.iter().enumerate() {
        let earlier: BTreeSet<usize> = if late.ports.start() == late.ports.end() {
            let same = ports.entry(*late.ports.start()).or_default();
            let earlier = same.iter().chain(&ranges).copied().collect();
            same.push(at);
            earlier
        } else {
            ranges.push(at);
            (0..at).collect()
        };
        let earlier = earlier.into_iter().map(|it| &claims[it]).filter(|it| collide(it, late));
        for early in earlier.filter(|it| !project.never_together(&it.member, &late.member)) {
            findings.on(
                &late.member,
                format!(
                    "`{}` ({}) publishes `{}`, which collides with `{}` of `{}` ({})",
                    late.member.name,
                    enabled(&late.member),
                    late.text,
                    early.text,
                    early.member.name,
                    enabled(&early.member)
                ),
                "publish one of them on another port or on another address of the host".to_owned(),
            );
        }
    }
}

fn claims<'a>(project: &Project<'_>, member: Member<'a>) -> Vec<Claim<'a>> {
    let claim = |it: PortRange<'_>| {
        Some(Claim {
            member,
            text: it.to_string(),
            // Port 0 is whatever is free, which never collides.
            ports: it.numbers.clone().filter(|it| *it.start() > 0)?,
            protocol: it.protocol(),
            address: it.address.unwrap_or_default(),
        })
    };
    project.ranges(&member.service.ports).into_iter().filter_map(claim).collect()
}

fn collide(a: &Claim<'_>, b: &Claim<'_>) -> bool {
    a.protocol == b.protocol
        && a.ports.start() <= b.ports.end()
        && b.ports.start() <= a.ports.end()
        && (covers(&a.address, &b.address) || covers(&b.address, &a.address))
}

/// Whether a port on one address of the host is also taken on the other address.
fn covers(wide: &str, narrow: &str) -> bool {
    match wide {
        "" => true,
        "0.0.0.0" => !narrow.contains(':'),
        "::" | "[::]" => narrow.is_empty() || narrow.contains(':'),
        wide => wide == narrow,
    }
}

fn enabled(member: &Member<'_>) -> String {
    let profiles: Vec<_> = member.service.profiles.iter().map(|it| format!("`{it}`")).collect();
    if profiles.is_empty() {
        "always on".to_owned()
    } else {
        format!("profile {}", profiles.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::{Protocol, covers};
    use crate::checks::testing::{NOTES, break_both, break_file, break_stack, spec};
    use crate::compose::PublishedPort;
    use crate::dsl::resource::Profile;
    use crate::dsl::stack::Stack;
    use crate::prelude::{Port, Publish};

    /// Lets `fetch` publish a port on an address, while `caddy` publishes 443 on all of them.
    fn with(address: Option<&str>, published: &str, protocol: Protocol) -> String {
        break_file(|file| {
            file.services["fetch"].ports = vec![PublishedPort {
                target: 8080,
                published: published.to_owned(),
                host_ip: address.map(str::to_owned),
                protocol,
            }];
        })
    }

    #[test]
    fn a_port_of_one_address_collides_with_that_of_all() {
        insta::assert_snapshot!(with(Some("127.0.0.1"), "443", Protocol::Tcp), @r"
        error[port-collision]: `fetch` (always on) publishes `127.0.0.1:443/tcp`, which collides with `443/tcp` of `caddy` (always on)
          --> fetch.rs
          help: publish one of them on another port or on another address of the host
        ");
    }

    #[test]
    fn a_port_in_a_range_collides() {
        insta::assert_snapshot!(with(None, "440-450", Protocol::Tcp), @r"
        error[port-collision]: `fetch` (always on) publishes `440-450/tcp`, which collides with `443/tcp` of `caddy` (always on)
          --> fetch.rs
          help: publish one of them on another port or on another address of the host
        ");
    }

    #[test]
    fn services_of_which_only_one_runs_may_have_the_same_port() {
        const ONE: Profile = Profile::new("one", "This one.").one_of("dns");
        const TWO: Profile = Profile::new("two", "Or this one.").one_of("dns");
        const BOTH: Profile = Profile::new("both", "With either.");
        let with = |other: Profile| {
            let stack_change = |stack: &mut Stack| {
                stack.site.profiles = vec![NOTES, ONE, other].leak();
                spec(stack, "fetch").profiles = vec![ONE];
                spec(stack, "caddy").profiles = vec![other];
            };
            let found = break_both(stack_change, |file| {
                file.services["fetch"].ports = file.services["caddy"].ports.clone();
            });
            found.contains("port-collision")
        };
        assert!(!with(TWO));
        assert!(with(BOTH));
    }

    #[test]
    fn two_ports_of_one_service_collide() {
        let found = break_stack(|stack| {
            let again = Publish::everywhere(Port::new(440), "mail").up_to(445);
            spec(stack, "caddy").publishes.push(again);
        });
        let told =
            "error[port-collision]: `caddy` (always on) publishes `440-445/tcp`, which collides";
        assert_eq!(found.matches(told).count(), 1, "{found}");
    }

    #[test]
    fn another_protocol_port_or_address_is_not_found() {
        assert_eq!(with(None, "443", Protocol::Udp), "");
        assert_eq!(with(None, "444", Protocol::Tcp), "");
        assert!(!covers("127.0.0.1", "127.0.0.2") && covers("0.0.0.0", "127.0.0.1"));
    }
}
