//! Secrets that the household gives: from the standard input, or typed at a terminal that does not show them.

use std::io::{self, BufRead as _, IsTerminal as _, Read, Stdin};

use homelab_core::compose::limits;
use homelab_core::dsl::resource::{Secret, SecretContent};
use homelab_core::model::project::Project;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::error::Error;
use crate::house_folder::HouseFolder;
use crate::message;
use crate::settings::Settings;
use crate::ui::Ui;

/// A secret with its text.
pub(super) type Given = (Secret, String);

/// The secret that `--secret` names, with the text of the standard input; nothing is written yet.
pub(super) fn read(ui: &mut Ui, house: &HouseFolder, name: &str) -> Result<Given, Error> {
    let secrets = house.secrets();
    let is_given = |it: &&Secret| it.content() == SecretContent::Given;
    let Some(secret) = secrets.iter().find(|it| it.name() == name) else {
        let known: Vec<_> = secrets.iter().filter(is_given).map(|it| it.name()).collect();
        let hint = message::suggest(name, "secrets that are given", &known);
        return Err(Error::Secret { name: name.to_owned(), hint });
    };
    if !is_given(&secret) {
        return Err(Error::Invented(secret.name()));
    }
    let stdin = io::stdin();
    let text = if stdin.is_terminal() { ask(ui, &stdin, *secret) } else { whole(stdin.lock()) };
    let text = text.map_err(Error::Input)?;
    if text.is_empty() { Err(Error::NothingGiven(secret.name())) } else { Ok((*secret, text)) }
}

/// Asks for a secret at the terminal; `None` where there is none, or where the answer is empty.
pub(super) fn asked(ui: &mut Ui, secret: Secret) -> Result<Option<String>, Error> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(None);
    }
    ui.note("\nan empty line leaves it for later:");
    let text = ask(ui, &stdin, secret).map_err(Error::Input)?;
    Ok(Some(text).filter(|it| !it.is_empty()))
}

/// Given secrets that are missing although a service that is on reads them.
pub(super) fn missing(
    house: &HouseFolder,
    settings: &Settings,
    project: &Project<'_>,
) -> Vec<Secret> {
    let is_missing = |it: &Secret| {
        it.content() == SecretContent::Given
            && is_needed(*it, settings, project)
            && !house.path(&it.file()).exists()
    };
    house.secrets().into_iter().filter(is_missing).collect()
}

/// Whether a service that is on reads it, or none that is known here.
pub(super) fn is_needed(secret: Secret, settings: &Settings, project: &Project<'_>) -> bool {
    let profiles = settings.profiles();
    let mut readers = project.readers(secret.name()).peekable();
    readers.peek().is_none() || readers.any(|it| it.is_enabled_by(&profiles))
}

/// A line from the terminal, which does not show it.
fn ask(ui: &mut Ui, stdin: &Stdin, secret: Secret) -> io::Result<String> {
    ui.note(format_args!("type the secret `{}`, which is not shown:", secret.name()));
    ui.note(format_args!("  {}", secret.meaning()));
    let before = tcgetattr(stdin)?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    hidden.local_modes.insert(LocalModes::ECHONL);
    tcsetattr(stdin, OptionalActions::Flush, &hidden)?;
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    tcsetattr(stdin, OptionalActions::Now, &before)?;
    read?;
    Ok(without_line_break(line))
}

/// All of a text, of [`limits::VALUE`] bytes at most.
fn whole(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(limits::VALUE as u64 + 1).read_to_string(&mut text)?;
    if text.len() > limits::VALUE {
        let message = format!("it has more than {} bytes", limits::VALUE);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(without_line_break(text))
}

/// Many programs do not expect the line break that `echo` and editors write.
fn without_line_break(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
    }
    if text.ends_with('\r') {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_break_at_the_end_is_no_part_of_a_secret() {
        for (given, kept) in
            [("a\n", "a"), ("a\r\n", "a"), ("a", "a"), ("a\n\n", "a\n"), ("\n", "")]
        {
            assert_eq!(whole(given.as_bytes()).expect("it is short"), kept, "{given:?}");
        }
        let long = "a".repeat(limits::VALUE + 1);
        assert!(whole(long.as_bytes()).is_err() && whole(&long.as_bytes()[1..]).is_ok());
    }
}
