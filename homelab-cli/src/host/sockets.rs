//! Listening sockets, as `/proc/net/{tcp,tcp6,udp,udp6}` shows them.
//!
//! Read instead of tried: without privilege, binding a port below 1024 fails for another
//! reason than that it is taken.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use homelab_core::dsl::units::Protocol;

/// Something that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    pub(crate) protocol: Protocol,
}

impl Listener {
    /// Whether it keeps others from listening on this address and port.
    pub(crate) fn holds(&self, address: Ipv4Addr, port: u16, protocol: Protocol) -> bool {
        let overlaps = match self.address {
            IpAddr::V4(own) => own == address || own.is_unspecified() || address.is_unspecified(),
            // `::` takes IPv4 too by default, and Docker's 0.0.0.0 takes `::` too.
            IpAddr::V6(own) => own.is_unspecified() || address.is_unspecified(),
        };
        overlaps && self.port == port && self.protocol == protocol
    }
}

/// Listeners in one of the files; `kind` is its name.
pub(super) fn listeners(kind: &str, text: &str) -> Vec<Listener> {
    let protocol = if kind.starts_with("tcp") { Protocol::Tcp } else { Protocol::Udp };
    // `TCP_LISTEN`; a UDP socket without a peer is in `TCP_CLOSE`.
    let state = if protocol == Protocol::Tcp { "0A" } else { "07" };
    let listener = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let (address, port) = fields.next()?.split_once(':')?;
        if fields.nth(1)? != state {
            return None;
        }
        let port = u16::from_str_radix(port, 16).ok()?;
        Some(Listener { address: address_of(address)?, port, protocol })
    };
    text.lines().skip(1).filter_map(listener).collect()
}

/// Words of 32 bits in the host's byte order, which is little-endian wherever this runs.
fn address_of(hex: &str) -> Option<IpAddr> {
    let mut bytes = Vec::new();
    for at in (0..hex.len()).step_by(8) {
        let word = u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    if let Ok(four) = <[u8; 4]>::try_from(bytes.as_slice()) {
        return Some(IpAddr::V4(Ipv4Addr::from(four)));
    }
    let all = Ipv6Addr::from(<[u8; 16]>::try_from(bytes.as_slice()).ok()?);
    Some(all.to_ipv4_mapped().map_or(IpAddr::V6(all), IpAddr::V4))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue
   0: 3500007F:0035 00000000:0000 0A 00000000:00000000
   1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000
";
    const TCP6: &str = "\
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A
   1: 0000000000000000FFFF00000100007F:01BB 00000000000000000000000000000000:0000 0A
";

    fn shown(kind: &str, text: &str) -> Vec<String> {
        listeners(kind, text).iter().map(|it| format!("{} {}", it.address, it.port)).collect()
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn listeners_are_read_and_connections_are_not() {
        assert_eq!(shown("tcp", TCP), ["127.0.0.53 53"]);
        assert_eq!(shown("tcp6", TCP6), [":: 80", "127.0.0.1 443"]);
        assert_eq!(shown("udp", TCP), [""; 0]);
        assert_eq!(shown("tcp", "header\n  0: zz\n  1: 00:00 00 0A\n"), [""; 0]);
    }

    #[test]
    fn addresses_overlap_by_equality_or_as_all() {
        let at = |it: &str| it.parse::<Ipv4Addr>().expect("a literal of this test");
        let on = |address: &str| Listener {
            address: address.parse().expect("a literal of this test"),
            port: 53,
            protocol: Protocol::Udp,
        };
        let holds = |own: &str, other: &str| on(own).holds(at(other), 53, Protocol::Udp);
        assert!(!holds("127.0.0.53", "127.0.0.1"));
        assert!(holds("127.0.0.53", "0.0.0.0"));
        assert!(holds("0.0.0.0", "127.0.0.1"));
        assert!(holds("::", "127.0.0.1"));
        assert!(!holds("::1", "127.0.0.1"));
        assert!(!on("0.0.0.0").holds(at("0.0.0.0"), 53, Protocol::Tcp));
        assert!(!on("0.0.0.0").holds(at("0.0.0.0"), 54, Protocol::Udp));
    }
}
