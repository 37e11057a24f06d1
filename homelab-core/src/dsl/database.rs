//! A database that a deploy can dump, and the text by which its container's label says so.

use std::fmt;
use std::str::FromStr;

/// How a deploy dumps a database: `postgres:<superuser>/<database>`, or the same with `mariadb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// The server's program.
    pub engine: Engine,
    /// The user who may do everything.
    pub superuser: String,
    /// The name of the database.
    pub name: String,
}

/// A database server's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// `PostgreSQL`.
    Postgres,
    /// `MariaDB`.
    MariaDb,
}

/// Every engine, by its name in the label.
const ENGINES: [(&str, Engine); 2] = [("postgres", Engine::Postgres), ("mariadb", Engine::MariaDb)];

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = ENGINES.iter().find(|it| it.1 == self.engine).expect("all are listed").0;
        write!(f, "{engine}:{}/{}", self.superuser, self.name)
    }
}

/// A text that names no database, or one whose name does not fit the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoDatabase;

impl FromStr for Database {
    type Err = NoDatabase;

    fn from_str(text: &str) -> Result<Self, NoDatabase> {
        let (engine, rest) = text.split_once(':').ok_or(NoDatabase)?;
        let engine = ENGINES.iter().find(|it| it.0 == engine).ok_or(NoDatabase)?.1;
        let (superuser, name) = rest.split_once('/').ok_or(NoDatabase)?;
        // Names stand between other words in what MariaDB is told.
        let is_plain = |it: &str| {
            !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
        };
        if engine == Engine::MariaDb && !(is_plain(superuser) && is_plain(name)) {
            return Err(NoDatabase);
        }
        Ok(Self { engine, superuser: superuser.to_owned(), name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Database, NoDatabase};

    #[test]
    fn a_label_says_it() {
        for text in ["postgres:admin/app", "mariadb:root/cloud_1", "postgres:a-b/c d"] {
            let database: Database = text.parse().expect("it is one");
            assert_eq!(database.to_string(), text);
        }
        for text in [
            "",
            "postgres",
            "postgres:app",
            "mysql:root/app",
            "mariadb:root/a`b",
            "mariadb:root/-a",
            "mariadb:/a",
        ] {
            assert_eq!(text.parse::<Database>(), Err(NoDatabase), "{text}");
        }
    }
}
