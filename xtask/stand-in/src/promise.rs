//! What an image promises and requires, as its stand-in checks it at every start.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

/// What a stand-in has to know of the image it stands for; baked into its own image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// The service that it is part of.
    pub service: String,
    /// Ports it listens on, by TCP.
    pub tcp: Vec<u16>,
    /// Ports it listens on, by UDP.
    pub udp: Vec<u16>,
    /// Variables that it cannot do without; `NAME_FILE` counts for `NAME` when it is in `secrets`.
    pub requires: Vec<String>,
    /// Variables whose value it also reads from the file that `<name>_FILE` names.
    pub secrets: Vec<String>,
    /// Folders that hold what must survive.
    pub data: Vec<String>,
    /// Further folders that it writes.
    pub writes: Vec<String>,
    /// Files that it reads.
    pub reads: Vec<String>,
    /// Paths of the Docker API that it asks for.
    pub asks_docker: Vec<String>,
}

/// Where an image keeps its promise.
pub const PROMISE: &str = "/etc/stand-in.json";

/// The file in each data folder that counts starts, a line each.
pub const STARTS: &str = ".stand-in-starts";

impl Promise {
    /// The promise of the image that this program runs in.
    ///
    /// # Errors
    ///
    /// When there is none, or none that this program understands.
    pub fn load() -> anyhow::Result<Self> {
        let text = fs::read_to_string(PROMISE).with_context(|| format!("cannot read {PROMISE}"))?;
        serde_json::from_str(&text).with_context(|| format!("cannot parse {PROMISE}"))
    }

    /// What an image does before it serves: reads what it was given, opens what it keeps.
    ///
    /// # Errors
    ///
    /// When something is missing or a folder cannot be written.
    pub fn keep(&self) -> anyhow::Result<()> {
        for name in &self.requires {
            self.variable(name)?;
        }
        for path in &self.reads {
            fs::read(path).with_context(|| format!("cannot read {path}"))?;
        }
        for folder in self.data.iter().chain(&self.writes) {
            let path = Path::new(folder).join(".stand-in-writes");
            fs::write(&path, "").with_context(|| format!("cannot write to {folder}"))?;
            fs::remove_file(&path).with_context(|| format!("cannot delete from {folder}"))?;
        }
        for folder in &self.data {
            let path = Path::new(folder).join(STARTS);
            let mut file = fs::OpenOptions::new().create(true).append(true).open(&path)?;
            writeln!(file, "{} started", self.service)?;
        }
        Ok(())
    }

    /// The value of a variable, or of the file that `<name>_FILE` names.
    ///
    /// # Errors
    ///
    /// When there is neither, or the file is empty or cannot be read.
    pub fn variable(&self, name: &str) -> anyhow::Result<String> {
        let file = format!("{name}_FILE");
        if self.secrets.iter().any(|it| it == name)
            && let Ok(path) = std::env::var(&file)
        {
            let value = fs::read_to_string(&path)
                .with_context(|| format!("{file} names {path}, which cannot be read"))?;
            let value = value.trim_end_matches('\n');
            if value.is_empty() {
                bail!("{file} names {path}, which is empty");
            }
            return Ok(value.to_owned());
        }
        match std::env::var(name) {
            Ok(value) if !value.is_empty() => Ok(value),
            _ => bail!("the variable {name} is missing"),
        }
    }
}
