//! Writes down every name that the programs of a network namespace ask for, whomever they ask.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::num::NonZeroU32;

use anyhow::Context as _;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SocketType, recv, socket};

use crate::names;

/// `ETH_P_IP` in network byte order: every packet of IPv4, coming and going.
const IP: NonZeroU32 = NonZeroU32::new(0x0800_u16.to_be() as u32).expect("it is not 0");

/// UDP's number in the head of an IP packet.
const UDP: u8 = 17;

/// Where Docker's own name server answers inside a container, at a port that it chooses.
const DOCKER: [u8; 4] = [127, 0, 0, 11];

/// Appends the names to a file, a line each, until it is ended.
pub(crate) fn run(file: &str) -> anyhow::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    let packets = socket(AddressFamily::PACKET, SocketType::DGRAM, Some(Protocol::from_raw(IP)))
        .context("cannot open a packet socket")?;
    let mut packet = [0; 2048];
    loop {
        let (length, _) = recv(&packets, &mut packet, RecvFlags::empty())?;
        if let Some(name) = question(&packet[..length.min(2048)]) {
            writeln!(file, "{name}")?;
        }
    }
}

/// The name that a packet asks for, if it is a question to a name server.
fn question(packet: &[u8]) -> Option<String> {
    let head = usize::from(packet.first()? & 0x0f) * 4;
    let is_udp = packet[0] >> 4 == 4 && *packet.get(9)? == UDP;
    let udp = packet.get(head..)?;
    let port = u16::from_be_bytes(udp.get(2..4)?.try_into().ok()?);
    let to_server = port == names::PORT || packet.get(16..20)? == DOCKER;
    let message = udp.get(8..)?;
    // The first bit of the flags says that it is an answer.
    let is_question = message.get(2)? & 0x80 == 0;
    if is_udp && to_server && is_question { names::name(message) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(protocol: u8, to: [u8; 4], port: u16, flags: u8) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0, 127, 0, 0, 1];
        packet.extend(to);
        packet.extend([0x80, 0]);
        packet.extend(port.to_be_bytes());
        packet.extend([0; 4]);
        packet.extend([0, 1, flags, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        packet.extend(b"\x07example\x03com\x00\x00\x01\x00\x01");
        packet
    }

    #[test]
    fn only_questions_to_name_servers_count() {
        let name = Some("example.com".to_owned());
        assert_eq!(question(&packet(UDP, [9, 9, 9, 9], 53, 1)), name);
        assert_eq!(question(&packet(UDP, DOCKER, 41_234, 1)), name);
        assert_eq!(question(&packet(UDP, [9, 9, 9, 9], 443, 1)), None);
        assert_eq!(question(&packet(UDP, DOCKER, 41_234, 0x81)), None, "an answer");
        assert_eq!(question(&packet(6, [9, 9, 9, 9], 53, 1)), None, "TCP");
        assert_eq!(question(&packet(UDP, DOCKER, 53, 1)[..25]), None);
        assert_eq!(question(&[]), None);
    }
}
