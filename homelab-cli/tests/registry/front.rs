//! A server before the registry: passes questions on, and lets a test change the answers.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What is passed on: the registry's answer, or the test's own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Bytes that are kept back although the length promises them.
    pub(crate) missing: usize,
}

/// Runs until the test program ends.
pub(crate) struct Front {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Front {
    /// Passes on to `registry`; `alter` gets the path with its query, and the answer.
    pub(crate) fn start(
        registry: &str,
        alter: impl Fn(&str, Answer) -> Answer + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("this machine has a loopback");
        Self::on(listener, registry, alter)
    }

    pub(crate) fn on(
        listener: TcpListener,
        registry: &str,
        alter: impl Fn(&str, Answer) -> Answer + Send + 'static,
    ) -> Self {
        let address = listener.local_addr().expect("it was just bound").to_string();
        let (asked, base) = (Arc::<Mutex<Vec<String>>>::default(), format!("http://{registry}"));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away is no failure of the test.
                let _ = serve(&stream, &base, &log, &alter);
            }
        });
        Self { address, asked }
    }

    /// Every path that was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no thread panics while it asks").clone()
    }
}

fn serve(
    stream: &TcpStream,
    base: &str,
    asked: &Mutex<Vec<String>>,
    alter: &impl Fn(&str, Answer) -> Answer,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut kept = Vec::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(": ") else { break };
        if ["accept", "authorization"].contains(&&*name.to_ascii_lowercase()) {
            kept.push((name.to_owned(), value.to_owned()));
        }
    }
    asked.lock().expect("no thread panics while it asks").push(path.to_owned());
    let answer = alter(path, pass_on(method, &format!("{base}{path}"), &kept));
    let mut head = vec![format!("HTTP/1.1 {} x", answer.status)];
    head.extend(answer.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    head.push(format!("content-length: {}\r\nconnection: close\r\n\r\n", answer.body.len()));
    let mut stream = stream;
    stream.write_all(head.join("\r\n").as_bytes())?;
    let sent = answer.body.len().saturating_sub(answer.missing);
    if method == "HEAD" { Ok(()) } else { stream.write_all(&answer.body[..sent]) }
}

fn pass_on(method: &str, url: &str, headers: &[(String, String)]) -> Answer {
    let config = ureq::Agent::config_builder().proxy(None).http_status_as_error(false);
    let agent: ureq::Agent = config.build().into();
    let mut request = if method == "HEAD" { agent.head(url) } else { agent.get(url) };
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let mut response = request.call().expect("the registry is up");
    let headers = response.headers().iter().filter_map(|(name, value)| {
        let kept = ["docker-content-digest", "content-type", "www-authenticate"];
        let name = name.as_str();
        kept.contains(&name).then(|| Some((name.to_owned(), value.to_str().ok()?.to_owned())))?
    });
    let headers = headers.collect();
    let status = response.status().as_u16();
    let body = response.body_mut().read_to_vec().expect("the registry is up");
    Answer { status, headers, body, missing: 0 }
}
