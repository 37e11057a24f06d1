//! A name server on the internet that knows no name and writes down every question.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::UdpSocket;

use anyhow::Context as _;

/// Where name servers listen.
pub(crate) const PORT: u16 = 53;

/// Length of the head of a message (RFC 1035, 4.1.1).
const HEAD: usize = 12;

/// Answers every question by "no such name" and appends the name to a file, a line each.
pub(crate) fn run(file: &str) -> anyhow::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    let socket = UdpSocket::bind(("0.0.0.0", PORT)).context("cannot listen on UDP port 53")?;
    let mut message = [0; 512];
    loop {
        let (length, sender) = socket.recv_from(&mut message)?;
        let Some(name) = name(&message[..length]) else { continue };
        writeln!(file, "{name}")?;
        // An answer, which recursion was available for: no such name.
        message[2] |= 0x80;
        message[3] = 0x83;
        socket.send_to(&message[..length], sender)?;
    }
}

/// The name that a message asks for: labels, each with its length before it.
pub(crate) fn name(message: &[u8]) -> Option<String> {
    let mut rest = message.get(HEAD..)?;
    let mut labels = Vec::new();
    loop {
        let (length, after) = rest.split_first()?;
        if *length == 0 {
            return Some(labels.join("."));
        }
        let label = after.get(..usize::from(*length))?;
        labels.push(String::from_utf8_lossy(label).into_owned());
        rest = &after[label.len()..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_its_name() {
        let mut message = vec![0; HEAD];
        message.extend(b"\x05redis\x04leak\x07example\x00\x00\x01\x00\x01");
        assert_eq!(name(&message).as_deref(), Some("redis.leak.example"));
        assert_eq!(name(&message[..20]), None);
        assert_eq!(name(b""), None);
    }
}
