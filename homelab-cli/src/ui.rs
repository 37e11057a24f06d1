//! The terminal: the only file that prints. Data goes to stdout, everything else to stderr.
//!
//! Whatever is shown may come from outside, such as what a container's probe says: so all of it is
//! made [`visible()`], and only the styles of this file are not.

mod lines;
mod visible;

use std::error::Error as _;
use std::fmt::Display;
use std::io::Write;
use std::panic::PanicHookInfo;

use anstream::AutoStream;
use clap::builder::styling::{AnsiColor, Style};
use homelab_core::checks::finding::{Finding, Severity};
use serde::Serialize;

use self::lines::{Lines, Shown};
use self::visible::{visible, visible_json};
use crate::error::Error;

const BAD: Style = AnsiColor::Red.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const HEAD: Style = Style::new().bold();

/// Both streams, with colour where the terminal has it and `NO_COLOR` is not set.
pub(crate) struct Ui {
    out: AutoStream<std::io::Stdout>,
    err: AutoStream<std::io::Stderr>,
    /// The line that another process has begun.
    begun: Lines,
    is_silent: bool,
}

impl Ui {
    pub(crate) fn new() -> Self {
        let (out, err) = (std::io::stdout(), std::io::stderr());
        let (out, err) = (AutoStream::auto(out), AutoStream::auto(err));
        Self { out, err, begun: Lines::default(), is_silent: false }
    }

    /// One that gives no notes.
    #[cfg(test)]
    pub(crate) fn silent() -> Self {
        let mut ui = Self::new();
        ui.is_silent = true;
        ui
    }

    /// A line of data.
    pub(crate) fn data(&mut self, text: impl Display) -> Result<(), Error> {
        self.styled_data(visible(&text.to_string()))
    }

    fn styled_data(&mut self, text: impl Display) -> Result<(), Error> {
        self.end_line();
        writeln!(self.out, "{text}").map_err(Error::Output)
    }

    /// A whole document of data.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(value)
            .expect("reports are structs with string keys, which JSON can hold");
        self.styled_data(visible_json(&text))
    }

    /// A heading in the data.
    pub(crate) fn heading(&mut self, text: &str) -> Result<(), Error> {
        self.styled_data(format_args!("{HEAD}{}{HEAD:#}", visible(text)))
    }

    /// A finding, as a compiler prints it.
    pub(crate) fn finding(&mut self, finding: &Finding) -> Result<(), Error> {
        self.styled_data(styled(finding) + "\n")
    }

    /// A sentence for the person at the terminal. If it cannot be written, that is no failure.
    pub(crate) fn note(&mut self, text: impl Display) {
        self.styled_note(visible(&text.to_string()));
    }

    fn styled_note(&mut self, text: impl Display) {
        if self.is_silent {
            return;
        }
        self.end_line();
        let _ = writeln!(self.err, "{text}");
    }

    /// A note behind a word that stands out.
    fn labelled(&mut self, style: Style, label: &str, text: impl Display) {
        self.styled_note(format_args!("{style}{label}{style:#}{}", visible(&text.to_string())));
    }

    /// What another process wrote for the person at the terminal, in pieces of any length.
    pub(crate) fn raw(&mut self, text: &[u8]) {
        // That nobody reads it is no failure.
        let _ = self.begun.take(text, &mut self.err);
    }

    /// Shows a line of another process that has no end yet.
    fn end_line(&mut self) {
        let _ = self.begun.end(&mut self.err);
    }

    /// Where the two outputs of another program go while it runs: to those of this one.
    pub(crate) fn streams(&mut self) -> [Box<dyn Write + Send>; 2] {
        self.end_line();
        [Box::new(Shown::new(std::io::stdout())), Box::new(Shown::new(std::io::stderr()))]
    }

    /// Something that was done.
    pub(crate) fn done(&mut self, what: &str, text: impl Display) {
        self.labelled(GOOD, what, format_args!(" {text}"));
    }

    /// A failure with its causes and what to do about it.
    pub(crate) fn error(&mut self, error: &Error) {
        self.labelled(BAD, "error", format_args!(": {error}"));
        let mut cause = error.source();
        while let Some(error) = cause {
            self.note(format_args!("  caused by: {error}"));
            cause = error.source();
        }
        if let Some(hint) = error.hint() {
            self.note("");
            self.labelled(HEAD, "hint", format_args!(": {hint}"));
        }
    }
}

impl Drop for Ui {
    fn drop(&mut self) {
        self.end_line();
    }
}

fn styled(finding: &Finding) -> String {
    let style = match finding.severity {
        Severity::Error => BAD,
        Severity::Warning => WARN,
    };
    let text = finding.to_string();
    let text = visible(&text);
    let (label, rest) = text.split_once(": ").unwrap_or(("", &text));
    format!("{style}{label}{style:#}: {rest}")
}

/// Says what is wrong in the house's definition, without which no command can do anything.
pub(crate) fn report_definition(finding: &Finding) {
    Ui::new().styled_note(styled(finding));
}

/// What a panic looks like to the person at the terminal.
pub(crate) fn report_bug(info: &PanicHookInfo<'_>) {
    let mut ui = Ui::new();
    ui.labelled(BAD, "bug", format_args!(": {info}"));
    ui.note("\nthis is not your fault; please report it with the command that you ran");
}
