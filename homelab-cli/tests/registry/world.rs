//! A clone of the house whose every pin is in a registry of the test's own.

use std::path::PathBuf;
use std::process::{Command, Output};

use jiff::{SignedDuration, Timestamp};

use crate::server::{As, Server};

/// The house's pins as they are now.
const OURS: &str = include_str!("../../../homelab-services/src/images.rs");

/// A pin: its constant, registry, path there, tag, and digest.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    pub(crate) constant: String,
    registry: String,
    pub(crate) path: String,
    pub(crate) tag: String,
    pub(crate) digest: String,
}

/// A clone and its registry; both vanish with it.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) pins: Vec<Pin>,
    mirrors: Vec<String>,
    folder: tempfile::TempDir,
}

impl World {
    /// Every pin of the house, pushed a year ago, and `images.rs` with the digests that come of it.
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// The same, in a registry with this configuration besides.
    pub(crate) fn with(extra: &str) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        let server = Server::start(folder.path(), extra);
        let mut text = OURS.to_owned();
        let mut pins = pins(OURS);
        for pin in &mut pins {
            let digest = server.push(&pin.path, &pin.tag, &pin.constant, &ago(365 * 24), As::Index);
            text = text.replace(&pin.digest, &digest);
            pin.digest = digest;
        }
        let file = folder.path().join("homelab-services/src/images.rs");
        std::fs::create_dir_all(file.parent().expect("it has one")).expect("the folder is new");
        std::fs::write(&file, text).expect("the temporary folder is ours");
        let mirrors =
            ["docker.io", "ghcr.io"].map(|it| format!("--mirror={it}={}", server.address));
        Self { server, pins, mirrors: mirrors.to_vec(), folder }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("homelab-services/src/images.rs")
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(self.file()).expect("the test made it")
    }

    pub(crate) fn pin(&self, constant: &str) -> &Pin {
        self.pins.iter().find(|it| it.constant == constant).expect("the house has this pin")
    }

    /// Asks another address for the images of this registry.
    pub(crate) fn mirror(&mut self, registry: &str, address: &str) {
        let start = format!("--mirror={registry}=");
        self.mirrors.retain(|it| !it.starts_with(&start));
        self.mirrors.push(format!("{start}{address}"));
    }

    /// Pushes another image of this pin, made so many hours ago.
    pub(crate) fn push(&self, constant: &str, tag: &str, hours: i64) -> String {
        self.server.push(&self.pin(constant).path, tag, "later", &ago(hours), As::Index)
    }

    pub(crate) fn output(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_homelab"));
        command.arg("--project").arg(self.folder.path()).arg("images").env_clear();
        command.args(&self.mirrors).args(words).output().expect("cargo has built the program")
    }

    /// Exit code, stdout and stderr.
    pub(crate) fn run(&self, words: &[&str]) -> (i32, String, String) {
        let output = self.output(words);
        let text = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes).replace(&self.server.address, "[REGISTRY]")
        };
        let code = output.status.code().expect("the program was not killed");
        (code, text(&output.stdout), text(&output.stderr))
    }

    /// One pin of the report in JSON, after a run with these words.
    pub(crate) fn json(&self, words: &[&str]) -> serde_json::Value {
        let output = self.output(&[&["--format=json"], words].concat());
        serde_json::from_slice(&output.stdout).expect("it is JSON")
    }
}

/// What the report says of one pin.
pub(crate) fn row<'a>(report: &'a serde_json::Value, constant: &str) -> &'a serde_json::Value {
    let rows = report["pins"].as_array().expect("the report lists pins");
    rows.iter().find(|it| it["pin"] == constant).expect("the house has this pin")
}

pub(crate) fn ago(hours: i64) -> String {
    (Timestamp::now() - SignedDuration::from_hours(hours)).to_string()
}

/// The tag with its last number raised.
pub(crate) fn next(tag: &str, by: u64) -> String {
    let end = tag.rfind(|it: char| it.is_ascii_digit()).expect("a version has a number") + 1;
    let start = tag[..end].rfind(|it: char| !it.is_ascii_digit()).map_or(0, |it| it + 1);
    let number: u64 = tag[start..end].parse().expect("it is made of digits");
    format!("{}{}{}", &tag[..start], number + by, &tag[end..])
}

/// The tag of the next major version.
pub(crate) fn major(tag: &str) -> String {
    let (first, rest) = tag.split_once('.').expect("it has more than one number");
    format!("{}.{rest}", next(first, 1))
}

/// Read in another way than the program does.
fn pins(text: &str) -> Vec<Pin> {
    let pattern = r#"const (\w+): Image = Image::pinned\(\s*"([^"@]+):([^"@]+)@([^"]+)""#;
    let pattern = regex::Regex::new(pattern).expect("it is an expression");
    let read = pattern.captures_iter(text).map(|it| {
        let [constant, repository, tag, digest] = it.extract().1.map(str::to_owned);
        let (registry, path) = match repository.split_once('/') {
            Some((host, path)) if host.contains('.') => (host.to_owned(), path.to_owned()),
            _ => ("docker.io".to_owned(), repository),
        };
        Pin { constant, registry, path, tag, digest }
    });
    let read: Vec<_> = read.collect();
    assert!(read.iter().all(|it| ["docker.io", "ghcr.io"].contains(&&*it.registry)), "{read:?}");
    read
}
