//! A setting of the kernel is one that a container has for itself, and makes no router of it.
//!
//! The engine starts no container with another setting, such as `vm.max_map_count`: that is the
//! host's, for all. A service that shares the host's network, or its interprocess communication,
//! has no such settings of its own. One that forwards packets connects its networks, and whoever is
//! on them.
//!
//! Fix: remove the setting; set what is the host's in `/etc/sysctl.d` of the host. For a router, such
//! as a VPN, record the reason: `.forwards_packets("…")`.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::dsl::privilege::Exception;
use crate::model::project::Project;

pub(super) const RULE: Rule =
    Rule { id: "sysctl", severity: Severity::Error, source: include_str!("sysctl.rs"), run };

/// Settings of the namespace for interprocess communication:
/// <https://docs.docker.com/reference/cli/docker/container/run/#sysctl>.
const OF_IPC: &[&str] = &[
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
];

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let (name, service) = (member.name, member.service);
        let shares = |mode: &Option<String>| mode.as_deref() == Some("host");
        for (key, value) in &service.sysctls {
            let is_hosts = if key.starts_with("net.") {
                shares(&service.network_mode)
            } else {
                let is_ipc = OF_IPC.contains(&key.as_str()) || key.starts_with("fs.mqueue.");
                !is_ipc || shares(&service.ipc)
            };
            if is_hosts {
                findings.on(
                    &member,
                    format!("`{name}` sets `{key}`, which is the host's and not its own"),
                    format!("remove it, and set `{key}` on the host"),
                );
            } else if forwards(key)
                && project.resolve(value) != "0"
                && service.networks.len() > 1
                && member.reason_for(Exception::Forwarding).is_none()
            {
                findings.on(
                    &member,
                    format!("`{name}` forwards packets between its networks (`{key}`) without a recorded reason"),
                    Help::new(
                        "remove it, or say why with `.forwards_packets(\"…\")`",
                        "remove it, or say why with the label `homelab.accepts.packet.forwarding`",
                    ),
                );
            }
        }
    }
}

/// Whether a setting decides if packets are forwarded.
fn forwards(key: &str) -> bool {
    key == "net.ipv4.ip_forward" || key.starts_with("net.ipv") && key.ends_with(".forwarding")
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_both, break_file, spec};
    use crate::compose::Service;
    use crate::dsl::privilege::Exception;

    fn with(key: &str, value: &str) -> impl Fn(&mut Service) {
        let (key, value) = (key.to_owned(), value.to_owned());
        move |it| drop(it.sysctls.insert(key.clone(), value.clone()))
    }

    fn web(change: impl Fn(&mut Service)) -> String {
        break_file(|file| change(&mut file.services["web"]))
    }

    #[test]
    fn a_setting_of_the_host_is_found() {
        insta::assert_snapshot!(web(with("vm.max_map_count", "262144")), @r"
        error[sysctl]: `web` sets `vm.max_map_count`, which is the host's and not its own
          --> web.rs
          help: remove it, and set `vm.max_map_count` on the host
        ");
        let shared = web(|it| {
            it.networks.clear();
            it.network_mode = Some("host".to_owned());
            it.sysctls = [("net.core.somaxconn".to_owned(), "1".to_owned())].into();
        });
        assert!(shared.contains("error[sysctl]: `web` sets `net.core.somaxconn`"), "{shared}");
    }

    #[test]
    fn a_router_without_a_reason_is_found() {
        insta::assert_snapshot!(web(with("net.ipv4.ip_forward", "1")), @r#"
        error[sysctl]: `web` forwards packets between its networks (`net.ipv4.ip_forward`) without a recorded reason
          --> web.rs
          help: remove it, or say why with `.forwards_packets("…")`
        "#);
        let reason = break_both(
            |stack| spec(stack, "web").exceptions.push((Exception::Forwarding, "it is a VPN")),
            |file| with("net.ipv6.conf.all.forwarding", "1")(&mut file.services["web"]),
        );
        assert_eq!(reason, "");
    }

    #[test]
    fn its_own_settings_are_fine() {
        for (key, value) in [
            ("net.ipv4.conf.all.src_valid_mark", "1"),
            ("net.ipv4.ip_forward", "0"),
            ("kernel.shmmax", "1073741824"),
            ("fs.mqueue.msg_max", "100"),
        ] {
            assert_eq!(web(with(key, value)), "", "{key}");
        }
    }
}
