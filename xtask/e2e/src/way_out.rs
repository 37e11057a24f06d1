//! The way to registries: a lane has no internet, and only its engine may ask outside.
//!
//! ```text
//! engine ─ HTTPS_PROXY, 127.0.0.1:3128 ─ relay ─ socket in the slot ─ tunnel ─ registry:443
//!          └──────────── inside the lane ──────────────┘              └ of this machine ┘
//! ```

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context as _, bail};

/// Where the engine finds it.
pub(crate) const ADDRESS: &str = "127.0.0.1:3128";

/// The port of registries; no other one is reached.
const HTTPS: &str = ":443";

/// Its socket in a slot.
pub(crate) fn socket(slot: &Path) -> PathBuf {
    slot.join("way-out")
}

/// Answers the relay until this process ends; `connect` makes the connection to `host:443`.
pub(crate) fn tunnel(
    socket: &Path,
    connect: impl Fn(&str) -> io::Result<TcpStream> + Clone + Send + 'static,
) -> anyhow::Result<()> {
    let _ = std::fs::remove_file(socket);
    let listener = UnixListener::bind(socket)
        .with_context(|| format!("cannot listen at {}", socket.display()))?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let connect = connect.clone();
            // Whoever asked sees that the connection ends.
            thread::spawn(move || open(&client, connect));
        }
    });
    Ok(())
}

/// Takes the engine's connections to the socket, from inside the lane.
pub(crate) fn relay(socket: &Path) -> anyhow::Result<()> {
    let listener =
        TcpListener::bind(ADDRESS).with_context(|| format!("cannot listen at {ADDRESS}"))?;
    let socket = socket.to_owned();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            if let Ok(outside) = UnixStream::connect(&socket) {
                thread::spawn(move || join(&client, &outside));
            }
        }
    });
    Ok(())
}

fn open(
    client: &UnixStream,
    connect: impl Fn(&str) -> io::Result<TcpStream>,
) -> anyhow::Result<()> {
    let mut head = BufReader::new(client);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if head.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        lines.push(line);
    }
    let asked = lines.first().and_then(|it| it.strip_prefix("CONNECT "));
    let to = asked.and_then(|it| it.split(' ').next()).filter(|it| it.ends_with(HTTPS));
    let Some(to) = to else {
        (&mut &*client).write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n")?;
        bail!("{lines:?} asks for no port {HTTPS}");
    };
    let server = match connect(to) {
        Ok(server) => server,
        Err(error) => {
            write!(&mut &*client, "HTTP/1.1 502 {error}\r\n\r\n")?;
            return Err(error).with_context(|| format!("cannot reach {to}"));
        }
    };
    (&mut &*client).write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    // The client speaks first only after that answer, so nothing of it waits in `head`.
    join(&server, client)
}

/// Carries bytes both ways until one side ends.
fn join(tcp: &TcpStream, unix: &UnixStream) -> anyhow::Result<()> {
    let (mut tcp_out, mut unix_in) = (tcp.try_clone()?, unix.try_clone()?);
    let there = thread::spawn(move || {
        let _ = io::copy(&mut unix_in, &mut tcp_out);
        tcp_out.shutdown(Shutdown::Write)
    });
    let _ = io::copy(&mut &*tcp, &mut &*unix);
    let _ = unix.shutdown(Shutdown::Write);
    let _ = there.join();
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// What comes back on a connection through relay and tunnel that asks for `to`.
    fn ask(to: &str, server: Option<&TcpListener>) -> String {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = server.map(|it| it.local_addr().expect("it is bound"));
        tunnel(&socket(folder.path()), move |_| match at {
            Some(at) => TcpStream::connect(at),
            None => Err(io::Error::other("nobody answers")),
        })
        .expect("a socket");
        let mut client = UnixStream::connect(socket(folder.path())).expect("it listens");
        write!(client, "CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n").expect("it reads");
        let mut answer = vec![0; 12];
        client.read_exact(&mut answer).expect("it answers");
        let mut answer = String::from_utf8(answer).expect("text");
        if let Some(server) = server.filter(|_| answer.ends_with("200")) {
            let (mut other, _) = server.accept().expect("a connection");
            other.write_all(b"hello").expect("it is open");
            drop(other);
            client.read_to_string(&mut answer).expect("text");
        }
        answer
    }

    #[test]
    fn only_registries_are_reached_and_errors_are_told() {
        let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let answer = ask("ghcr.io:443", Some(&server));
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{answer}");
        assert_eq!(ask("ghcr.io:22", Some(&server)), "HTTP/1.1 403");
        assert_eq!(ask("ghcr.io:443", None), "HTTP/1.1 502");
    }
}
