//! A house's Caddyfile in a real Caddy, with one service behind every route that tells what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use homelab_core::compose::dotenv;
use homelab_core::model::project::Project;
use homelab_core::proxy::caddyfile;

/// What the service answers to `/events`: the first of them comes at once.
const EVENTS: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n\n";

pub(crate) struct World {
    folder: tempfile::TempDir,
    caddy: Child,
    address: SocketAddr,
    /// Password of the login that `homelab init` made.
    pub(crate) password: String,
    /// Heads of all requests that reached the service.
    asked: Arc<Mutex<Vec<String>>>,
}

impl World {
    /// A house of defaults but for these values of `.env`.
    pub(crate) fn new(settings: &[&str]) -> Self {
        Self::with_login(settings, |line| line)
    }

    /// The same, with another line in the file of the login.
    pub(crate) fn with_login(settings: &[&str], login: impl Fn(String) -> String) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        std::fs::write(folder.path().join("compose.yaml"), "name: homelab\n")
            .expect("the folder is ours");
        let made = homelab(folder.path(), &["init", "--set=DATA_ROOT=/srv"]);
        let password = made.lines().find_map(|it| it.strip_prefix("password  "));
        let password = password.expect("`init` shows the password").to_owned();
        // Behind `init`, which refuses what a rule of `.env` finds wrong.
        let path = folder.path().join(".env");
        let mut dotenv = std::fs::read_to_string(&path).expect("`init` wrote it");
        for setting in settings {
            let (name, _) = setting.split_once('=').expect("`NAME=VALUE`");
            let others = dotenv.lines().filter(|it| !it.starts_with(&format!("{name}=")));
            dotenv = others.chain([*setting, ""]).collect::<Vec<_>>().join("\n");
        }
        std::fs::write(&path, &dotenv).expect("it is ours");
        let secret = folder.path().join("secrets/caddy-login");
        let line = std::fs::read_to_string(&secret).expect("`init` made it");
        std::fs::write(&secret, login(line)).expect("it is ours");

        let asked = Arc::new(Mutex::new(Vec::new()));
        let service = serve(Arc::clone(&asked));
        let free = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = free.local_addr().expect("it is bound");
        drop(free);
        let text =
            plain(&caddyfile(&dotenv), address.port(), service, &secret.display().to_string());
        std::fs::write(folder.path().join("Caddyfile"), text).expect("the folder is ours");
        let log = std::fs::File::create(folder.path().join("log")).expect("the folder is ours");
        let caddy = Command::new("caddy")
            .args(["run", "--config", "Caddyfile"])
            .current_dir(folder.path())
            .env("XDG_CONFIG_HOME", folder.path().join("config"))
            .env("XDG_DATA_HOME", folder.path().join("data"))
            .stderr(log)
            .spawn()
            .expect("Caddy 2.11 or newer is on the path");
        Self { folder, caddy, address, password, asked }.started()
    }

    fn started(mut self) -> Self {
        let start = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            let ended = self.caddy.try_wait().expect("it is our child");
            if ended.is_some() || start.elapsed() > Duration::from_secs(20) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self
    }

    /// Whether Caddy took its file.
    pub(crate) fn is_up(&self) -> bool {
        TcpStream::connect(self.address).is_ok()
    }

    /// Caddy's log and what of its configuration lies on the disk.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).expect("Caddy writes it")
    }

    pub(crate) fn login_line(&self) -> String {
        let path = self.folder.path().join("secrets/caddy-login");
        std::fs::read_to_string(path).expect("`init` made it")
    }

    /// Sends these bytes on a connection of their own; the answer until it ends or pauses.
    pub(crate) fn send(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).expect("Caddy listens");
        let timeout = Some(Duration::from_secs(30));
        stream.set_read_timeout(timeout).expect("the time is not zero");
        stream.write_all(bytes).expect("Caddy reads");
        let (mut answer, mut part) = (Vec::new(), [0; 4096]);
        while let Ok(read) = stream.read(&mut part) {
            answer.extend_from_slice(&part[..read]);
            // The events have no end; one is enough.
            if read == 0 || answer.windows(11).any(|it| it == b"data: first") {
                break;
            }
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Asks for a path of a host with further header lines.
    pub(crate) fn get(&self, host: &str, path: &str, headers: &[&str]) -> String {
        let headers = headers.iter().flat_map(|it| [*it, "\r\n"]).collect::<String>();
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n");
        self.send(head.as_bytes())
    }

    /// What reached the service since the last call.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().expect("no thread panics with it"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.caddy.kill();
        let _ = self.caddy.wait();
    }
}

/// The status of an answer; 0 when there is none.
pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0)
}

/// The header line of a login.
pub(crate) fn basic(user: &str, password: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for bytes in format!("{user}:{password}").as_bytes().chunks(3) {
        let bits = (0..3).fold(0, |it, at| it << 8 | usize::from(*bytes.get(at).unwrap_or(&0)));
        for at in 0..4 {
            let letter = char::from(LETTERS[bits >> (18 - 6 * at) & 63]);
            text.push(if at > bytes.len() { '=' } else { letter });
        }
    }
    format!("Authorization: Basic {text}")
}

/// Host names of the house, and whether the proxy asks for its login there.
pub(crate) const HOSTS: [(&str, bool); 8] = [
    ("home.arpa", true),
    ("media.home.arpa", false),
    ("sync.home.arpa", true),
    ("photos.home.arpa", false),
    ("dns.home.arpa", true),
    ("metrics.home.arpa", true),
    ("status.home.arpa", true),
    ("files.home.arpa", true),
];

/// What the labels amount to with these very values, as Compose takes them: `homelab caddyfile`
/// leaves out those that a rule finds wrong.
fn caddyfile(dotenv: &str) -> String {
    let house = homelab_services::house();
    let stack = &house.stack;
    let entries = dotenv::parse(dotenv).entries.into_iter();
    let values = entries.map(|(name, it)| (name, it.value)).collect();
    caddyfile::render(Project::from_stack(stack).with_values(values).sites())
}

fn homelab(folder: &Path, words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_homelab"))
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null())
        .output()
        .expect("cargo has built the program");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The same sites by plain HTTP on one port of this host, all in front of one service.
fn plain(text: &str, port: u16, service: SocketAddr, secret: &str) -> String {
    let mut lines = Vec::new();
    for line in text.replace("/run/secrets/caddy-login", secret).lines() {
        match line {
            "{" => lines.push("{\n\tadmin off\n\tauto_https off".to_owned()),
            _ if line.starts_with("\ttls ") => {}
            _ if line.starts_with("\treverse_proxy ") => {
                lines.push(format!("\treverse_proxy {service}"));
            }
            _ => match line.strip_suffix(" {").filter(|it| it.ends_with("home.arpa")) {
                Some(host) => lines.push(format!("http://{host}:{port} {{\n\tbind 127.0.0.1")),
                None => lines.push(line.to_owned()),
            },
        }
    }
    lines.join("\n") + "\n"
}

/// Answers every request with its head, as a page.
fn serve(asked: Arc<Mutex<Vec<String>>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let asked = Arc::clone(&asked);
            std::thread::spawn(move || answer(&stream, &asked));
        }
    });
    address
}

fn answer(stream: &TcpStream, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        asked.lock().expect("no thread panics with it").push(head.clone());
        let mut stream = stream;
        if path.starts_with("/events") {
            let _ = stream.write_all(EVENTS.as_bytes());
            std::thread::sleep(Duration::from_secs(5));
            return;
        }
        let kind = if path.starts_with("/film") { "video/mp4" } else { "text/html" };
        let own = if path.starts_with("/own") { "X-Frame-Options: DENY\r\n" } else { "" };
        let page = format!("reached\n{head}{}", "-".repeat(2000));
        let length = page.len();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{own}Content-Length: {length}\r\n\r\n{page}"
        );
    }
}
