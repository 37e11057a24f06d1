//! `cargo xtask`: the project's own commands.

mod artefacts;
mod generate;
mod new_service;
mod schemas;
mod steps;

use std::io::Write as _;
use std::process::ExitCode;

const HELP: &str = "\
The project's own commands.

Usage: cargo xtask <COMMAND>

Commands:
  gen [--check]              Write every generated file; --check writes nothing and prints a diff
  test                       Run every test that needs no engine
  check                      Format, lints and docs, with warnings denied
  e2e [OPTIONS]              Bring the stack up on a real engine and measure it; needs root and
                             Docker Engine, and says what else is missing; see `e2e --help`
  oracle                     Compare with `docker compose config`; needs Compose, no engine
  registry                   Ask a real registry for newer images; needs `docker-registry`, no engine
  proxy                      Attack the routes on a real Caddy; needs Caddy 2.11, no engine
  bench                      Measure the pipeline, next to `docker compose config`
  new-service NAME IMAGE     Write the skeleton of a service; IMAGE is `repository:tag@sha256:<hex>`
  help                       Print this

Exit codes:
  0  fine
  1  a rule found an error, or a test failed
  2  wrong usage
  3  a generated file is out of date
  4  a file or a tool failed
  70 a bug of this program
  101 the code does not compile";

/// What a command ends with; the codes are those of `HELP`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Fine = 0,
    Findings = 1,
    Usage = 2,
    Stale = 3,
    Failed = 4,
    Bug = 70,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // The panic's message is printed by then.
    let outcome = std::panic::catch_unwind(|| run(&words)).unwrap_or(Ok(Outcome::Bug));
    let outcome = outcome.unwrap_or_else(|error| {
        complain(&format!("error: {error:#}"));
        Outcome::Failed
    });
    ExitCode::from(outcome as u8)
}

fn run(words: &[&str]) -> anyhow::Result<Outcome> {
    match words {
        ["gen"] => generate::write(root()),
        ["gen", "--check"] => generate::check(root()),
        ["test"] => steps::test(),
        ["check"] => steps::check(),
        ["oracle"] => steps::oracle(),
        ["registry"] => steps::registry(),
        ["proxy"] => steps::proxy(),
        ["bench"] => steps::bench(),
        ["e2e", options @ ..] => steps::e2e(options),
        ["new-service", name, image] => new_service::run(name, image),
        ["help" | "--help" | "-h"] | [_, "--help" | "-h"] => {
            say(HELP);
            Ok(Outcome::Fine)
        }
        ["gen", other] => usage(&format!("`{other}` is no option of `gen`: expected `--check`")),
        [] => usage("a command is missing"),
        other => {
            usage(&format!("`{}` is not a command, or has the wrong arguments", other.join(" ")))
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an arm of the match in `main`")]
fn usage(message: &str) -> anyhow::Result<Outcome> {
    complain(&format!("error: {message}\n\n{HELP}"));
    Ok(Outcome::Usage)
}

/// Data goes to standard output.
fn say(text: &str) {
    // A reader that went away, such as `head`, is no error.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Everything else goes to standard error.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The repository's root.
fn root() -> &'static std::path::Path {
    let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}
