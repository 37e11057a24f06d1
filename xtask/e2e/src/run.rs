//! Other programs: run, wait for, with an error that says what they said.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// Runs a program and returns its output; an exit code other than 0 is an error.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = attempt(command)?;
    if !output.status.success() {
        bail!("{} failed ({}): {}", line(command), output.status, both(&output));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program and returns whatever came of it.
pub(crate) fn attempt(command: &mut Command) -> anyhow::Result<Output> {
    command.stdin(Stdio::null());
    command.output().with_context(|| format!("cannot run {}", line(command)))
}

/// What a program wrote, to both of its outputs.
pub(crate) fn both(output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it).into_owned());
    text.concat().trim().to_owned()
}

/// A program with its words.
pub(crate) fn program(name: &str, words: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(words);
    command
}

/// A program that needs root: through `sudo` for everybody else.
pub(crate) fn as_root(name: &str) -> Command {
    if rustix::process::geteuid().is_root() {
        return Command::new(name);
    }
    // `sudo` has a search path of its own, in which a program of the user is not found.
    let path = std::env::var("PATH").unwrap_or_default();
    // The password was asked for in the beginning: a prompt in the background would never be seen.
    program("sudo", &["--non-interactive", "env", &format!("PATH={path}"), name])
}

/// Where a program is.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).map(|it| it.join(name)).find(|it| it.is_file())
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let mut words: Vec<_> = words.map(|it| it.to_string_lossy()).collect();
    // Logs are read by others than those who may log in.
    if let Some(at) = words.iter().position(|it| it == "--user")
        && let Some(login) = words.get_mut(at + 1)
        && login.contains(':')
    {
        *login = "USER:PASSWORD".into();
    }
    format!("`{}`", words.join(" "))
}

/// What a mutex guards, also after a thread that held it ended early.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks again and again until there is an answer; `Err` with the last reason when time is up.
pub(crate) fn until<T>(
    patience: Duration,
    mut ask: impl FnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(error) if started.elapsed() > patience => {
                return Err(error.context(format!("not within {} s", patience.as_secs())));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(300)),
        }
    }
}
