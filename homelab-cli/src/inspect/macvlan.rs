//! The interface of a macvlan network exists, is wired, and leads to that network's addresses.
//!
//! The engine refuses to make the network without the interface. An access point takes one hardware
//! address a station, so nothing reaches a container behind a wireless interface. And with the
//! addresses of another network nobody asks for the container there.
//!
//! The host itself cannot reach a container on a macvlan network, whatever the settings: the kernel
//! passes nothing between an interface and its macvlan.
//!
//! Fix: set the variables of the interface and of its addresses in `.env` as `ip route` shows them.

use homelab_core::compose::{interpolate, macvlan};
use homelab_core::dsl::subnet::Subnet;

use super::{Context, Findings, HostRule};

pub(super) const RULE: HostRule =
    HostRule { id: "host-macvlan", source: include_str!("macvlan.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    let (project, host) = (context.project, &context.house.host);
    for (key, network) in &project.file().networks {
        let is_used = || context.enabled().any(|it| it.networks().contains(key));
        let written = network.driver_opts.get(macvlan::PARENT).filter(|_| network.is_macvlan());
        let Some(written) = written.filter(|_| is_used()) else { continue };
        let parent = project.resolve(written);
        let interface = |it: &str| host.path(&format!("/sys/class/net/{it}"));
        // The engine makes `eth0.50`, an interface of a VLAN, of `eth0`.
        let base = parent.split('.').next().unwrap_or_default();
        if !interface(&parent).exists() && !interface(base).exists() {
            findings.error(
                key,
                format!("the network `{key}` needs the interface `{parent}`, which this host does not have"),
                set(written, "the name that `ip route` shows"),
            );
            continue;
        }
        if interface(base).join("wireless").exists() {
            findings.error(
                key,
                format!("the network `{key}` is on `{parent}`, which is wireless: nothing reaches it there"),
                set(written, "a wired interface"),
            );
        }
        let routes: Vec<_> =
            host.routes().into_iter().filter(|it| it.0 == parent).map(|it| it.1).collect();
        for written in network.subnets() {
            let subnet = project.resolve(written);
            let leads_there = Subnet::parse(&subnet).is_none_or(|it| routes.contains(&it));
            // An interface without addresses has no routes, and may lead anywhere.
            let Some(route) = routes.first().filter(|_| !leads_there) else { continue };
            findings.warning(
                key,
                format!("the network `{key}` has `{subnet}`, and `{parent}` leads to `{route}`"),
                set(written, &format!("`{route}`")),
            );
        }
    }
}

/// Says what to set, by the variable if there is one.
fn set(written: &str, what: &str) -> String {
    match interpolate::variables(written).first() {
        Some(variable) => format!("set `{variable}` in `.env` to {what}"),
        None => format!("replace `{written}` by {what}"),
    }
}

#[cfg(test)]
mod tests {
    use homelab_core::compose::yaml;
    use homelab_core::model::project::Project;

    use super::*;
    use crate::house_folder::{HouseFolder, house_of_tests};
    use crate::settings::Settings;

    const FILE: &str = "
name: house
services:
  dns: { image: \"dns:1\", networks: { lan: { ipv4_address: 192.168.1.53 } } }
networks:
  lan:
    driver: macvlan
    driver_opts: { parent: \"${PARENT:-eth0}\" }
    ipam: { config: [{ subnet: \"${SUBNET:-192.168.1.0/24}\" }] }
";

    /// Checks the file on a host with these interfaces, of which `eth0` leads to 192.168.1.0/24.
    fn found(interfaces: &[&str], file: &str) -> String {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in interfaces {
            let path = folder.path().join("sys/class/net").join(name);
            std::fs::create_dir_all(path).expect("it is ours");
        }
        std::fs::create_dir_all(folder.path().join("proc/net")).expect("it is ours");
        let routes = "Iface\nwg0\t0000000A\t0\t1\t0\t0\t0\t000000FF\neth0\t0001A8C0\t0\t1\t0\t0\t0\t00FFFFFF\n";
        std::fs::write(folder.path().join("proc/net/route"), routes).expect("it is ours");
        let root = folder.path().to_owned();
        let house = HouseFolder::new(house_of_tests(), root.clone(), root.clone());
        let house = house.expect("the folder is there");
        let settings = Settings::new(root.join(".env"), None);
        let file = yaml::parse(file).expect("the file is valid");
        let project = Project::from_file(file, &[]);
        let context = Context {
            house: &house,
            settings: &settings,
            project: &project,
            profiles: &[],
            engine: None,
        };
        let mut findings = Findings { rule: RULE.id, list: Vec::new() };
        run(&context, &mut findings);
        findings.list.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn an_interface_that_leads_to_the_addresses_is_fine() {
        assert_eq!(found(&["eth0"], FILE), "");
        assert_eq!(found(&["eth0"], &FILE.replace("-eth0", "-eth0.50")), "", "a VLAN");
        assert_eq!(
            found(&[], &FILE.replace("lan: { ipv4_address: 192.168.1.53 }", "default: {}")),
            ""
        );
    }

    #[test]
    fn an_interface_that_is_not_there_is_found() {
        insta::assert_snapshot!(found(&["enp3s0"], FILE), @r"
        error[host-macvlan]: the network `lan` needs the interface `eth0`, which this host does not have
          --> lan
          help: set `PARENT` in `.env` to the name that `ip route` shows
        ");
    }

    #[test]
    fn a_wireless_interface_is_found() {
        insta::assert_snapshot!(found(&["eth0/wireless"], FILE), @r"
        error[host-macvlan]: the network `lan` is on `eth0`, which is wireless: nothing reaches it there
          --> lan
          help: set `PARENT` in `.env` to a wired interface
        ");
    }

    #[test]
    fn addresses_of_another_network_are_found() {
        let file = FILE.replace("${SUBNET:-192.168.1.0/24}", "192.168.2.0/24");
        insta::assert_snapshot!(found(&["eth0"], &file), @r"
        warning[host-macvlan]: the network `lan` has `192.168.2.0/24`, and `eth0` leads to `192.168.1.0/24`
          --> lan
          help: replace `192.168.2.0/24` by `192.168.1.0/24`
        ");
    }
}
