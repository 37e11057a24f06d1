//! The household's clone of the repository: what is committed here is what gets deployed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

use super::host;
use crate::run::{output, program};

/// The clone.
#[derive(Debug)]
pub(super) struct Checkout {
    pub(super) folder: PathBuf,
}

impl Checkout {
    /// Commits what a clone has; the images come from the lane's registry, and nothing else differs.
    pub(super) fn make(
        repository: &Path,
        folder: &Path,
        images: &[(String, String)],
    ) -> anyhow::Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder.join(".github"))?;
        for name in ["compose.yaml", ".env.example", "config"] {
            let mut copy = program("cp", &["--recursive"]);
            output(copy.arg(repository.join(name)).arg(folder))?;
        }
        fs::write(folder.join(".github/known_hosts"), host::known_host("host")?)?;
        let checkout = Self { folder: folder.to_owned() };
        for (service, reference) in images {
            checkout.set_line(service, "image: ", &format!("image: \"{reference}\""))?;
        }
        checkout.git(&["init", "--quiet", "--initial-branch", "main"])?;
        checkout.commit("the house")?;
        Ok(checkout)
    }

    /// Replaces the one line of a service in `compose.yaml` that begins with `start`.
    pub(super) fn set_line(&self, service: &str, start: &str, line: &str) -> anyhow::Result<()> {
        let text = self.read("compose.yaml")?;
        self.write("compose.yaml", &with_line(&text, service, start, line)?)
    }

    /// Changes the memory limit of a service, such as to `80M`.
    pub(super) fn set_memory_limit(&self, service: &str, limit: &str) -> anyhow::Result<()> {
        let text = self.read("compose.yaml")?;
        self.write("compose.yaml", &with_memory_limit(&text, service, limit)?)
    }

    /// Adds a line at the end of a file.
    pub(super) fn append(&self, file: &str, line: &str) -> anyhow::Result<()> {
        self.write(file, &format!("{}{line}\n", self.read(file)?))
    }

    pub(super) fn read(&self, file: &str) -> anyhow::Result<String> {
        let path = self.folder.join(file);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    }

    pub(super) fn write(&self, file: &str, text: &str) -> anyhow::Result<()> {
        let path = self.folder.join(file);
        fs::write(&path, text).with_context(|| path.display().to_string())
    }

    /// Commits everything; the commit's id.
    pub(super) fn commit(&self, message: &str) -> anyhow::Result<String> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", message])?;
        self.head()
    }

    /// The id of what is checked out.
    pub(super) fn head(&self) -> anyhow::Result<String> {
        Ok(self.git(&["rev-parse", "HEAD"])?.trim().to_owned())
    }

    /// Goes back to a commit, as if what came after had not been pushed.
    pub(super) fn reset(&self, commit: &str) -> anyhow::Result<()> {
        self.git(&["reset", "--quiet", "--hard", commit]).map(drop)
    }

    fn git(&self, words: &[&str]) -> anyhow::Result<String> {
        let mut git = program("git", &["-c", "user.name=household", "-c"]);
        git.args(["user.email=household@home.arpa", "-c", "commit.gpgsign=false"]).args(words);
        output(git.current_dir(&self.folder).env("GIT_CONFIG_NOSYSTEM", "1"))
    }
}

/// `compose.yaml` with another line in one service.
fn with_line(text: &str, service: &str, start: &str, line: &str) -> anyhow::Result<String> {
    let mut inside = false;
    let mut count = 0;
    let mut lines = Vec::new();
    for old in text.lines() {
        let indent = old.len() - old.trim_start().len();
        if indent <= 2 && !old.is_empty() {
            inside = old == format!("  {service}:");
        }
        if inside && old.trim_start().starts_with(start) {
            count += 1;
            lines.push(format!("{}{line}", " ".repeat(indent)));
        } else {
            lines.push(old.to_owned());
        }
    }
    match count {
        0 => bail!("`{service}` has no line `{start}…`"),
        _ => ensure!(count == 1, "`{service}` has {count} lines `{start}…`"),
    }
    Ok(lines.join("\n") + "\n")
}

/// Two lines of a service begin with `memory:`, its limit and its reservation.
fn with_memory_limit(text: &str, service: &str, limit: &str) -> anyhow::Result<String> {
    let key = format!("\n  {service}:\n");
    let begin = text.find(&key).with_context(|| format!("no service `{service}`"))?;
    let (mut at, start) = (begin, "memory: ");
    for word in ["\n        limits:\n", start] {
        at += text[at..].find(word).with_context(|| format!("`{service}` has no `{word}`"))?;
    }
    let end = at + text[at..].find('\n').unwrap_or(text.len() - at);
    Ok(format!("{}{start}\"{limit}\"{}", &text[..at], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_changes_and_not_the_reservation() {
        let memory = |a: &str, b: &str| {
            let service = |limit: &str| {
                format!(
                    "    deploy:\n      resources:\n        limits:\n          memory: \"{limit}\"\n        \
                     reservations:\n          memory: \"64M\"\n"
                )
            };
            format!("services:\n  a:\n{}\n  b:\n{}", service(a), service(b))
        };
        let changed = with_memory_limit(&memory("64M", "64M"), "b", "80M").expect("it has one");
        assert_eq!(changed, memory("64M", "80M"));
        assert!(with_memory_limit(&memory("64M", "64M"), "c", "80M").is_err());
    }

    #[test]
    fn only_the_line_of_that_service_changes() {
        let text = "services:\n  a:\n    image: x\n\n  b:\n    image: y\n    deploy:\n      m: 1\n";
        let changed = with_line(text, "b", "m: ", "m: 2").expect("there is one");
        assert_eq!(changed, text.replace("m: 1", "m: 2"));
        let changed = with_line(text, "b", "image: ", "image: z").expect("there is one");
        assert_eq!(changed, text.replace("image: y", "image: z"));
        assert!(with_line(text, "a", "m: ", "m: 2").is_err());
        assert!(with_line(text, "c", "image: ", "image: z").is_err());
    }
}
