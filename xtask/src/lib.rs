//! `cargo xtask`: the commands of a household's repository. They work for any `House`.

mod accept;
mod artefacts;
mod files;
mod generate;
mod new_service;
mod renovate;
mod schemas;
mod steps;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use homelab_core::checks::definition;
use homelab_core::dsl::house::House;

pub use self::steps::OWN;

const USAGE: &str = "\
The project's own commands.

Usage: cargo xtask <COMMAND>

Commands:
  gen [--check]              Write every generated file; --check writes nothing and prints a diff
  accept                     What a change does becomes what is expected: `gen`, then every snapshot
  test                       Run every test that needs no engine
  check                      Format, lints and docs, with warnings denied
  new-service NAME IMAGE     Write the skeleton of a service; IMAGE is `repository:tag@sha256:<hex>`
  new-service --group NAME PART=IMAGE…
                             Write that of an application of several services, such as
                             `paperless web=IMAGE db=IMAGE queue=IMAGE`; the first one uses the others
";

const EXIT_CODES: &str = "  help                       Print this

Exit codes:
  0  fine
  1  a rule found an error, or a test failed
  2  wrong usage
  3  a generated file is out of date
  4  a file or a tool failed
  70 a bug of this program
  101 the code does not compile";

/// How a command ends; the codes are those of `EXIT_CODES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Fine = 0,
    Findings = 1,
    Usage = 2,
    Stale = 3,
    Failed = 4,
    Bug = 70,
}

/// A command in addition to those that every household has.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Its name and arguments.
    usage: &'static str,
    /// What it does, in the lines of `USAGE`.
    help: &'static str,
    run: fn(&Path, &[&str]) -> anyhow::Result<Outcome>,
}

/// Runs the command that the command line names, for the household that a function defines, in the
/// repository at `root`; `more` are commands that only this repository has.
pub fn main(house: fn() -> House, root: &Path, more: &[Command]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let run = || match definition::define(house) {
        Ok(house) => Xtask { house: &house, root, more }.run(&words),
        Err(finding) => {
            complain(&finding.to_string());
            Ok(Outcome::Findings)
        }
    };
    // Rust has already printed the message of the panic.
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    let outcome = outcome.unwrap_or(Ok(Outcome::Bug)).unwrap_or_else(|error| {
        complain(&format!("error: {error:#}"));
        Outcome::Failed
    });
    ExitCode::from(outcome as u8)
}

struct Xtask<'a> {
    house: &'a House,
    root: &'a Path,
    more: &'a [Command],
}

impl Xtask<'_> {
    fn run(&self, words: &[&str]) -> anyhow::Result<Outcome> {
        let own =
            |word: &&str| self.more.iter().find(|it| it.usage.split(' ').next() == Some(word));
        match words {
            ["gen"] => generate::write(self.house, self.root),
            ["gen", "--check"] => generate::check(self.house, self.root),
            ["accept"] => accept::run(self.house, self.root),
            ["test"] => steps::test(self.root),
            ["check"] => steps::check(self.root),
            ["new-service", "--group", name, parts @ ..] => {
                new_service::group(self.house, self.root, name, parts)
            }
            ["new-service", name, image] => new_service::one(self.house, self.root, name, image),
            ["help" | "--help" | "-h"] => {
                say(&self.help());
                Ok(Outcome::Fine)
            }
            ["gen", other] => {
                Ok(self.usage(&format!("`{other}` is no option of `gen`: expected `--check`")))
            }
            [] => Ok(self.usage("a command is missing")),
            [word, options @ ..] if let Some(command) = own(word) => {
                (command.run)(self.root, options)
            }
            [_, "--help" | "-h"] => self.run(&["help"]),
            other => {
                let other = other.join(" ");
                Ok(self.usage(&format!("`{other}` is not a command, or has the wrong arguments")))
            }
        }
    }

    fn help(&self) -> String {
        let more = self.more.iter().map(|it| format!("  {:27}{}\n", it.usage, it.help));
        format!("{USAGE}{}{EXIT_CODES}", more.collect::<String>())
    }

    fn usage(&self, message: &str) -> Outcome {
        complain(&format!("error: {message}\n\n{}", self.help()));
        Outcome::Usage
    }
}

/// Prints data to standard output; in tests it prints nothing, because they do not capture it.
fn say(text: &str) {
    if cfg!(test) {
        return;
    }
    // A reader that went away, such as `head`, is no error.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints everything else to standard error.
fn complain(text: &str) {
    if cfg!(test) {
        return;
    }
    let _ = writeln!(std::io::stderr(), "{text}");
}
