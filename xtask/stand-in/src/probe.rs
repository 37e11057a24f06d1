//! Attempts to open connections, many at once: the measured side of reachability.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// Where to connect to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// An address.
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

/// Attempts at the same time: fewer than the processes that the smallest container may have.
const AT_ONCE: usize = 24;

/// Tries every target, many at once, and answers in the same order.
///
/// # Errors
///
/// When an attempt could not be made: that tells nothing about the target.
pub fn all(targets: &[Target]) -> anyhow::Result<Vec<Outcome>> {
    let mut outcomes = Vec::with_capacity(targets.len());
    for some in targets.chunks(AT_ONCE) {
        let tried: anyhow::Result<Vec<_>> = thread::scope(|scope| {
            let start = |it| thread::Builder::new().spawn_scoped(scope, move || attempt(it));
            let tries: Vec<_> = some.iter().map(start).collect::<Result<_, _>>()?;
            let ended = |it: thread::ScopedJoinHandle<'_, anyhow::Result<Outcome>>| {
                it.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the probe panicked")))
            };
            tries.into_iter().map(ended).collect()
        });
        outcomes.extend(tried?);
    }
    Ok(outcomes)
}

fn attempt(target: &Target) -> anyhow::Result<Outcome> {
    let Target { host, port, protocol } = target;
    let address: IpAddr = host.parse().with_context(|| format!("`{host}` is no address"))?;
    let address = SocketAddr::new(address, *port);
    let tried = if protocol == "udp" { datagram(address) } else { connection(address) };
    match tried {
        Ok(because) => Ok(Outcome { open: true, because }),
        Err(error) if says_closed(&error) => {
            Ok(Outcome { open: false, because: error.to_string() })
        }
        Err(error) => Err(error).with_context(|| format!("{address}/{protocol} was not tried")),
    }
}

/// Whether an error comes from the other side, from the way there, or from silence.
fn says_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::TimedOut
            | ErrorKind::WouldBlock
    )
}

fn connection(address: SocketAddr) -> io::Result<String> {
    // A port that the engine forwards to nobody is accepted first and closed at once.
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(hung_up)?;
    stream.set_read_timeout(Some(Duration::from_millis(150)))?;
    match stream.read(&mut [0; 1]) {
        Ok(0) => Err(io::Error::new(ErrorKind::ConnectionReset, "accepted, then closed")),
        Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Err(error)
        }
        _ => Ok("connected".to_owned()),
    }
}

/// The standard library's own error for a connection that was closed while it was opened: the
/// kernel says that it hung up and holds no reason.
fn hung_up(error: io::Error) -> io::Error {
    if error.raw_os_error().is_some() || error.kind() == ErrorKind::TimedOut {
        return error;
    }
    io::Error::new(ErrorKind::ConnectionReset, error)
}

fn datagram(address: SocketAddr) -> io::Result<String> {
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
    let targets: Vec<Target> = serde_json::from_reader(io::stdin())?;
    let outcomes = serde_json::to_string(&all(&targets)?)?;
    Ok(writeln!(io::stdout(), "{outcomes}")?)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn target(port: u16, protocol: &str) -> Target {
        Target { host: "127.0.0.1".to_owned(), port, protocol: protocol.to_owned() }
    }

    #[test]
    fn what_answers_is_open_and_what_refuses_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let open = listener.local_addr().expect("it is bound").port();
        let echo = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let echoes = echo.local_addr().expect("it is bound").port();
        thread::spawn(move || {
            let mut buffer = [0; 2048];
            let (length, sender) = echo.recv_from(&mut buffer).expect("a datagram");
            echo.send_to(&buffer[..length], sender).expect("somebody waits for it");
        });
        let closed = {
            let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
            other.local_addr().expect("it is bound").port()
        };
        let targets = [target(open, "tcp"), target(echoes, "udp"), target(closed, "tcp")];
        let outcomes = all(&targets).expect("all can be tried");
        assert_eq!(outcomes.iter().map(|it| it.open).collect::<Vec<_>>(), [true, true, false]);
    }

    #[test]
    fn a_connection_that_hangs_up_while_it_is_opened_is_closed() {
        let error = hung_up(io::Error::other("no error set after POLLHUP"));
        assert!(says_closed(&error) && error.to_string().contains("POLLHUP"), "{error}");
        let of_the_probe = hung_up(io::Error::from_raw_os_error(24));
        assert!(!says_closed(&of_the_probe), "{of_the_probe}");
    }

    #[test]
    fn what_cannot_be_tried_is_an_error() {
        let name = Target { host: "no-address".to_owned(), ..target(80, "tcp") };
        assert!(all(&[name]).is_err());
    }
}
