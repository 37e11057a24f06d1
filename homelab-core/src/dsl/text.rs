//! Text that a container gets: literal parts and variables of `.env`.

use crate::dsl::units::Port;
use crate::dsl::variable::{EnvVar, Switch};

/// A text of literal parts and variables. Compose replaces each [`EnvVar`] by its value at `docker
/// compose up`; literal parts stay as they are, even when they look like a variable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Text(Vec<Piece>);

/// A part of a [`Text`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Piece {
    /// It stays as it is: `$HOME` reaches the container as `$HOME`.
    Literal(String),
    /// The value of a variable.
    Variable(EnvVar),
    /// A text while a variable has a value, else nothing.
    IfSet { variable: EnvVar, text: String },
    /// One text while a switch is off, another while it is on.
    Choice { switch: Switch, off: String, on: String },
}

impl Text {
    /// Makes a text that stays as it is: `$HOME` reaches the container as `$HOME`.
    pub fn literal(text: &str) -> Self {
        Self(vec![Piece::Literal(text.to_owned())])
    }

    /// Makes a text with the value that a variable has at `docker compose up`.
    pub fn variable(variable: &EnvVar) -> Self {
        Self(vec![Piece::Variable(*variable)])
    }

    /// Makes a text that is there while a variable has a value.
    pub(crate) fn if_set(variable: EnvVar, text: &str) -> Self {
        Self(vec![Piece::IfSet { variable, text: text.to_owned() }])
    }

    /// Makes one text for a switch that is off, another for one that is on.
    pub(crate) fn choice(switch: Switch, off: &str, on: &str) -> Self {
        Self(vec![Piece::Choice { switch, off: off.to_owned(), on: on.to_owned() }])
    }

    /// Appends another text.
    #[must_use]
    pub fn and(mut self, more: impl ToText) -> Self {
        self.0.extend(more.to_text().0);
        self
    }

    /// Returns its parts, in order.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.0
    }
}

/// What can be the value of a plain environment variable, an argument or a label.
///
/// A [`Secret`](crate::dsl::resource::Secret) cannot: its value never enters the program or an environment.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a plain environment variable",
    label = "neither text, number, port nor variable of `.env`",
    note = "a secret goes through `.secret_env(\"NAME_FILE\", SECRET)`, which mounts its file"
)]
pub trait ToText {
    /// Returns the text for `compose.yaml`.
    fn to_text(&self) -> Text;
}

impl ToText for Text {
    fn to_text(&self) -> Text {
        self.clone()
    }
}

impl ToText for str {
    fn to_text(&self) -> Text {
        Text::literal(self)
    }
}

impl ToText for String {
    fn to_text(&self) -> Text {
        Text::literal(self)
    }
}

impl ToText for EnvVar {
    fn to_text(&self) -> Text {
        Text::variable(self)
    }
}

impl ToText for Port {
    fn to_text(&self) -> Text {
        Text::literal(&self.number().to_string())
    }
}

impl ToText for u32 {
    fn to_text(&self) -> Text {
        Text::literal(&self.to_string())
    }
}

impl ToText for bool {
    /// Writes `true` or `false`, as every image of the catalogue spells it.
    fn to_text(&self) -> Text {
        Text::literal(&self.to_string())
    }
}

impl<T: ToText + ?Sized> ToText for &T {
    fn to_text(&self) -> Text {
        (**self).to_text()
    }
}
