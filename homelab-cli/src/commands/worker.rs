//! `homelab worker`: a deploy itself, in a session of its own. For `homelab` only.

use std::io::Read;
use std::sync::mpsc;
use std::time::Duration;

use clap::Subcommand;

use super::deploy::{HouseDir, Who, code};
use super::rollback::Choice;
use crate::deploy::bundle::{Bundle, LIMIT};
use crate::deploy::place::Place;
use crate::deploy::run::{Checks, Request};
use crate::deploy::{self, rollback};
use crate::error::Error;
use crate::house::House;
use crate::ui::Ui;

/// Healthy releases that are kept besides the current one, with their images.
const KEEP: usize = 3;

/// Run a deploy; its bundle is on the standard input
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    house: HouseDir,
    /// Name of the deploy
    #[arg(long)]
    id: String,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Deploy the bundle of this digest
    Deploy {
        #[arg(long)]
        bundle: String,
        #[command(flatten)]
        who: Who,
    },
    /// Go back
    Rollback {
        #[command(flatten)]
        choice: Choice,
        #[command(flatten)]
        who: Who,
    },
    /// End what another worker began
    Recover {
        #[command(flatten)]
        who: Who,
    },
}

pub(crate) fn run(ui: &mut Ui, house: &House, args: &Args) -> Result<u8, Error> {
    // A terminal or a connection that goes away is nothing to this process. Refused only to who
    // leads a session already.
    let _ = rustix::process::setsid();
    let place = Place::open(&args.house.folder, &house.own)?;
    let request = |who: &Who| Request {
        id: args.id.clone(),
        actor: who.actor(),
        run_url: who.run_url(),
        keep: KEEP,
        checks: Checks::ALL,
    };
    let receipt = match &args.what {
        What::Deploy { bundle, who } => {
            let bundle = Bundle::unpack(&sent()?, bundle)?;
            deploy::deploy(ui, &place, &bundle, &request(who))?
        }
        What::Rollback { choice, who } => {
            rollback::rollback(ui, &place, choice.release(), choice.data(), &request(who))?
        }
        What::Recover { who } => return super::recover::here(ui, &place, who),
    };
    Ok(code(&receipt))
}

/// How long a bundle may take to arrive: 16 MiB at 60 kB/s.
const PATIENCE: Duration = Duration::from_mins(5);

/// The standard input, up to what a bundle may have.
pub(crate) fn sent() -> Result<Vec<u8>, Error> {
    within(PATIENCE, std::io::stdin())
}

/// Reads to the end. Whoever sends nothing and keeps the connection must not keep a process of root with it.
fn within(patience: Duration, from: impl Read + Send + 'static) -> Result<Vec<u8>, Error> {
    let (sender, arrived) = mpsc::channel();
    // It ends with the process.
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = from.take(LIMIT + 1).read_to_end(&mut bytes);
        sender.send(read.map(|_| bytes))
    });
    let late = |_| Error::Bundle(format!("it did not arrive within {} s", patience.as_secs()));
    let read = arrived.recv_timeout(patience).map_err(late)?;
    let bytes = read.map_err(|it| Error::Bundle(format!("it cannot be read: {it}")))?;
    if bytes.len() as u64 > LIMIT {
        return Err(Error::Bundle(format!("it is larger than {} MiB", LIMIT >> 20)));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// Sends a byte and then nothing more.
    struct Silent(Option<u8>);

    impl Read for Silent {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let Some(byte) = self.0.take() else {
                std::thread::sleep(PATIENCE);
                return Ok(0);
            };
            buffer[0] = byte;
            Ok(1)
        }
    }

    #[test]
    fn who_sends_nothing_is_not_waited_for() {
        let started = Instant::now();
        let error = within(Duration::from_millis(50), Silent(Some(1))).expect_err("it is late");
        assert!(error.to_string().contains("did not arrive within"), "{error}");
        assert!(started.elapsed() < PATIENCE / 10);
        assert_eq!(within(PATIENCE, &b"bytes"[..]).expect("it is all there"), b"bytes");
    }
}
