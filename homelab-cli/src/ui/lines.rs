//! What another process writes, shown line by line: half a character or half a command is not recognised.

use std::io::{self, Write};

use super::visible::visible;

/// The longest line that is waited for.
const LONGEST: usize = 64 << 10;

/// The line that another process has begun.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<u8>);

impl Lines {
    /// Takes a piece of any length, and shows the lines that are whole.
    pub(super) fn take(&mut self, text: &[u8], out: &mut impl Write) -> io::Result<()> {
        self.0.extend_from_slice(text);
        if let Some(end) = self.0.iter().rposition(|byte| *byte == b'\n') {
            let rest = self.0.split_off(end + 1);
            let lines = std::mem::replace(&mut self.0, rest);
            out.write_all(visible(&String::from_utf8_lossy(&lines)).as_bytes())?;
            out.flush()?;
        }
        if self.0.len() > LONGEST { self.end(out) } else { Ok(()) }
    }

    /// Shows a line that has no end yet.
    pub(super) fn end(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let line = std::mem::take(&mut self.0);
        writeln!(out, "{}", visible(&String::from_utf8_lossy(&line)))
    }
}

/// A stream of this program on which another one's output is shown.
#[derive(Debug)]
pub(super) struct Shown<W: Write> {
    out: W,
    lines: Lines,
}

impl<W: Write> Shown<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, lines: Lines::default() }
    }
}

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.lines.take(text, &mut self.out)?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.end(&mut self.out)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_shown_line_by_line() {
        let mut shown = Shown::new(Vec::new());
        for piece in ["one\nhal", "f\n::err", "or::x\n\x1b[2J", "end"] {
            shown.write_all(piece.as_bytes()).expect("a vector takes it");
        }
        assert_eq!(shown.out, b"one\nhalf\n\\x3a:error::x\n");
        shown.flush().expect("a vector takes it");
        assert!(shown.out.ends_with(b"\\x1b[2Jend\n"));
    }
}
