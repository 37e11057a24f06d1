//! Stands in for the programs that the workflows call: `gh`, `cargo`, `homelab` and others, by the
//! name that it was called by. Writes down every call below the folder `STAND_IN`.

mod gh;
mod jq;
mod tools;

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Map, Value, json};

/// What a call ends with.
#[derive(Debug, Default)]
struct Answer {
    stdout: Vec<u8>,
    code: u8,
    /// What the tests ask about, next to the words of the call.
    notes: Map<String, Value>,
}

fn main() -> ExitCode {
    answer().unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "stand-in: {error:#}");
        ExitCode::from(2)
    })
}

fn answer() -> anyhow::Result<ExitCode> {
    let mut words = env::args();
    let called = PathBuf::from(words.next().context("there is no program name")?);
    let program = called.file_name().and_then(|it| it.to_str()).context("no program name")?;
    let words: Vec<String> = words.collect();
    let state = PathBuf::from(env::var_os("STAND_IN").context("`STAND_IN` is not set")?);
    let answer = match program {
        "gh" => gh::run(&words, &state),
        _ => tools::run(program, &words, &state),
    };
    let (answer, error) = match answer {
        Ok(answer) => (answer, None),
        Err(error) => (Answer { code: 2, ..Answer::default() }, Some(error)),
    };
    write_down(&state, program, &words, &answer)?;
    std::io::stdout().write_all(&answer.stdout).context("nobody reads")?;
    error.map_or(Ok(ExitCode::from(answer.code)), Err)
}

fn write_down(
    state: &Path,
    program: &str,
    words: &[String],
    answer: &Answer,
) -> anyhow::Result<()> {
    let call = json!({ "program": program, "words": words, "notes": answer.notes });
    let path = state.join("calls.jsonl");
    let mut file = OpenOptions::new().create(true).append(true).open(&path).context("no log")?;
    writeln!(file, "{call}").context("cannot write the log")
}
