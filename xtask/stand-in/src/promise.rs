//! What an image promises and requires, as its stand-in checks it at every start.

use std::collections::BTreeMap;
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
    /// Variables that it cannot do without; in `secrets` is what counts for them.
    pub requires: Vec<String>,
    /// Variables whose value it also reads from a file, each with the variable that names the file.
    pub secrets: BTreeMap<String, String>,
    /// Folders that hold what must survive.
    pub data: Vec<String>,
    /// Further folders that it writes.
    pub writes: Vec<String>,
    /// Files that it reads.
    pub reads: Vec<String>,
    /// Paths of the Docker API that it asks for.
    pub asks_docker: Vec<String>,
    /// Path and text by which it says that it is ready.
    #[serde(default)]
    pub ready: Option<(String, String)>,
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

    /// The value of a variable, or of the file that another variable names for it.
    ///
    /// # Errors
    ///
    /// When there is neither, or the file is empty or cannot be read.
    pub fn variable(&self, name: &str) -> anyhow::Result<String> {
        self.variable_of(name, |it| std::env::var(it).ok())
    }

    fn variable_of(
        &self,
        name: &str,
        environment: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<String> {
        if let Some(file) = self.secrets.get(name)
            && let Some(path) = environment(file)
        {
            let value = fs::read_to_string(&path)
                .with_context(|| format!("{file} names {path}, which cannot be read"))?;
            let value = value.trim_end_matches('\n');
            if value.is_empty() {
                bail!("{file} names {path}, which is empty");
            }
            return Ok(value.to_owned());
        }
        match environment(name) {
            Some(value) if !value.is_empty() => Ok(value),
            _ => bail!("the variable {name} is missing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promise() -> Promise {
        let secrets = [("PASSWORD".to_owned(), "PASSWORD_FILE".to_owned())].into();
        Promise { secrets, ..Promise::default() }
    }

    /// What is said where the variables are these.
    fn said(name: &str, variables: &[(&str, &str)]) -> String {
        let value = |it: &str| {
            let found = variables.iter().find(|(name, _)| *name == it);
            found.map(|it| it.1.to_owned())
        };
        promise().variable_of(name, value).unwrap_or_else(|error| format!("error: {error:#}"))
    }

    #[test]
    fn a_variable_comes_from_the_environment_or_a_secrets_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("secret");
        let path = file.display().to_string();
        assert_eq!(said("NAME", &[("NAME", "x")]), "x");
        assert_eq!(said("NAME", &[]), "error: the variable NAME is missing");
        assert_eq!(said("NAME", &[("NAME", "")]), "error: the variable NAME is missing");
        // Not a secret: upstream does not read it from a file.
        assert_eq!(said("NAME", &[("NAME_FILE", &path)]), "error: the variable NAME is missing");
        let unreadable = said("PASSWORD", &[("PASSWORD_FILE", &path)]);
        assert!(unreadable.starts_with("error: PASSWORD_FILE names "), "{unreadable}");
        fs::write(&file, "").expect("the folder is ours");
        assert!(said("PASSWORD", &[("PASSWORD_FILE", &path)]).ends_with("which is empty"));
        fs::write(&file, "y\n").expect("the folder is ours");
        assert_eq!(said("PASSWORD", &[("PASSWORD_FILE", &path), ("PASSWORD", "x")]), "y");
    }

    #[test]
    fn a_start_needs_what_was_promised_and_leaves_a_mark() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().display().to_string();
        let whole = Promise { data: vec![data.clone()], ..promise() };
        whole.keep().expect("there is a folder");
        whole.keep().expect("there is a folder");
        let starts = fs::read_to_string(folder.path().join(STARTS)).expect("a mark");
        assert_eq!(starts.lines().count(), 2);
        for broken in [
            Promise { requires: vec!["NO_SUCH_VARIABLE".to_owned()], ..whole.clone() },
            Promise { reads: vec![format!("{data}/missing")], ..whole.clone() },
            Promise { writes: vec![format!("{data}/missing")], ..whole.clone() },
        ] {
            assert!(broken.keep().is_err(), "{broken:?}");
        }
    }
}
