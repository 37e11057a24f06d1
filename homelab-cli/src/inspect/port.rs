//! Every port that a service publishes is free, and its address belongs to this host.
//!
//! Otherwise Docker makes the container but cannot start it, and everything that waits for it does
//! not start either. On many distributions `systemd-resolved` or `dnsmasq` already answers DNS on
//! port 53. Ports that a container of this stack holds count as free. When the engine does not say
//! which ports those are, a port that is taken is only a warning.
//!
//! Fix: stop the other program, or choose another address in `.env`.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};

use homelab_core::dsl::units::Protocol;

use super::docker;
use super::{Context, Findings, HostRule};

pub(super) const RULE: HostRule =
    HostRule { id: "host-port", source: include_str!("port.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    let listeners = context.house.host.listeners();
    let mut own = None;
    for member in context.enabled() {
        for range in context.project.ranges(&member.service.ports) {
            let address = range.address.as_deref().unwrap_or("0.0.0.0");
            // `host-env` reports a text that is no address.
            let Ok(address) = address.parse::<Ipv4Addr>() else { continue };
            let subject = member.name;
            if !is_address_of_this_host(address) {
                findings.error(
                    subject,
                    format!("`{address}` is not an address of this host"),
                    "correct it in `.env`; `ip -4 address` lists this host's addresses".to_owned(),
                );
                continue;
            }
            // Of a range that leads to one port the engine takes one that is free.
            let numbers = range.numbers.clone().filter(|_| range.is_each());
            let protocol = range.protocol();
            for number in numbers.into_iter().flatten() {
                let held = listeners.iter().find(|it| it.holds(address, number, protocol));
                let Some(held) = held else { continue };
                let own = own.get_or_insert_with(|| own_ports(&context.project.file().name));
                let message = format!(
                    "`{address}:{number}/{protocol}` is taken: something listens on `{}`",
                    held.address
                );
                match own {
                    Some(own) if own.contains(&(number, protocol)) => {}
                    Some(_) => findings.error(subject, message, help(number, protocol)),
                    None => findings.warning(
                        subject,
                        format!("{message}; Docker did not say whether it is this stack itself"),
                        "mend what `host-engine` says, then run this again".to_owned(),
                    ),
                }
            }
        }
    }
}

fn help(number: u16, protocol: Protocol) -> String {
    let letter = match protocol {
        Protocol::Tcp => 't',
        Protocol::Udp => 'u',
    };
    format!("find it with `sudo ss -ln{letter}p 'sport = :{number}'` and stop it")
}

fn is_address_of_this_host(address: Ipv4Addr) -> bool {
    let result = UdpSocket::bind((address, 0));
    !result.is_err_and(|it| it.kind() == io::ErrorKind::AddrNotAvailable)
}

/// Returns the ports that containers of this project hold; `None` when the engine does not answer.
fn own_ports(project: &str) -> Option<Vec<(u16, Protocol)>> {
    let filter = format!("label=com.docker.compose.project={project}");
    let answer = docker::ask(&["ps", "--filter", &filter, "--format", "{{.Ports}}"]);
    answer.ok().map(|it| published(&it))
}

/// Reads `0.0.0.0:80->80/tcp, [::]:80->80/tcp, 0.0.0.0:22000-22001->22000-22001/udp`.
fn published(text: &str) -> Vec<(u16, Protocol)> {
    let mut ports = Vec::new();
    for entry in text.split([',', '\n']) {
        let Some((host, container)) = entry.trim().split_once("->") else { continue };
        let protocol = if container.ends_with("/udp") { Protocol::Udp } else { Protocol::Tcp };
        let range = host.rsplit(':').next().unwrap_or_default();
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        if let (Ok(from), Ok(to)) = (from.parse::<u16>(), to.parse::<u16>()) {
            ports.extend((from..=to).map(|it| (it, protocol)));
        }
    }
    ports
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_ports_and_ranges_are_read() {
        let text = "0.0.0.0:80->80/tcp, [::]:80->80/tcp, 2019/tcp\n\n192.168.1.2:53-54->53-54/udp";
        let (tcp, udp) = (Protocol::Tcp, Protocol::Udp);
        assert_eq!(published(text), [(80, tcp), (80, tcp), (53, udp), (54, udp)]);
    }

    #[test]
    fn addresses_of_other_hosts_are_known() {
        // 192.0.2.0/24 is reserved for documentation.
        assert!(!is_address_of_this_host(Ipv4Addr::new(192, 0, 2, 1)));
        assert!(is_address_of_this_host(Ipv4Addr::LOCALHOST));
        assert!(is_address_of_this_host(Ipv4Addr::UNSPECIFIED));
    }
}
