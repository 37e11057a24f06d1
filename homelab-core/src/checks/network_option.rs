//! A network has no unknown driver or option, a name of its own, and private addresses.
//!
//! The driver and its options decide who reaches whom: `gateway_mode_ipv4: nat-unprotected` opens
//! every port of every member, `bridge.name` joins an existing bridge. The drivers that the model of
//! reachability understands are `bridge` and `macvlan`. A network whose real name is
//! `host`, `bridge` or `none` is the engine's. And the host sends all traffic for a network's
//! addresses to its containers: with `0.0.0.0/1` that would be half of the internet. Private
//! addresses are those of RFC 1918, and `fc00::/7` of RFC 4193.
//!
//! Fix: remove the option, give the network a name of its own, or addresses such as `10.231.0.0/24`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::{Network, bridge, macvlan};
use crate::dsl::subnet::Subnet;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "network-option",
    severity: Severity::Error,
    source: include_str!("network_option.rs"),
    run,
};

/// Options of bridges that the model of reachability understands.
const BRIDGE: &[&str] = &[bridge::NO_HOST_ADDRESS, bridge::MEMBERS_CONNECT, bridge::MASQUERADE];

/// Networks that every engine has.
const ENGINES: &[&str] = &["host", "bridge", "none"];

/// RFC 1918.
const PRIVATE: [Subnet; 3] = [
    Subnet::new([10, 0, 0, 0], 8),
    Subnet::new([172, 16, 0, 0], 12),
    Subnet::new([192, 168, 0, 0], 16),
];

fn run(project: &Project<'_>, findings: &mut Findings) {
    for (key, network) in &project.file().networks {
        driver(key, network, findings);
        let known = if network.is_macvlan() { &[macvlan::PARENT] } else { BRIDGE };
        for option in network.driver_opts.keys().filter(|it| !known.contains(&it.as_str())) {
            findings.about(
                key,
                format!("the network `{key}` has the option `{option}`, which no rule understands"),
                format!("remove `{option}`"),
            );
        }
        let name = network.name.as_ref().map(|it| project.resolve(it));
        if let Some(name) = name.filter(|it| ENGINES.contains(&it.as_str())) {
            findings.about(
                key,
                format!("the network `{key}` is the engine's own network `{name}`"),
                format!("give `{key}` a name of its own"),
            );
        }
        let subnets = network.subnets().map(|it| project.resolve(it));
        // What a variable without a default will say is known on the host.
        let is_known = |it: &String| !network.is_macvlan() || !it.starts_with('$');
        for subnet in subnets.filter(is_known).filter(|it| !is_private(it)) {
            findings.about(
                key,
                format!("the network `{key}` has the addresses `{subnet}`, which are not private"),
                format!("give `{key}` addresses such as `10.231.0.0/24`"),
            );
        }
    }
}

/// Reports a driver that no rule understands; one from a variable may be any.
fn driver(key: &str, network: &Network, findings: &mut Findings) {
    let driver = network.driver.as_deref().unwrap_or("bridge");
    if driver != "bridge" && driver != macvlan::DRIVER {
        findings.about(
            key,
            format!("the network `{key}` has the driver `{driver}`, which no rule understands"),
            "use the driver `bridge` or `macvlan`".to_owned(),
        );
    }
}

fn is_private(subnet: &str) -> bool {
    let is_local =
        |it: &str| it.starts_with(['f', 'F']) && it[1..].starts_with(['c', 'd', 'C', 'D']);
    match Subnet::parse(subnet) {
        Some(subnet) => PRIVATE.iter().any(|it| it.holds(subnet)),
        // The model of reachability knows IPv4 only.
        None => subnet.contains(':') && is_local(subnet),
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_lan};

    #[test]
    fn an_option_that_opens_a_network_is_found() {
        let found = break_file(|file| {
            let option = "com.docker.network.bridge.gateway_mode_ipv4".to_owned();
            file.networks["backend"].driver_opts.insert(option, "nat-unprotected".to_owned());
        });
        insta::assert_snapshot!(found, @"
        error[network-option]: the network `backend` has the option `com.docker.network.bridge.gateway_mode_ipv4`, which no rule understands
          --> backend
          help: remove `com.docker.network.bridge.gateway_mode_ipv4`
        ");
    }

    #[test]
    fn a_driver_that_nobody_understands_is_found() {
        let with = |driver: &str| {
            break_file(|file| file.networks["backend"].driver = Some(driver.to_owned()))
        };
        insta::assert_snapshot!(with("ipvlan"), @r"
        error[network-option]: the network `backend` has the driver `ipvlan`, which no rule understands
          --> backend
          help: use the driver `bridge` or `macvlan`
        ");
        assert!(with("${DRIVER:-bridge}").contains("error[network-option]: "));
        assert_eq!(with("bridge"), "");
    }

    #[test]
    fn an_option_of_a_macvlan_network_is_found() {
        let option = |file: &mut crate::compose::File| {
            file.networks["lan"].driver_opts.insert("macvlan_mode".into(), "passthru".into());
        };
        insta::assert_snapshot!(break_lan(|_| {}, option), @r"
        error[network-option]: the network `lan` has the option `macvlan_mode`, which no rule understands
          --> lan
          help: remove `macvlan_mode`
        ");
    }

    #[test]
    fn a_network_of_the_engine_is_found() {
        let found = break_file(|file| {
            file.networks["backend"].name = Some("${X:-host}".to_owned());
        });
        insta::assert_snapshot!(found, @"
        error[network-option]: the network `backend` is the engine's own network `host`
          --> backend
          help: give `backend` a name of its own
        ");
    }

    #[test]
    fn addresses_that_are_others_are_found() {
        let with = |subnet: &str| {
            break_file(|file| {
                let ipam =
                    file.networks["backend"].ipam.as_mut().expect("lowering gives addresses");
                subnet.clone_into(&mut ipam.config[0].subnet);
            })
        };
        let found = with("0.0.0.0/1").lines().take(3).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(found, @"
        error[network-option]: the network `backend` has the addresses `0.0.0.0/1`, which are not private
          --> backend
          help: give `backend` addresses such as `10.231.0.0/24`
        ");
        for subnet in
            ["8.8.8.0/24", "10.0.0.0/7", "172.32.0.0/16", "${X:-1.0.0.0/8}", "::/1", "f", "x"]
        {
            assert!(with(subnet).contains("error[network-option]: "), "{subnet}: {}", with(subnet));
        }
        for subnet in ["10.231.77.0/24", "172.16.0.0/12", "192.168.7.0/29", "fd00:1::/64"] {
            assert!(!with(subnet).contains("network-option"), "{subnet}: {}", with(subnet));
        }
    }
}
