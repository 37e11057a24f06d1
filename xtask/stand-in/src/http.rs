//! As much HTTP/1.1 as the stand-ins speak: one request a connection, whole bodies.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::log;

/// Longest head of a request or an answer.
const HEAD: usize = 64 * 1024;

/// How long the other side may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a client sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    /// What was read after the head; the rest of a body may still be in the stream.
    pub(crate) rest: Vec<u8>,
}

impl Request {
    /// The target without its query.
    pub(crate) fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |it| it.0)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self { status: 200, body: body.into() }
    }
}

/// Answers every request on this port of every address, each in a thread; returns at once.
pub(crate) fn serve(
    port: u16,
    answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", port))
        .with_context(|| format!("cannot listen on port {port}"))?;
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            let start = std::thread::Builder::new();
            if let Err(error) = start.spawn(move || converse(stream, &*answer)) {
                // At the limit of processes: this one is not answered, later ones are.
                log(&format!("a request is dropped: {error}"));
            }
        }
    });
    Ok(())
}

fn converse(mut stream: TcpStream, answer: &dyn Fn(&Request) -> Response) {
    let _ = stream.set_read_timeout(Some(PATIENCE));
    match read_request(&mut stream) {
        Ok(Some(request)) => {
            let _ = respond(&mut stream, &answer(&request));
        }
        // A probe that only connects.
        Ok(None) => {}
        Err(error) => log(&format!("a request that is none: {error:#}")),
    }
}

/// Reads the head of a request; `None` when the other side closes before it said anything.
pub(crate) fn read_request(stream: &mut impl Read) -> anyhow::Result<Option<Request>> {
    let Some((raw, rest)) = read_head(stream)? else { return Ok(None) };
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut parsed = httparse::Request::new(&mut headers);
    parsed.parse(&raw)?;
    Ok(Some(Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        headers: owned(parsed.headers),
        rest,
    }))
}

/// Writes an answer and says that the connection ends.
pub(crate) fn respond(stream: &mut impl Write, response: &Response) -> io::Result<()> {
    let Response { status, body } = response;
    write!(
        stream,
        "HTTP/1.1 {status} Stand-in\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()
}

/// Asks `http://host:port/path` and returns the whole answer.
pub(crate) fn get(url: &str) -> anyhow::Result<Response> {
    let rest = url.strip_prefix("http://").context("expected a URL that begins with http://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream =
        TcpStream::connect(authority).with_context(|| format!("cannot connect to {authority}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    request(&mut stream, "GET", &format!("/{path}"), authority, "")
}

/// Sends a request over an open connection and reads the answer to its end.
pub(crate) fn request(
    stream: &mut (impl Read + Write),
    method: &str,
    target: &str,
    host: &str,
    body: &str,
) -> anyhow::Result<Response> {
    send(stream, method, target, host, ("application/json", body))
}

/// The same with a body of another type.
pub(crate) fn send(
    stream: &mut (impl Read + Write),
    method: &str,
    target: &str,
    host: &str,
    (content_type, body): (&str, &str),
) -> anyhow::Result<Response> {
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()?;
    let Some((head, mut body)) = read_head(stream)? else { bail!("no answer") };
    stream.read_to_end(&mut body)?;
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut parsed = httparse::Response::new(&mut headers);
    parsed.parse(&head)?;
    let status = parsed.code.unwrap_or_default();
    let chunked = owned(parsed.headers)
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value.contains("chunked"));
    let body = if chunked { unchunk(&body)? } else { body };
    Ok(Response { status, body: String::from_utf8_lossy(&body).into_owned() })
}

/// `stand-in get URL`: fails when the answer is not a success, and prints it.
pub(crate) fn probe(url: &str) -> anyhow::Result<()> {
    let Response { status, body } = get(url)?;
    log(&body);
    if !(200..300).contains(&status) {
        bail!("{url} answered {status}");
    }
    Ok(())
}

/// The text behind `%2F` and the like; `None` where a `%` is not followed by two digits.
pub(crate) fn percent_decoded(path: &str) -> Option<String> {
    let mut parts = path.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).filter(|it| it.bytes().all(|it| it.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads the head of a request or an answer, and what came with it of the body.
pub(crate) fn read_head(stream: &mut impl Read) -> anyhow::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(at) = read.windows(4).position(|it| it == b"\r\n\r\n") {
            let rest = read.split_off(at + 4);
            return Ok(Some((read, rest)));
        }
        if read.len() > HEAD {
            bail!("a head of more than {HEAD} bytes");
        }
        match stream.read(&mut buffer)? {
            0 if read.is_empty() => return Ok(None),
            0 => bail!("the connection ended within the head"),
            count => read.extend_from_slice(&buffer[..count]),
        }
    }
}

fn owned(headers: &[httparse::Header<'_>]) -> Vec<(String, String)> {
    let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
    headers.iter().map(|it| (it.name.to_ascii_lowercase(), text(it.value))).collect()
}

fn unchunk(mut body: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let httparse::Status::Complete((start, size)) = httparse::parse_chunk_size(body)
            .map_err(|_| anyhow::anyhow!("a chunk without its size"))?
        else {
            bail!("the answer ended within a chunk");
        };
        let size = usize::try_from(size)?;
        if size == 0 {
            return Ok(out);
        }
        let chunk = body.get(start..start + size).context("the answer ended within a chunk")?;
        out.extend_from_slice(chunk);
        body = body.get(start + size + 2..).unwrap_or_default();
    }
}
