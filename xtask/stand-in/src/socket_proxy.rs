//! Plays wollomatic/socket-proxy: lets through what the patterns of one consumer allow.
//!
//! As upstream (`handlehttprequest.go`, `config.go`): a caller from elsewhere gets 403, a method
//! without pattern 405, a path that does not match 403; what is matched is Go's `URL.Path`, which
//! is without query, percent-decoded and not cleaned of `..`. Cleaning is the daemon's part: it
//! redirects to the clean path, which has to pass the filter again. What a body may mount: `binds.rs`.
//!
//! Unlike upstream: one connection carries one request; `Upgrade` is dropped, so `attach` and
//! `exec` do not work (nobody here may call them); `/health` also answers GET, because
//! `stand-in get` asks so; the exit code is always 1; of options only those of `compose.yaml`
//! and the defaults of port and socket are known.

mod binds;
mod body;
mod filter;

use std::io::{self, BufRead, BufReader, Cursor, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use homelab_stand_in::Promise;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use self::binds::Binds;
use self::body::Body;
use self::filter::Filter;
use crate::http::{self, Request, Response};
use crate::{log, serve};

/// Where upstream's health check listens.
const HEALTH: &str = "127.0.0.1:55555";

/// Filters until it is told to end, or until the socket goes away.
pub(crate) fn run(_promise: &Promise) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let proxy = Arc::new(Proxy {
        socket: option("SP_SOCKETPATH", "/var/run/docker.sock").into(),
        from: option("SP_ALLOWFROM", "127.0.0.1/32").split(',').map(str::to_owned).collect(),
        filter: Filter::from_pairs(std::env::vars())?,
        binds: Binds::parse(&option("SP_ALLOWBINDMOUNTFROM", ""))?,
    });
    proxy.available().context("socket not available")?;
    let address =
        format!("{}:{}", option("SP_LISTENIP", "127.0.0.1"), option("SP_PROXYPORT", "2375"));
    proxy.listen(&address)?;
    if option("SP_ALLOWHEALTHCHECK", "false") == "true" {
        proxy.answer_health()?;
    }

    let (end, ends) = mpsc::channel();
    let interval: u64 = option("SP_WATCHDOGINTERVAL", "0").parse()?;
    if interval > 0 {
        let stop = option("SP_STOPONWATCHDOG", "false") == "true";
        proxy.watch(Duration::from_secs(interval), stop, end.clone());
    }
    thread::spawn(move || {
        serve::wait(&mut signals);
        end.send(Ok(()))
    });
    ends.recv()?
}

/// An empty variable counts as none.
fn option(name: &str, default: &str) -> String {
    std::env::var(name).ok().filter(|it| !it.is_empty()).unwrap_or_else(|| default.to_owned())
}

#[derive(Debug)]
struct Proxy {
    socket: PathBuf,
    /// Networks and host names; names are resolved anew for each request.
    from: Vec<String>,
    filter: Filter,
    binds: Binds,
}

impl Proxy {
    fn available(&self) -> io::Result<()> {
        UnixStream::connect(&self.socket).map(|_| ())
    }

    /// Returns at once; each connection has its thread.
    fn listen(self: &Arc<Self>, address: &str) -> anyhow::Result<()> {
        let listener =
            TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
        self.accept(listener);
        Ok(())
    }

    fn accept(self: &Arc<Self>, listener: TcpListener) {
        let proxy = Arc::clone(self);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let proxy = Arc::clone(&proxy);
                let start = thread::Builder::new().spawn(move || {
                    if let Err(error) = proxy.converse(stream) {
                        log(&format!("a connection broke: {error:#}"));
                    }
                });
                if let Err(error) = start {
                    // At the limit of processes: this one is not answered, later ones are.
                    log(&format!("a connection is dropped: {error}"));
                }
            }
        });
    }

    fn answer_health(self: &Arc<Self>) -> anyhow::Result<()> {
        let listener =
            TcpListener::bind(HEALTH).with_context(|| format!("cannot listen on {HEALTH}"))?;
        let proxy = Arc::clone(self);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
                let Ok(Some(request)) = http::read_request(&mut stream) else { continue };
                let answer = match (request.path(), proxy.available()) {
                    ("/health", Ok(())) => Response::ok(""),
                    ("/health", Err(error)) => Response { status: 503, body: error.to_string() },
                    _ => Response { status: 404, body: String::new() },
                };
                let _ = http::respond(&mut stream, &answer);
            }
        });
        Ok(())
    }

    fn watch(self: &Arc<Self>, every: Duration, stop: bool, end: mpsc::Sender<anyhow::Result<()>>) {
        let proxy = Arc::clone(self);
        thread::spawn(move || {
            loop {
                thread::sleep(every);
                let Err(error) = proxy.available() else { continue };
                log(&format!("watchdog: socket is unavailable: {error}"));
                if stop {
                    let error = anyhow::Error::new(error).context("watchdog stops the proxy");
                    let _ = end.send(Err(error));
                    return;
                }
            }
        });
    }

    fn converse(&self, mut client: TcpStream) -> anyhow::Result<()> {
        let request = match http::read_request(&mut client) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(error) => return refuse(&mut client, 400, &format!("{error:#}")),
        };
        let peer = client.peer_addr()?.ip();
        let allowed = if filter::is_from(&self.from, peer) {
            self.filter.decide(&request.method, &request.target)
        } else {
            Err((403, "forbidden IP"))
        };
        let mut input =
            BufReader::new(Cursor::new(request.rest.clone()).chain(client.try_clone()?));
        let judged = allowed.and_then(|target| {
            let body = Body::of(&request)?;
            let path = filter::path(target).unwrap_or_default();
            if !self.binds.concern(&request.method, &path) {
                return Ok((target, body, Vec::new()));
            }
            let read = body.read(&mut input).map_err(anyhow::Error::from);
            let checked = read.and_then(|it| self.binds.check(&it).map(|()| it));
            let read = checked.map_err(|error| {
                log(&format!("bind mount restriction: {error:#}"));
                (403, "bind mount restriction")
            })?;
            Ok((target, Body::Length(read.len() as u64), read))
        });
        match judged {
            Ok((target, body, read)) => {
                if option("SP_LOGLEVEL", "INFO") == "DEBUG" {
                    let Request { method, target, .. } = &request;
                    log(&format!(
                        "level=DEBUG msg=\"allowed request\" method={method} URL={target} \
                         client={peer}"
                    ));
                }
                let mut input = Cursor::new(read).chain(input);
                self.forward(client, &request, target, body, &mut input)
            }
            Err((status, reason)) => {
                let Request { method, target, .. } = &request;
                log(&format!(
                    "level=WARN msg=\"blocked request\" reason=\"{reason}\" method={method} \
                     URL={target} client={peer} response={status}"
                ));
                refuse(&mut client, status, reason)
            }
        }
    }

    /// Sends this one request to the socket and everything that comes back to the client.
    fn forward(
        &self,
        mut client: TcpStream,
        request: &Request,
        target: &str,
        body: Body,
        input: &mut impl BufRead,
    ) -> anyhow::Result<()> {
        let mut daemon = match UnixStream::connect(&self.socket) {
            Ok(daemon) => daemon,
            Err(error) => return refuse(&mut client, 502, &error.to_string()),
        };
        daemon.write_all(body.head(request, target).as_bytes())?;

        let (mut answers, mut to) = (daemon.try_clone()?, client.try_clone()?);
        let back = thread::Builder::new().spawn(move || {
            let _ = io::copy(&mut answers, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        })?;
        // A daemon that answers early and hangs up is no error: the answer is on its way.
        if let Err(error) = body.copy(input, &mut daemon) {
            log(&format!("the body was not sent to its end: {error}"));
        }
        // What comes after the body is no part of this request and goes nowhere. The end of it
        // means that the client is gone, or that the answer is complete.
        let _ = io::copy(input, &mut io::sink());
        let _ = daemon.shutdown(Shutdown::Both);
        if back.join().is_err() {
            bail!("the thread of the answer panicked");
        }
        Ok(())
    }
}

/// Upstream's body is the status in words; the reason is only in its log.
fn refuse(client: &mut TcpStream, status: u16, reason: &str) -> anyhow::Result<()> {
    Ok(http::respond(client, &Response { status, body: format!("{reason}\n") })?)
}

#[cfg(test)]
mod tests;
