//! The part of most images: listens where the contract says and tells who answers.

use std::net::UdpSocket;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use homelab_stand_in::Promise;
use homelab_stand_in::probe::{self, Target};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::http::{self, Request, Response};
use crate::{docker, log};

/// How often a consumer of the Docker API asks.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Listens until it is told to end.
pub(crate) fn run(promise: &Promise) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    for path in &promise.asks_docker {
        docker::ask(path)?;
    }
    let engine = Arc::new(Mutex::new(None));
    ask_again(promise, &engine)?;
    for port in &promise.tcp {
        let (service, answers) = (promise.service.clone(), promise.answers.clone());
        let engine = Arc::clone(&engine);
        http::serve(*port, move |it| match &*lock(&engine) {
            Some(error) => Response { status: 503, body: error.clone() },
            None => answers
                .iter()
                .find(|(path, _)| *path == it.target)
                .map_or_else(|| tell(&service, it), |(_, text)| Response::ok(text.as_str())),
        })?;
    }
    udp(promise)?;
    wait(&mut signals);
    Ok(())
}

/// The health check of an image that ships one of its own: every port of the contract answers.
pub(crate) fn up(promise: &Promise) -> anyhow::Result<()> {
    let target = |port: &u16| Target {
        host: "127.0.0.1".to_owned(),
        port: *port,
        protocol: "tcp".to_owned(),
    };
    let targets: Vec<_> = promise.tcp.iter().map(target).collect();
    for (target, outcome) in targets.iter().zip(probe::all(&targets)?) {
        if !outcome.open {
            bail!("port {} does not answer: {}", target.port, outcome.because);
        }
    }
    Ok(())
}

/// Asks the engine again and again; what it says when it does not answer is kept.
fn ask_again(promise: &Promise, engine: &Arc<Mutex<Option<String>>>) -> anyhow::Result<()> {
    let Some(path) = promise.asks_docker.first().cloned() else { return Ok(()) };
    let engine = Arc::clone(engine);
    thread::Builder::new().spawn(move || {
        loop {
            thread::sleep(ASK_EVERY);
            *lock(&engine) = docker::ask(&path).err().map(|it| format!("{it:#}"));
        }
    })?;
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens on one port, by TCP and UDP, for connections that leave a container.
pub(crate) fn listen(port: u16) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    http::serve(port, |it| tell("listener", it))?;
    udp(&Promise { udp: vec![port], ..Promise::default() })?;
    wait(&mut signals);
    Ok(())
}

/// Returns at the first signal. The first process of a container has to ask for it.
pub(crate) fn wait(signals: &mut Signals) {
    let signal = signals.forever().next();
    log(&format!("ends on signal {}", signal.unwrap_or_default()));
}

/// Sends every datagram back.
pub(crate) fn udp(promise: &Promise) -> anyhow::Result<()> {
    for port in promise.udp.iter().copied() {
        let socket = UdpSocket::bind(("0.0.0.0", port))
            .with_context(|| format!("cannot listen on UDP port {port}"))?;
        thread::spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok((length, sender)) = socket.recv_from(&mut buffer) {
                let _ = socket.send_to(&buffer[..length], sender);
            }
        });
    }
    Ok(())
}

/// Who answers, and what it was asked: so that a caller sees where it came out.
pub(crate) fn tell(service: &str, request: &Request) -> Response {
    let headers: serde_json::Map<_, _> =
        request.headers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let body = serde_json::json!({
        "service": service,
        "method": request.method,
        "target": request.target,
        "headers": headers,
    });
    Response::ok(body.to_string())
}
