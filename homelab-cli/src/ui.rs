//! The terminal: the only file that prints. Data goes to stdout, everything else to stderr.

use std::error::Error as _;
use std::fmt::Display;
use std::io::Write as _;
use std::panic::PanicHookInfo;

use anstream::AutoStream;
use clap::builder::styling::{AnsiColor, Style};
use homelab_core::finding::{Finding, Severity};
use serde::Serialize;

use crate::error::Error;

const BAD: Style = AnsiColor::Red.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const HEAD: Style = Style::new().bold();

/// Both streams, with colour where the terminal has it and `NO_COLOR` is not set.
pub(crate) struct Ui {
    out: AutoStream<std::io::Stdout>,
    err: AutoStream<std::io::Stderr>,
}

impl Ui {
    pub(crate) fn new() -> Self {
        Self { out: AutoStream::auto(std::io::stdout()), err: AutoStream::auto(std::io::stderr()) }
    }

    /// A line of data.
    pub(crate) fn data(&mut self, text: impl Display) -> Result<(), Error> {
        writeln!(self.out, "{text}").map_err(Error::Output)
    }

    /// A whole document of data.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(value)
            .expect("reports are structs with string keys, which JSON can hold");
        self.data(text)
    }

    /// A heading in the data.
    pub(crate) fn heading(&mut self, text: &str) -> Result<(), Error> {
        self.data(format_args!("{HEAD}{text}{HEAD:#}"))
    }

    /// A finding, as a compiler prints it.
    pub(crate) fn finding(&mut self, finding: &Finding) -> Result<(), Error> {
        let style = match finding.severity {
            Severity::Error => BAD,
            Severity::Warning => WARN,
        };
        let text = finding.to_string();
        let (label, rest) = text.split_once(": ").unwrap_or(("", &text));
        self.data(format_args!("{style}{label}{style:#}: {rest}\n"))
    }

    /// A sentence for the person at the terminal. That it cannot be written is no failure.
    pub(crate) fn note(&mut self, text: impl Display) {
        let _ = writeln!(self.err, "{text}");
    }

    /// What another process of this program wrote for the person at the terminal.
    pub(crate) fn raw(&mut self, text: &[u8]) {
        let _ = self.err.write_all(text);
        let _ = self.err.flush();
    }

    /// Something that was done.
    pub(crate) fn done(&mut self, what: &str, text: impl Display) {
        self.note(format_args!("{GOOD}{what}{GOOD:#} {text}"));
    }

    /// A failure with its causes and what to do about it.
    pub(crate) fn error(&mut self, error: &Error) {
        self.note(format_args!("{BAD}error{BAD:#}: {error}"));
        let mut cause = error.source();
        while let Some(error) = cause {
            self.note(format_args!("  caused by: {error}"));
            cause = error.source();
        }
        if let Some(hint) = error.hint() {
            self.note(format_args!("\n{HEAD}hint{HEAD:#}: {hint}"));
        }
    }
}

/// What a panic looks like to the person at the terminal.
pub(crate) fn report_bug(info: &PanicHookInfo<'_>) {
    let mut ui = Ui::new();
    ui.note(format_args!("{BAD}bug{BAD:#}: {info}"));
    ui.note("\nthis is not your fault; please report it with the command that you ran");
}
