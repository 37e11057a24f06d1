//! PostgreSQL: dumped by `pg_dump`, loaded by `psql` beside the old data, and exchanged by rename.

use std::io;
use std::path::Path;

use super::{Growing, Kind, check, exec, open, script};
use crate::bytes;
use crate::docker;
use crate::error::Error;
use crate::program::{Limit, Program};

/// A database on a server in a container.
pub(super) struct Postgres<'a> {
    pub(super) container: &'a str,
    pub(super) superuser: &'a str,
    pub(super) name: &'a str,
}

impl Kind for Postgres<'_> {
    fn dump(&self, into: Growing) -> Result<bool, Error> {
        let words = ["pg_dump", "-U", self.superuser, "-d", self.name];
        // The nightly dumps have the same options, so that one runbook restores both.
        let words = [&words[..], &["--clean", "--if-exists", "--compress=1"]].concat();
        exec(self.container, &words, into).map(|()| true)
    }

    fn check(&self, dump: &Path) -> Result<(), Error> {
        check(dump, script::END)
    }

    fn question(&self) -> Option<Vec<&str>> {
        Some([&["exec", self.container], &self.asked("SELECT 1")[..]].concat())
    }

    fn size(&self) -> Result<String, Error> {
        self.ask(&format!("SELECT pg_database_size({})", text(self.name)))
    }

    fn restore(&self, dump: &Path, kept: &str) -> Result<(), Error> {
        check_script(dump)?;
        let new = format!("{}_restored", self.name);
        self.sql("postgres", &[&format!("DROP DATABASE IF EXISTS {}", quote(&new))])?;
        self.sql("postgres", &[&format!("CREATE DATABASE {}", quote(&new))])?;
        self.load(dump, &new)?;
        let end = self.end_connections();
        let unmark = format!("COMMENT ON DATABASE {} IS NULL", quote(&new));
        let swap = [&end, &unmark, &rename(self.name, kept), &rename(&new, self.name)];
        self.sql("postgres", &swap.map(String::as_str))?;
        self.sql(self.name, &["ANALYZE"])
    }

    fn undo(&self, kept: &str, _: &Path) -> Result<(), Error> {
        let exists = format!("SELECT 1 FROM pg_database WHERE datname = {}", text(kept));
        if self.ask(&exists)? != "1" {
            return Ok(());
        }
        let undone = format!("{}_undone", self.name);
        self.sql("postgres", &[&format!("DROP DATABASE IF EXISTS {}", quote(&undone))])?;
        let end = self.end_connections();
        self.sql("postgres", &[&end, &rename(self.name, &undone), &rename(kept, self.name)])
    }
}

impl Postgres<'_> {
    /// Ends connections that are left, such as a person's `psql`: a database in use cannot be renamed.
    fn end_connections(&self) -> String {
        let name = text(self.name);
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {name}")
    }

    /// What the server answers to one question.
    fn ask(&self, question: &str) -> Result<String, Error> {
        let words = self.asked(question);
        let words = [&["exec", self.container], &words[..]].concat();
        Ok(docker::ask(&words)?.trim().to_owned())
    }

    fn asked<'a>(&'a self, question: &'a str) -> Vec<&'a str> {
        let options = ["-X", "-A", "-t", "-d", "postgres", "-c", question];
        [&["psql", "-U", self.superuser], &options[..]].concat()
    }

    fn psql(&self, database: &str, limit: Limit) -> Program {
        let program = docker::program(limit);
        // Without notices, which would hide the error.
        let quiet = ["exec", "--interactive", "--env", "PGOPTIONS=--client-min-messages=warning"];
        let program = program.args(quiet).args([self.container, "psql", "-U", self.superuser]);
        let program = program.args(["-X", "-q", "-o", "/dev/null", "-d", database]);
        program.args(["-v", "ON_ERROR_STOP=1"])
    }

    fn sql(&self, database: &str, statements: &[&str]) -> Result<(), Error> {
        let mut program = self.psql(database, Limit::DEED);
        // `CREATE DATABASE` and its like refuse to be in a transaction.
        if statements.len() > 1 || statements[0].starts_with("ALTER") {
            program = program.arg("--single-transaction");
        }
        for statement in statements {
            program = program.args(["-c", statement]);
        }
        let output = program.output().map_err(|failure| failure.of("psql", docker::INSTALL))?;
        if output.status.success() { Ok(()) } else { Err(docker::failed("psql", &output)) }
    }

    /// Loads a dump in one transaction.
    ///
    /// The exit code of `psql` does not prove that it read the last line. So the script's last statement leaves
    /// a mark, and this checks the mark.
    fn load(&self, dump: &Path, database: &str) -> Result<(), Error> {
        let lines = open(dump)?;
        let mark = bytes::hex(&bytes::random::<16>()?);
        let guard = self.knows_guard(database)?.then_some(mark.as_str());
        let last = format!("COMMENT ON DATABASE {} IS '{mark}'", quote(database));
        let fed =
            self.psql(database, Limit::LOAD).fed(|input| script::write(lines, guard, &last, input));
        let output = fed.map_err(|failure| failure.of("psql", docker::INSTALL))?;
        if !output.status.success() {
            return Err(docker::failed("psql", &output));
        }
        let name = text(database);
        let marked = "SELECT shobj_description(oid, 'pg_database') FROM pg_database";
        if self.ask(&format!("{marked} WHERE datname = {name}"))? == mark {
            return Ok(());
        }
        Err(Error::UncommittedDump(dump.to_owned()))
    }

    /// Whether `psql` knows `\restrict`, which keeps a dump from running commands. This is tried, since patches
    /// of old versions have it, too.
    fn knows_guard(&self, database: &str) -> Result<bool, Error> {
        let words = ["exec", self.container, "psql", "-U", self.superuser, "-X", "-q", "-d"];
        let tried = docker::attempt(&[&words[..], &[database, "-c", "\\restrict word"]].concat())?;
        Ok(tried.status.success())
    }
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn rename(from: &str, to: &str) -> String {
    format!("ALTER DATABASE {} RENAME TO {}", quote(from), quote(to))
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// Fails unless a dump is whole and has nothing but SQL.
pub(super) fn check_script(path: &Path) -> Result<(), Error> {
    let checked = script::write(open(path)?, None, "", &mut io::sink());
    checked.map_err(|source| Error::RefusedDump { path: path.to_owned(), source })
}
