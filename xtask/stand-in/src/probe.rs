//! Attempts to open connections, many at once: the measured side of reachability.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Where to connect to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// `tcp` or `udp`.
    pub protocol: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Whether the other side answered.
    pub open: bool,
    /// What happened, in the kernel's words.
    pub because: String,
}

/// How long an answer may take. Everything is on this machine, so a refusal is a matter of
/// milliseconds and only what a firewall drops takes this long.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Datagrams get lost when a socket's buffer is full; the last answer decides.
const DATAGRAMS: usize = 3;

/// Tries every target at once and answers in the same order.
pub fn all(targets: &[Target]) -> Vec<Outcome> {
    std::thread::scope(|scope| {
        let tries: Vec<_> = targets.iter().map(|it| scope.spawn(|| attempt(it))).collect();
        let ended = |it: std::thread::ScopedJoinHandle<'_, Outcome>| {
            it.join().unwrap_or_else(|_| closed("the probe panicked"))
        };
        tries.into_iter().map(ended).collect()
    })
}

fn attempt(target: &Target) -> Outcome {
    let address = match (target.host.as_str(), target.port).to_socket_addrs() {
        Ok(mut found) => found.next(),
        Err(error) => return closed(&error.to_string()),
    };
    let Some(address) = address else { return closed("the name has no address") };
    let tried = if target.protocol == "udp" { datagram(address) } else { connection(address) };
    match tried {
        Ok(because) => Outcome { open: true, because },
        Err(error) => closed(&error.to_string()),
    }
}

fn closed(because: &str) -> Outcome {
    Outcome { open: false, because: because.to_owned() }
}

fn connection(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    // A port that the engine forwards to nobody is accepted first and closed at once.
    stream.set_read_timeout(Some(Duration::from_millis(150)))?;
    match stream.read(&mut [0; 1]) {
        Ok(0) => Err(std::io::Error::new(ErrorKind::ConnectionReset, "accepted, then closed")),
        Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Err(error)
        }
        _ => Ok("connected".to_owned()),
    }
}

fn datagram(address: SocketAddr) -> std::io::Result<String> {
    let local = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(local)?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(PATIENCE / 3))?;
    let mut last = None;
    for _ in 0..DATAGRAMS {
        socket.send(&question())?;
        match socket.recv(&mut [0; 2048]) {
            Ok(length) => return Ok(format!("{length} bytes came back")),
            // Nothing listens there: the kernel on the other side says so.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Err(error),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| ErrorKind::TimedOut.into()))
}

/// A datagram that everything here answers: a QUIC Initial packet of a version that does not
/// exist, which a QUIC server has to answer with the versions that it knows (RFC 9000, 6.1).
fn question() -> Vec<u8> {
    let mut packet = vec![0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 8];
    packet.extend([8, 7, 6, 5, 4, 3, 2, 1]);
    packet.resize(1200, 0);
    packet
}

/// Writes the outcomes of the targets that standard input holds as JSON.
///
/// # Errors
///
/// When the input is no such list, or nobody reads the output.
pub fn from_stdin() -> anyhow::Result<()> {
    let targets: Vec<Target> = serde_json::from_reader(std::io::stdin())?;
    let outcomes = serde_json::to_string(&all(&targets))?;
    Ok(writeln!(std::io::stdout(), "{outcomes}")?)
}
