//! Everything but `gh`: builds that put a stand-in in place, and a `homelab` that says what a test
//! wrote down for it. What is not known by name succeeds and does nothing.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use anyhow::Context as _;

use crate::Answer;

/// What `.ci/run` installs.
const INSTALLED: [&str; 5] =
    ["check-jsonschema", "docker-compose", "caddy", "zizmor", "shellcheck"];

pub(crate) fn run(program: &str, words: &[String], state: &Path) -> anyhow::Result<Answer> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match (program, &words[..]) {
        ("cargo", _) => cargo(&words, state),
        ("homelab", _) => homelab(&words, state),
        ("python3", ["-m", "venv", folder]) => {
            put(&Path::new(folder).join("bin"), "pip")?;
            Ok(Answer::default())
        }
        ("pip", ["install", ..]) => {
            let called = std::env::args_os().next().context("there is no program name")?;
            let bin = Path::new(&called).parent().context("pip stands in a folder")?;
            for tool in INSTALLED {
                put(bin, tool)?;
            }
            put(&bin.join("../lib/python3.0/site-packages/compose"), "docker-compose")?;
            Ok(Answer::default())
        }
        _ => Ok(Answer::default()),
    }
}

/// A link to this program.
fn put(folder: &Path, name: &str) -> anyhow::Result<()> {
    let here = std::env::current_exe().context("this program has no path")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let link = folder.join(name);
    if !link.exists() {
        symlink(here, &link).with_context(|| format!("cannot make {}", link.display()))?;
    }
    Ok(())
}

fn cargo(words: &[&str], state: &Path) -> anyhow::Result<Answer> {
    let fails = fs::read_to_string(state.join("cargo.fails")).unwrap_or_default();
    if fails == words.join(" ") {
        return Ok(Answer { code: 1, ..Answer::default() });
    }
    match words {
        ["build", .., "--bin", "homelab"] => {
            let release = words.contains(&"--release");
            put(Path::new(if release { "target/release" } else { "target/debug" }), "homelab")?;
        }
        ["xtask", "accept"] => {
            for to in ["compose.yaml", "snapshots/exposure.snap"] {
                fs::copy("homelab-services/src/images.rs", to).context("cannot accept")?;
            }
        }
        ["xtask", "e2e", "--images", "real"] => {
            fs::create_dir_all("target/e2e").context("cannot observe")?;
            fs::write("target/e2e/observed.json", "{ \"images\": {} }\n")
                .context("cannot observe")?;
            return said("e2e", state);
        }
        _ => {}
    }
    Ok(Answer::default())
}

/// What a test wrote down for a command.
fn said(verb: &str, state: &Path) -> anyhow::Result<Answer> {
    let stdout = fs::read(state.join(format!("{verb}.out"))).unwrap_or_default();
    let code = fs::read_to_string(state.join(format!("{verb}.code"))).unwrap_or_default();
    let code = if code.is_empty() { 0 } else { code.parse().context("no exit code")? };
    Ok(Answer { stdout, code, ..Answer::default() })
}

fn homelab(words: &[&str], state: &Path) -> anyhow::Result<Answer> {
    let mut answer = Answer::default();
    let value = |name| {
        let at = words.iter().position(|it| *it == name)?;
        words.get(at + 1).copied()
    };
    if let Some(key) = value("--identity") {
        let mode = fs::metadata(key).context("there is no key")?.permissions().mode() & 0o7777;
        let whole =
            fs::read(key).context("no key")? == fs::read(state.join("key")).context("no key")?;
        answer.notes.insert("mode".to_owned(), format!("{mode:o}").into());
        answer.notes.insert("whole".to_owned(), whole.into());
    }
    if let Some(base) = value("--against") {
        let theirs = fs::read_to_string(Path::new(base).join("snapshots/exposure.snap"))
            .context("there is no base")?;
        answer.notes.insert("base".to_owned(), theirs.into());
    }
    let verb = words.first().copied().unwrap_or_default();
    if words == ["images", "--update"] {
        // Only where a test says that something is newer.
        if let Ok(newer) = fs::read(state.join("images.rs")) {
            fs::write("homelab-services/src/images.rs", newer).context("cannot update")?;
        }
    }
    Ok(Answer { notes: answer.notes, ..said(verb, state)? })
}
