//! Variables that hold a secret, and the files that an image reads instead.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Contract;

/// A variable that holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretKey {
    /// The variable's name.
    pub name: String,
    /// Whether the file is read instead that [`Contract::file_variable`] names.
    pub file: bool,
    /// Whether the value comes from others, such as a VPN's provider, so that no invented text will
    /// do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given: bool,
}

impl SecretKey {
    /// Makes a variable whose value the image can also read from a file ([`Contract::file_variable`]).
    pub fn or_file(name: &str) -> Self {
        Self { name: name.to_owned(), file: true, given: false }
    }

    /// Makes a variable that the image reads only from the environment itself.
    pub fn plain(name: &str) -> Self {
        Self { name: name.to_owned(), file: false, given: false }
    }

    /// Says that the value comes from others, so that no invented text will do.
    #[must_use]
    pub fn given(self) -> Self {
        Self { given: true, ..self }
    }
}

/// What is known of files with the values of variables.
impl Contract {
    /// Returns the name of the variable by which the image reads the value of this one from a file;
    /// `None` when it is known that it reads it only from the environment.
    pub fn file_variable(&self, name: &str) -> Option<String> {
        if self.secrets.items().iter().any(|it| it.name == name && !it.file) {
            return None;
        }
        Some(self.file_pattern().replacen('*', name, 1))
    }

    /// Whether a variable of this name is one that names a file.
    pub fn names_a_file(&self, name: &str) -> bool {
        let (before, after) = self.file_pattern().split_once('*').unwrap_or_default();
        name.len() > before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
    }

    fn file_pattern(&self) -> &str {
        self.file_variables.get().map_or("*_FILE", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsl::contract::ran;

    #[test]
    fn the_variable_of_a_file_has_the_images_own_form() {
        let by = ran("tests");
        for (pattern, variable) in
            [("*_FILE", "KEY_FILE"), ("*__FILE", "KEY__FILE"), ("FILE__*", "FILE__KEY")]
        {
            let secrets = by.all([SecretKey::plain("OTHER")]);
            let file_variables = by.is(pattern.to_owned());
            let contract = Contract { secrets, file_variables, ..Contract::of("example/web") };
            assert_eq!(contract.file_variable("KEY").as_deref(), Some(variable));
            assert_eq!(contract.file_variable("OTHER"), None);
            assert!(contract.names_a_file(variable) && !contract.names_a_file("KEY"), "{pattern}");
            assert!(!contract.names_a_file(&pattern.replace('*', "")), "{pattern}");
        }
        assert_eq!(Contract::of("a").file_variable("KEY").as_deref(), Some("KEY_FILE"));
    }
}
