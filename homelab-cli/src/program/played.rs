//! In unit tests: something else in the place of every program, and short time limits.
//!
//! ```text
//! let _docker = played::by(move |name, words, input| fake.answer(name, words, input));
//! deploy(…)                       // every call in this thread goes to `fake`
//! ```
//!
//! Both last until their guard is dropped, and hold for the thread that made them.

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::process::{Command, Output};
use std::time::Duration;

use super::Limit;

/// Answers a call: the program's name, its words, its standard input. `None`: there is no such program.
type Player = dyn FnMut(&str, &[String], &[u8]) -> Option<Output>;

thread_local! {
    static PLAYER: RefCell<Option<Box<Player>>> = const { RefCell::new(None) };
    static SHORT: Cell<Option<Duration>> = const { Cell::new(None) };
    static HANGS: Cell<bool> = const { Cell::new(false) };
    static LIMITS: RefCell<Vec<Limit>> = const { RefCell::new(Vec::new()) };
}

/// Ends the play when it is dropped, also by a panic.
#[derive(Debug)]
#[must_use = "the play ends when this is dropped"]
pub(crate) struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        PLAYER.with_borrow_mut(|it| *it = None);
        SHORT.set(None);
        HANGS.set(false);
    }
}

/// From now on every call of this thread is answered by `player`.
pub(crate) fn by(player: impl FnMut(&str, &[String], &[u8]) -> Option<Output> + 'static) -> Guard {
    PLAYER.with_borrow_mut(|it| *it = Some(Box::new(player)));
    Guard
}

/// From now on every program of this thread hangs, and every time limit is this one.
pub(crate) fn hanging(limit: Duration) -> Guard {
    SHORT.set(Some(limit));
    HANGS.set(true);
    Guard
}

pub(crate) fn is_on() -> bool {
    PLAYER.with_borrow(Option::is_some)
}

pub(super) fn answer(name: &str, words: &[OsString], input: &[u8]) -> Option<Output> {
    let words: Vec<_> = words.iter().map(|it| it.to_string_lossy().into_owned()).collect();
    PLAYER.with_borrow_mut(|it| it.as_mut()?(name, &words, input))
}

/// A call with this limit begins.
pub(super) fn note(limit: Limit) {
    LIMITS.with_borrow_mut(|it| it.push(limit));
}

/// The limits of the calls of this thread since somebody last asked.
pub(crate) fn limits() -> Vec<Limit> {
    LIMITS.take()
}

/// A program that hangs, and one that it started, as the plugin behind `docker compose`.
pub(super) fn instead() -> Option<Command> {
    #[expect(clippy::disallowed_methods, reason = "it stands for what this place runs")]
    let mut command = HANGS.get().then(|| Command::new("sh"))?;
    command.args(["-c", "sleep 60; true", "hangs"]);
    Some(command)
}

pub(super) fn shortened(limit: Limit) -> Limit {
    match (SHORT.get(), limit) {
        (Some(short), Limit::Total(_)) => Limit::Total(short),
        (Some(short), Limit::Idle { .. }) => Limit::Idle { pause: short, total: short * 100 },
        (None, limit) => limit,
    }
}
