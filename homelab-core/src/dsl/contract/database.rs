//! How a database and its clients agree on whom they mean.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The variables by which a database, or a client of one, is told a user, a database and a password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseKeys {
    /// The variable of a client that has the server's host name; absent for the server itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Setting>,
    /// The database's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Setting>,
    /// The password's variable; the file that its `Contract::file_variable` names is read, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The variable by which, with the value `trust`, a server lets in everybody without a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<String>,
    /// The variable with further options of the program by which a client dumps the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dump_options: Option<String>,
    /// The variable by which, with the value `TRUE`, a client dumps all databases of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dump_all: Option<String>,
}

/// A variable, and what holds without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    /// The variable's name.
    pub key: String,
    /// The value without it; absent when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

impl Setting {
    /// Names a variable, and what holds without it where that is known.
    pub fn new(key: &str, default: Option<&str>) -> Self {
        Self { key: key.to_owned(), default: default.map(str::to_owned) }
    }
}

impl DatabaseKeys {
    /// Says that the image is the database itself.
    pub fn server() -> Self {
        Self::default()
    }

    /// Says that the image is a client, which finds its server by this variable.
    pub fn client(host: &str) -> Self {
        Self { host: Some(host.to_owned()), ..Self::default() }
    }

    /// Names the user's variable, and the user without it where that is known.
    #[must_use]
    pub fn user(self, key: &str, default: Option<&str>) -> Self {
        Self { user: Some(Setting::new(key, default)), ..self }
    }

    /// Names the variable with the database's name, and the database without it where that is known.
    #[must_use]
    pub fn name(self, key: &str, default: Option<&str>) -> Self {
        Self { name: Some(Setting::new(key, default)), ..self }
    }

    /// Names the password's variable; the file that its `Contract::file_variable` names is read, too.
    #[must_use]
    pub fn password(self, key: &str) -> Self {
        Self { password: Some(key.to_owned()), ..self }
    }

    /// Names the variable by which, with the value `trust`, a server lets in everybody.
    #[must_use]
    pub fn trust(self, key: &str) -> Self {
        Self { trust: Some(key.to_owned()), ..self }
    }

    /// Names the variables of a client that dumps: with options of `pg_dump`, and the one that is
    /// `TRUE` when it dumps all databases of the server. Its `name` may list several.
    #[must_use]
    pub fn dumps_with(self, options: &str, all: &str) -> Self {
        Self { dump_options: Some(options.to_owned()), dump_all: Some(all.to_owned()), ..self }
    }
}
