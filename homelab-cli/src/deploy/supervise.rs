//! Runs the worker in a session of its own and shows what it writes: whoever goes away meanwhile, by a
//! lost connection or Ctrl-C, leaves a deploy that ends by itself.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use homelab_core::report::receipt::Receipt;
use rustix::process::{Pid, Signal, kill_process_group};

use super::place::Place;
use super::prune;
use super::receipt;
use crate::error::Error;
use crate::exit;
use crate::ui::Ui;

/// Between two looks at the worker's log.
const INTERVAL: Duration = Duration::from_millis(20);

/// What the worker came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: u8,
    /// Its receipt, when it came that far.
    pub(crate) receipt: Option<Receipt>,
}

/// Starts the worker with these words and `input`, and waits for its end. When it is killed, what it
/// left is put right at once.
pub(crate) fn run(
    ui: &mut Ui,
    place: &Place,
    id: &str,
    words: &[&str],
    input: &[u8],
) -> Result<Ended, Error> {
    place.prepare()?;
    prune::prune_logs(place);
    let mut code = follow(ui, place, id, words, input)?;
    if code.is_none() {
        ui.note("error: the deploy was killed; putting right what it left");
        code = follow(ui, place, id, &["recover"], &[])?.map(|_| exit::FINDINGS);
    }
    let receipt = receipt::all(place)?.into_iter().rev().find(|it| it.id == id);
    Ok(Ended { code: code.unwrap_or(exit::FAILED), receipt })
}

/// The exit code of the worker; `None` when it was killed.
fn follow(
    ui: &mut Ui,
    place: &Place,
    id: &str,
    words: &[&str],
    input: &[u8],
) -> Result<Option<u8>, Error> {
    let path = place.log(id);
    let fail = |source| Error::Write { path: path.clone(), source };
    let log = File::options().create(true).append(true).mode(0o600).open(&path).map_err(fail)?;
    let mut shown = File::open(&path).map_err(fail)?;
    // What an earlier worker of this deploy wrote was shown.
    std::io::copy(&mut shown, &mut std::io::sink()).map_err(fail)?;
    let mut child = spawn(place, id, words, log)?;
    if let Some(mut pipe) = child.stdin.take() {
        // One that ends early says why.
        let _ = pipe.write_all(input);
    }
    let status = loop {
        let ended = child.try_wait().map_err(fail)?;
        show(ui, &mut shown, &path)?;
        if let Some(status) = ended {
            break status;
        }
        std::thread::sleep(INTERVAL);
    };
    if status.signal().is_some() {
        // A `docker compose` that it started would go on, beside the recovery.
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
        return Ok(None);
    }
    Ok(Some(status.code().and_then(|it| u8::try_from(it).ok()).unwrap_or(exit::FAILED)))
}

fn spawn(place: &Place, id: &str, words: &[&str], log: File) -> Result<Child, Error> {
    let fail = |source| Error::Write { path: place.log(id), source };
    let program = std::env::current_exe().map_err(fail)?;
    let errors = log.try_clone().map_err(fail)?;
    #[expect(clippy::disallowed_methods, reason = "the worker takes as long as its own calls do")]
    let mut command = Command::new(program);
    command.args(["worker", "--house"]).arg(&place.root).args(["--id", id]).args(words);
    command.stdin(Stdio::piped()).stdout(log).stderr(errors);
    command.spawn().map_err(fail)
}

/// Shows what the worker has written since. That nobody reads it is no reason to stop.
fn show(ui: &mut Ui, log: &mut File, path: &Path) -> Result<(), Error> {
    let mut text = Vec::new();
    log.read_to_end(&mut text).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    ui.raw(&text);
    Ok(())
}
