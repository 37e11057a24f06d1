//! `MariaDB`: dumped by `mariadb-dump`, loaded by `mariadb` in the place of data that was copied before.
//!
//! `MariaDB` cannot rename a database. So a restore first copies the old one, on the server, to a database
//! that a table marks when the copy is whole; then it empties the old one and loads the dump. Whatever
//! fails from there on, the copy has everything.

#[cfg(all(test, feature = "mariadb"))]
mod tests;

use std::io;
use std::path::Path;

use super::{Growing, Kind, check, exec, open};
use crate::docker;
use crate::error::Error;
use crate::program::{Limit, Program};

/// A database on a server in a container.
pub(super) struct MariaDb<'a> {
    pub(super) container: &'a str,
    pub(super) superuser: &'a str,
    pub(super) name: &'a str,
}

/// What the dump's last line begins with; the time follows.
pub(super) const END: &str = "-- Dump completed";

const SCRIPT: &str = include_str!("mariadb.sh");

impl Kind for MariaDb<'_> {
    fn dump(&self, into: Growing) -> Result<bool, Error> {
        exec(self.container, &self.words("dump", ""), into).map(|()| true)
    }

    fn check(&self, dump: &Path) -> Result<(), Error> {
        check(dump, END)
    }

    fn question(&self) -> Option<Vec<&str>> {
        Some([&["exec", self.container], &self.words("answer", "")[..]].concat())
    }

    fn size(&self) -> Result<String, Error> {
        self.ask("size", "")
    }

    fn restore(&self, dump: &Path, kept: &str) -> Result<(), Error> {
        check(dump, END)?;
        self.ask("sandbox", "")?;
        self.run("keep", kept, Limit::LOAD)?;
        let replaced = self
            .run("empty", kept, Limit::DEED)
            .and_then(|()| self.load(dump))
            .and_then(|()| self.run("loaded", "", Limit::DEED));
        if replaced.is_err() {
            self.run("put-back", kept, Limit::LOAD)?;
        }
        replaced
    }

    fn undo(&self, kept: &str, _: &Path) -> Result<(), Error> {
        if self.ask("kept", kept)? != "1" {
            return Ok(());
        }
        self.run("put-back", kept, Limit::LOAD)
    }
}

impl MariaDb<'_> {
    /// The script with its arguments.
    fn words<'a>(&'a self, deed: &'a str, kept: &'a str) -> Vec<&'a str> {
        vec!["bash", "-c", SCRIPT, "mariadb.sh", deed, self.superuser, self.name, kept]
    }

    fn ask(&self, deed: &str, kept: &str) -> Result<String, Error> {
        let words = [&["exec", self.container], &self.words(deed, kept)[..]].concat();
        Ok(docker::ask(&words)?.trim().to_owned())
    }

    fn program(&self, deed: &str, kept: &str, limit: Limit) -> Program {
        let exec = ["exec", "--interactive", self.container];
        docker::program(limit).args(exec).args(self.words(deed, kept))
    }

    fn run(&self, deed: &str, kept: &str, limit: Limit) -> Result<(), Error> {
        let output = self.program(deed, kept, limit).output();
        let output = output.map_err(|failure| failure.of("mariadb", docker::INSTALL))?;
        if output.status.success() { Ok(()) } else { Err(docker::failed("mariadb", &output)) }
    }

    /// Loads a dump. The client's exit code does not prove that it read the last line, so a last statement
    /// makes a table.
    fn load(&self, dump: &Path) -> Result<(), Error> {
        let mut lines = open(dump)?;
        let fed = self.program("load", "", Limit::LOAD).fed(|input| {
            io::copy(&mut lines, input)?;
            writeln!(input, "\nCREATE TABLE homelab_loaded (done INT);")
        });
        let output = fed.map_err(|failure| failure.of("mariadb", docker::INSTALL))?;
        if output.status.success() { Ok(()) } else { Err(docker::failed("mariadb", &output)) }
    }
}
