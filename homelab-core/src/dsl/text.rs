//! Text as Compose reads it: literals escaped, variables as `${…}`.

use std::fmt;

use crate::dsl::resource::Secret;
use crate::dsl::units::Port;
use crate::dsl::variable::EnvVar;

/// A string for `compose.yaml` whose literal parts are escaped (`$` becomes `$$`),
/// so that interpolation happens only where an [`EnvVar`] was put in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(String);

impl Text {
    /// Text that stays as it is: `$HOME` reaches the container as `$HOME`.
    pub fn literal(text: &str) -> Self {
        Self(text.replace('$', "$$"))
    }

    /// The value of a variable at `docker compose up`.
    pub fn variable(variable: &EnvVar) -> Self {
        Self(variable.reference())
    }

    /// This text followed by another.
    #[must_use]
    pub fn and(mut self, more: impl ToText) -> Self {
        self.0.push_str(more.to_text().as_str());
        self
    }

    /// The text as it stands in `compose.yaml`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as it stands in `compose.yaml`, owned.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What can be the value of a plain environment variable, an argument or a label.
///
/// A [`Secret`] cannot: its value never enters the program or an environment.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a plain environment variable",
    label = "neither text, number, port nor variable of `.env`",
    note = "a secret goes through `.secret_env(\"NAME_FILE\", SECRET)`, which mounts its file"
)]
pub trait ToText {
    /// The text for `compose.yaml`.
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
        Text(self.number().to_string())
    }
}

impl ToText for u32 {
    fn to_text(&self) -> Text {
        Text(self.to_string())
    }
}

impl ToText for bool {
    /// `true` or `false`, as every image of the catalogue spells it.
    fn to_text(&self) -> Text {
        Text(self.to_string())
    }
}

impl<T: ToText + ?Sized> ToText for &T {
    fn to_text(&self) -> Text {
        (**self).to_text()
    }
}

/// The path of a secret's file inside a container: `/run/secrets/<name>`.
pub(crate) fn secret_path(secret: Secret) -> String {
    format!("/run/secrets/{}", secret.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsl::variable::Kind;

    #[test]
    fn only_variables_interpolate() {
        const DOMAIN: EnvVar = EnvVar::new("DOMAIN", Kind::Hostname, "Domain.").or("home.arpa");
        let text = Text::literal("cost: $5, ${HOME} at ").and(DOMAIN).and("$");
        insta::assert_snapshot!(text, @"cost: $$5, $${HOME} at ${DOMAIN:-home.arpa}$$");
    }
}
