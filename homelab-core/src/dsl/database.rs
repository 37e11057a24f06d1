//! A database that a deploy can dump, and the text by which its container's label says so.

use std::fmt;
use std::str::FromStr;

/// How a deploy dumps a database: `postgres:<superuser>/<database>`, the same with `mariadb`, or
/// `sqlite:<path>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// One on a server.
    Server {
        /// The server's program.
        engine: Engine,
        /// The user who may do everything.
        superuser: String,
        /// The name of the database.
        name: String,
    },
    /// A file of `SQLite`.
    Sqlite {
        /// Its path in the container, absolute and straight.
        path: String,
    },
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

impl Database {
    /// Whether a server keeps it, and not the service that uses it.
    pub const fn has_server(&self) -> bool {
        matches!(self, Self::Server { .. })
    }
}

/// What a label of `SQLite` begins with.
const SQLITE: &str = "sqlite:";

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server { engine, superuser, name } => {
                let engine = ENGINES.iter().find(|it| it.1 == *engine).expect("all are listed").0;
                write!(f, "{engine}:{superuser}/{name}")
            }
            Self::Sqlite { path } => write!(f, "{SQLITE}{path}"),
        }
    }
}

/// A text that names no database, or one whose name does not fit the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoDatabase;

impl FromStr for Database {
    type Err = NoDatabase;

    fn from_str(text: &str) -> Result<Self, NoDatabase> {
        if let Some(path) = text.strip_prefix(SQLITE) {
            return if is_file(path) {
                Ok(Self::Sqlite { path: path.to_owned() })
            } else {
                Err(NoDatabase)
            };
        }
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
        Ok(Self::Server { engine, superuser: superuser.to_owned(), name: name.to_owned() })
    }
}

/// Whether a path leads straight from the root to a file.
fn is_file(path: &str) -> bool {
    let is_name = |it: &str| !["", ".", ".."].contains(&it);
    path.strip_prefix('/').is_some_and(|it| it.split('/').all(is_name))
}

#[cfg(test)]
mod tests {
    use super::{Database, NoDatabase};

    #[test]
    fn a_label_says_it() {
        for text in [
            "postgres:admin/app",
            "mariadb:root/cloud_1",
            "postgres:a-b/c d",
            "sqlite:/data/db.sqlite3",
        ] {
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
            "sqlite:",
            "sqlite:/",
            "sqlite:data/db",
            "sqlite:/data/../db",
            "sqlite:/data//db",
            "sqlite:/data/",
        ] {
            assert_eq!(text.parse::<Database>(), Err(NoDatabase), "{text}");
        }
    }
}
