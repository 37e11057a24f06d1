//! Dumps of databases: taken before a deploy touches the data, checked, and restored.

mod mariadb;
mod postgres;
mod script;
mod sqlite;
#[cfg(test)]
pub(crate) mod tests;

use std::fs::{self, File};
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use homelab_core::compose;
use homelab_core::compose::label;
use homelab_core::dsl::database::{self, Engine};
use homelab_core::release::databases;
use serde_json::Value;

use self::mariadb::MariaDb;
use self::postgres::Postgres;
use self::sqlite::Sqlite;
use super::files::{self, Growing};
use super::place::HousePlace;
use crate::docker::{self, seen, seen::Seen};
use crate::error::Error;
use crate::message;
use crate::program::Limit;

/// How long a server may take to answer: after a crash it first replays its log.
const PATIENCE: Duration = Duration::from_millis(if cfg!(test) { 5 } else { 180_000 });

/// The name of every dump until it is whole.
const UNFINISHED: &str = ".unfinished.gz";

/// Pause between two questions.
const INTERVAL: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 1_000 });

/// What can be done with one database.
trait Kind {
    /// How the name of a dump ends.
    fn suffix(&self) -> &'static str {
        "sql.gz"
    }

    /// Writes a dump; `false` where there is no database yet.
    fn dump(&self, into: Growing) -> Result<bool, Error>;

    /// Fails unless a dump is whole.
    fn check(&self, dump: &Path) -> Result<(), Error>;

    /// The arguments of `docker` that end well when its server answers, unless it needs none.
    fn question(&self) -> Option<Vec<&str>>;

    /// The bytes of the database on the disk, in digits.
    fn size(&self) -> Result<String, Error>;

    /// As [`Database::restore`].
    fn restore(&self, dump: &Path, kept: &str) -> Result<(), Error>;

    /// As [`Database::undo`]; `dumps` is the folder of dumps.
    fn undo(&self, kept: &str, dumps: &Path) -> Result<(), Error>;
}

/// Writes what a program in a container says into a file.
fn exec(container: &str, words: &[&str], into: Growing) -> Result<(), Error> {
    let program = docker::program(Limit::DUMP).args(["exec", container]).args(words);
    match program.output_into(into) {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(docker::failed(words[0], &output)),
        Err(failure) => Err(failure.of(words[0], docker::INSTALL)),
    }
}

/// A database in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) service: String,
    container: String,
    says: database::Database,
}

impl Database {
    /// Finds the database of a service by the label of its container. A container that was made by hand has no
    /// such label: then that of the release counts.
    pub(crate) fn of(seen: &Seen, file: &compose::File, service: &str) -> Result<Self, Error> {
        // After a recreate that was cut off there are two; the one that runs has the data.
        let runs = |it: &&Value| it.pointer("/State/Running") == Some(&Value::Bool(true));
        let container = seen.of(service).find(runs).or_else(|| seen.of(service).next());
        let label = container.and_then(|it| seen::label(it, label::DATABASE));
        let says = file.services.get(service).and_then(|it| it.labels.get(label::DATABASE));
        let label = label.or(says.map(String::as_str));
        let says = label.and_then(|it| it.parse().ok());
        let id = container.and_then(|it| seen::text(it, "/Id"));
        match (says, id) {
            (Some(says), Some(id)) => {
                Ok(Self { service: service.to_owned(), container: id.to_owned(), says })
            }
            _ => Err(Error::NoDatabase(service.to_owned())),
        }
    }

    /// Fails where a release keeps it elsewhere than its container: a file would be put back where that
    /// release does not look.
    pub(crate) fn must_be_of(&self, file: &compose::File) -> Result<(), Error> {
        let (says, has) = (databases::of(file, &self.service), self.says.to_string());
        match says.filter(|it| {
            it.has_server() != self.has_server() || !it.has_server() && *it != self.says
        }) {
            Some(says) => Err(Error::OtherDatabase {
                service: self.service.clone(),
                says: says.to_string(),
                has,
            }),
            None => Ok(()),
        }
    }

    /// The name of the database on its server, or of its file.
    pub(crate) fn name(&self) -> &str {
        name(&self.says)
    }

    /// Whether it is restored by a server of the older release.
    pub(crate) const fn has_server(&self) -> bool {
        self.says.has_server()
    }

    /// Dumps it into a new file, and checks that the dump is whole. `None` where there is no database yet.
    pub(crate) fn dump(&self, place: &HousePlace, id: &str) -> Result<Option<PathBuf>, Error> {
        let kind = self.kind();
        let name = beginning(id, &self.service, &self.says) + kind.suffix();
        // All dumps have the same temporary name, so that the next one replaces what a killed run has left.
        let unfinished = place.dumps().join(UNFINISHED);
        let dumped = kind.dump(Growing::create(&unfinished, 0o600)?).and_then(|is_there| {
            if is_there { kind.check(&unfinished).map(|()| true) } else { Ok(false) }
        });
        if !matches!(dumped, Ok(true)) {
            let _ = fs::remove_file(&unfinished);
            return dumped.map(|_| None);
        }
        let path = place.dumps().join(name);
        files::rename(&unfinished, &path)?;
        Ok(Some(path))
    }

    /// Starts the server, if it does not run, and waits until it answers.
    pub(crate) fn wake(&self) -> Result<(), Error> {
        if !self.has_server() {
            return Ok(());
        }
        docker::change(&["start", &self.container])?;
        let started = Instant::now();
        loop {
            match self.kind().question().map(|it| docker::ask(&it)) {
                Some(Err(_)) if started.elapsed() < PATIENCE => {
                    std::thread::sleep(INTERVAL);
                }
                ended => return ended.transpose().map(drop),
            }
        }
    }

    /// Starts the server like `wake`. If it does not come up, this is told, and the answer is `false`.
    pub(crate) fn wakes(&self, mut tell: impl FnMut(&str)) -> Result<bool, Error> {
        match self.wake() {
            Err(error) if error.is_of_a_program() => {
                tell(&format!(
                    "warning: `{}` does not answer, so it is not dumped: {}",
                    self.service,
                    message::chain(&error)
                ));
                Ok(false)
            }
            ended => ended.map(|()| true),
        }
    }

    /// Whether the server answers now, if it needs one.
    pub(crate) fn answers(&self) -> Result<bool, Error> {
        let asked = self.kind().question().map(|it| docker::attempt(&it)).transpose()?;
        Ok(asked.is_none_or(|it| it.status.success()))
    }

    /// The bytes of the database on the disk; a dump is smaller.
    pub(crate) fn size(&self) -> Result<u64, Error> {
        let answer = self.kind().size()?;
        answer.parse().map_err(|_| Error::DatabaseSize { service: self.service.clone(), answer })
    }

    /// The name under which `restore` keeps the data that it sets aside: a database on the server, or the dump
    /// that was just taken, if there was something to dump.
    pub(crate) fn kept_name(&self, id: &str, dumps: &[String]) -> String {
        if self.has_server() {
            let id = id.chars().filter(char::is_ascii_alphanumeric);
            let name = format!("{}_before_", self.name());
            // PostgreSQL cuts longer names; MariaDB takes one more.
            return name.chars().chain(id).take(63).collect();
        }
        let own = beginning(id, &self.service, &self.says);
        let names = dumps.iter().filter_map(|it| Path::new(it).file_name()?.to_str());
        names.rev().find(|it| it.starts_with(&own)).unwrap_or_default().to_owned()
    }

    /// Replaces the database with a dump. The old data stays under the name `kept`.
    ///
    /// The services that use it have to be stopped before.
    pub(crate) fn restore(&self, dump: &Path, kept: &str) -> Result<(), Error> {
        self.kind().restore(dump, kept)
    }

    /// Undoes `restore`: the database has the data again that was kept. Does nothing where none is kept.
    pub(crate) fn undo(&self, kept: &str, place: &HousePlace) -> Result<(), Error> {
        self.kind().undo(kept, &place.dumps())
    }

    fn kind(&self) -> Box<dyn Kind + '_> {
        let container = self.container.as_str();
        match &self.says {
            database::Database::Server { engine: Engine::Postgres, superuser, name } => {
                Box::new(Postgres { container, superuser, name })
            }
            database::Database::Server { engine: Engine::MariaDb, superuser, name } => {
                Box::new(MariaDb { container, superuser, name })
            }
            database::Database::Sqlite { path } => Box::new(Sqlite { container, path }),
        }
    }
}

fn name(says: &database::Database) -> &str {
    match says {
        database::Database::Server { name, .. } => name,
        database::Database::Sqlite { path } => path.rsplit('/').next().unwrap_or_default(),
    }
}

/// How the name of a database's dump begins that a deploy takes: the ending follows.
pub(super) fn beginning(deploy: &str, service: &str, says: &database::Database) -> String {
    format!("{deploy}-{service}-{}.", name(says))
}

/// Reads a packed file, also one of several joined parts. Anything else behind the last part is an error.
pub(super) fn open(path: &Path) -> Result<BufReader<MultiGzDecoder<File>>, Error> {
    let file = File::open(path);
    let file = file.map_err(|source| Error::Read { path: path.to_owned(), source })?;
    Ok(BufReader::new(MultiGzDecoder::new(file)))
}

/// Fails unless a dump is whole: its last lines say so. A client would load a cut one without an error.
fn check(path: &Path, end: &'static str) -> Result<(), Error> {
    let read = |source| Error::Read { path: path.to_owned(), source };
    let mut from = open(path)?;
    let (mut tail, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        let count = from.read(&mut buffer).map_err(read)?;
        if count == 0 {
            break;
        }
        tail.extend_from_slice(&buffer[..count]);
        let surplus = tail.len().saturating_sub(512);
        tail.drain(..surplus);
    }
    if String::from_utf8_lossy(&tail).lines().any(|it| it.starts_with(end)) {
        return Ok(());
    }
    Err(Error::CutDump { path: path.to_owned(), end })
}
