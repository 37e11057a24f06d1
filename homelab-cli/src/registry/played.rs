//! A registry that a test plays, so that it can lie, stall and stop in the middle.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the test's registry was asked: `GET /v2/…` and the token, if there was one.
pub(super) type Asked = Arc<Mutex<Vec<String>>>;

/// One answer: status, headers, body.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// What it says the length is, where that is not true.
    pub(super) length: Option<usize>,
}

impl Reply {
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), length: None }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A server on this machine; its thread ends with the test program.
pub(super) struct Played {
    pub(super) address: String,
    pub(super) asked: Asked,
}

impl Played {
    /// Answers by `answer`, which gets the method, the path with its query, and the token.
    pub(super) fn start(
        answer: impl Fn(&str, &str, Option<&str>) -> Reply + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("this machine has a loopback");
        let address = listener.local_addr().expect("it was just bound").to_string();
        let asked = Asked::default();
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away is part of the tests.
                let _ = serve(stream, &log, &answer);
            }
        });
        Self { address, asked }
    }

    /// An image of this registry.
    pub(super) fn image(&self) -> String {
        format!("{}/house/app", self.address)
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test panics while it asks").clone()
    }
}

fn serve(
    stream: TcpStream,
    asked: &Asked,
    answer: &impl Fn(&str, &str, Option<&str>) -> Reply,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut token = None;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("authorization") {
            token = value.trim().strip_prefix("Bearer ").map(str::to_owned);
        }
    }
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let suffix = token.as_deref().map(|it| format!(" with {it}")).unwrap_or_default();
    asked.lock().expect("no test panics while it asks").push(format!("{method} {path}{suffix}"));
    let reply = answer(method, path, token.as_deref());
    let length = reply.length.unwrap_or(reply.body.len());
    let mut head = vec![format!("HTTP/1.1 {} x", reply.status)];
    head.push(format!("content-length: {length}\r\nconnection: close"));
    head.extend(reply.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    let mut stream = stream;
    stream.write_all(format!("{}\r\n\r\n", head.join("\r\n")).as_bytes())?;
    if method == "HEAD" { Ok(()) } else { stream.write_all(&reply.body) }
}
