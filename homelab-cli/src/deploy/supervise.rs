//! Runs the worker in a session of its own and shows what it writes. If the caller disconnects or presses
//! Ctrl-C, the deploy runs to its end.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use homelab_core::report::receipt::Receipt;
use rustix::process::{Pid, Signal, kill_process_group};

use super::journal::Journal;
use super::place::HousePlace;
use super::prune;
use super::receipt;
use crate::error::Error;
use crate::exit;
use crate::ui::Ui;

/// Pause between two looks at the worker's log.
const INTERVAL: Duration = Duration::from_millis(20);

/// How the worker ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: u8,
    /// The receipt, if the worker wrote one.
    pub(crate) receipt: Option<Receipt>,
}

/// Starts the worker with these arguments and this standard input, and waits for its end. If the worker is
/// killed or panics, a recovery runs at once. If it fails, it has said why, and nothing is repaired.
pub(crate) fn run(
    ui: &mut Ui,
    place: &HousePlace,
    id: &str,
    words: &[&str],
    input: &[u8],
) -> Result<Ended, Error> {
    let program = std::env::current_exe()
        .map_err(|source| Error::Read { path: PathBuf::from("/proc/self/exe"), source })?;
    Worker { place, id, program: &program }.run(ui, words, input)
}

/// The process that does the work.
struct Worker<'a> {
    place: &'a HousePlace,
    id: &'a str,
    program: &'a Path,
}

impl Worker<'_> {
    fn run(&self, ui: &mut Ui, words: &[&str], input: &[u8]) -> Result<Ended, Error> {
        let place = self.place;
        place.make_folders()?;
        prune::prune_logs(place);
        let mut code = self.follow(ui, words, input)?;
        let how = match code {
            None => Some("was killed"),
            Some(exit::BUG) if Journal::load(place)?.is_some() => Some("ended by a bug"),
            Some(_) => None,
        };
        if let Some(how) = how {
            ui.note(format_args!("error: the deploy {how}; putting right what it left"));
            code = self.follow(ui, &["recover"], &[])?.map(|_| exit::FINDINGS);
        }
        let receipt = receipt::load_all(place)?.into_iter().rev().find(|it| it.id == self.id);
        Ok(Ended { code: code.unwrap_or(exit::FAILED), receipt })
    }

    /// The exit code of the worker; `None` when it was killed.
    fn follow(&self, ui: &mut Ui, words: &[&str], input: &[u8]) -> Result<Option<u8>, Error> {
        let path = self.place.log(self.id);
        let fail = |source| Error::Write { path: path.clone(), source };
        let log =
            File::options().create(true).append(true).mode(0o600).open(&path).map_err(fail)?;
        let mut shown = File::open(&path).map_err(fail)?;
        // The output of an earlier worker of this deploy was shown already.
        std::io::copy(&mut shown, &mut std::io::sink()).map_err(fail)?;
        let mut child = self.spawn(words, log)?;
        if let Some(mut pipe) = child.stdin.take() {
            // A worker that ends before it has read everything says why.
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
            // Otherwise a `docker compose` of the worker would run on beside the recovery.
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            return Ok(None);
        }
        Ok(Some(status.code().and_then(|it| u8::try_from(it).ok()).unwrap_or(exit::FAILED)))
    }

    fn spawn(&self, words: &[&str], log: File) -> Result<Child, Error> {
        let fail = |source| Error::Write { path: self.place.log(self.id), source };
        let errors = log.try_clone().map_err(fail)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the worker takes as long as its own calls do"
        )]
        let mut command = Command::new(self.program);
        command
            .args(["worker", "--house"])
            .arg(&self.place.root)
            .args(["--id", self.id])
            .args(words);
        command.stdin(Stdio::piped()).stdout(log).stderr(errors);
        command.spawn().map_err(fail)
    }
}

/// Shows what the worker has written since the last look; a closed terminal does not stop the deploy.
fn show(ui: &mut Ui, log: &mut File, path: &Path) -> Result<(), Error> {
    let mut text = Vec::new();
    log.read_to_end(&mut text).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    ui.raw(&text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::deploy::files;

    /// How often a worker is started that ends with `ending` the first time, and well from then on.
    fn workers(ending: &str, leaves_a_note: bool) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = HousePlace::open(folder.path(), &crate::house_folder::house_of_tests())
            .expect("it exists");
        let root = place.root.display();
        let script = format!(
            "#!/bin/sh\nshift 5\nprintf '%s\\n' \"$*\" >>{root}/said\n[ \"$1\" = recover ] || {ending}\n"
        );
        let program = place.root.join("worker");
        let text = place.root.join("worker.sh");
        files::write(&text, script.as_bytes(), 0o755).expect("it is ours");
        // No process of another test may hold it open for writing: it would be busy.
        #[expect(clippy::disallowed_methods, reason = "a copy ends by itself")]
        let copied = Command::new("cp").arg(&text).arg(&program).status();
        assert!(copied.expect("`cp` is there").success());
        place.make_folders().expect("it is ours");
        if leaves_a_note {
            let note = "{\"id\":\"x\",\"what\":\"deploy\",\"to\":\"0123456789ab\",\"actor\":\"ada\",\
                        \"started\":\"\",\"before\":[],\"dumps\":[]}";
            fs::write(place.journal(), note).expect("it is ours");
        }
        let worker = Worker { place: &place, id: "x", program: &program };
        worker.run(&mut Ui::silent(), &["deploy"], &[]).expect("it was started");
        let said = fs::read_to_string(place.root.join("said")).expect("it was started");
        said.lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_a_worker_leaves_without_knowing_is_put_right_once() {
        for note in [false, true] {
            assert_eq!(workers("kill -9 $$", note), ["deploy", "recover"]);
            // It said why, and what leads out.
            assert_eq!(workers("exit 4", note), ["deploy"]);
            assert_eq!(workers("exit 0", note), ["deploy"]);
        }
        assert_eq!(workers("exit 70", true), ["deploy", "recover"]);
        assert_eq!(workers("exit 70", false), ["deploy"]);
    }
}
