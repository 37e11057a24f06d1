//! Where a request ends: nothing after it may reach the daemon.

use std::fmt::Write as _;
use std::io::{self, BufRead, Read as _, Write};

use crate::http::Request;

/// How a request says where its body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Length(u64),
    Chunked,
}

/// Headers that are about one connection; and those that [`Body::head`] writes itself.
const DROPPED: &[&str] = &[
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Body {
    /// Refuses what two servers could read in two ways; stricter than Go, which lets
    /// `Transfer-Encoding` win over `Content-Length`.
    pub(super) fn of(request: &Request) -> Result<Self, (u16, &'static str)> {
        let values = |name| request.headers.iter().filter(move |it| it.0 == name).map(|it| &it.1);
        let lengths: Vec<_> = values("content-length").collect();
        let codings: Vec<_> = values("transfer-encoding").collect();
        match (lengths.as_slice(), codings.as_slice()) {
            ([], []) => Ok(Self::Length(0)),
            ([length], []) if length.bytes().all(|it| it.is_ascii_digit()) => {
                length.parse().map(Self::Length).map_err(|_| (400, "no such length"))
            }
            ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => Ok(Self::Chunked),
            _ => Err((400, "a body of unclear length")),
        }
    }

    /// The head for the daemon: this request, then the end of the connection.
    pub(super) fn head(self, request: &Request, target: &str) -> String {
        let named: Vec<String> = (request.headers.iter())
            .filter(|it| it.0 == "connection")
            .flat_map(|it| it.1.split(',').map(|it| it.trim().to_ascii_lowercase()))
            .collect();
        let mut head = format!("{} {target} HTTP/1.1\r\n", request.method);
        for (name, value) in &request.headers {
            let keep = name == "host" || !named.contains(name);
            if keep && !DROPPED.contains(&name.as_str()) {
                let _ = write!(head, "{name}: {value}\r\n");
            }
        }
        let _ = match self {
            Self::Length(length) => write!(head, "content-length: {length}\r\n"),
            Self::Chunked => write!(head, "transfer-encoding: chunked\r\n"),
        };
        head.push_str("connection: close\r\n\r\n");
        head
    }

    /// Copies the body and not a byte more.
    pub(super) fn copy(self, from: &mut impl BufRead, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Length(length) => copy_exactly(length, from, to),
            Self::Chunked => {
                while let Some(size) = next_chunk(from)? {
                    write!(to, "{size:x}\r\n")?;
                    copy_chunk(size, from, to)?;
                    to.write_all(b"\r\n")?;
                }
                to.write_all(b"0\r\n\r\n")
            }
        }
    }

    /// Reads the body and not a byte more.
    pub(super) fn read(self, from: &mut impl BufRead) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        match self {
            Self::Length(length) => copy_exactly(length, from, &mut body)?,
            Self::Chunked => {
                while let Some(size) = next_chunk(from)? {
                    copy_chunk(size, from, &mut body)?;
                }
            }
        }
        Ok(body)
    }
}

/// The size of the next chunk; `None` after the last one.
fn next_chunk(from: &mut impl BufRead) -> io::Result<Option<u64>> {
    let size = size_of_chunk(&line(from)?)?;
    if size == 0 {
        // Trailers end with an empty line; they are read and forgotten.
        while !line(from)?.is_empty() {}
    }
    Ok(Some(size).filter(|it| *it > 0))
}

fn copy_chunk(size: u64, from: &mut impl BufRead, to: &mut impl Write) -> io::Result<()> {
    copy_exactly(size, from, to)?;
    if line(from)?.is_empty() {
        Ok(())
    } else {
        Err(io::Error::other("a chunk is longer than it says"))
    }
}

fn copy_exactly(length: u64, from: &mut impl BufRead, to: &mut impl Write) -> io::Result<()> {
    let copied = io::copy(&mut from.by_ref().take(length), to)?;
    if copied == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Up to CR LF, without it.
fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut read = Vec::new();
    from.by_ref().take(8 * 1024).read_until(b'\n', &mut read)?;
    match read.strip_suffix(b"\r\n") {
        Some(line) => Ok(String::from_utf8_lossy(line).into_owned()),
        None => Err(io::Error::other("a line that does not end")),
    }
}

fn size_of_chunk(line: &str) -> io::Result<u64> {
    let digits = line.split(';').next().unwrap_or_default().trim_end();
    if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
        return Err(io::Error::other("a chunk without its size"));
    }
    u64::from_str_radix(digits, 16).map_err(io::Error::other)
}
