//! Dumps of databases: taken before a deploy touches the data, checked, and restored.

mod mariadb;
mod postgres;
mod script;
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

use self::mariadb::MariaDb;
use self::postgres::Postgres;
use super::files::{self, Growing};
use super::place::HousePlace;
use crate::docker::{self, seen, seen::Seen};
use crate::error::Error;
use crate::message;
use crate::program::Limit;

/// How long a server may take to answer: after a crash it first replays its log.
const PATIENCE: Duration = Duration::from_millis(if cfg!(test) { 5 } else { 180_000 });

/// Pause between two questions.
const INTERVAL: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 1_000 });

/// What a server's own programs do with one database of it.
trait Server {
    /// How the last line of a whole dump begins.
    fn end(&self) -> &'static str;

    /// The name of the program that dumps.
    fn dumper(&self) -> &'static str;

    /// What writes a packed dump, in the container.
    fn dump(&self) -> Vec<&str>;

    /// A program in the container that ends well when the server answers.
    fn question(&self) -> Vec<&str>;

    /// The bytes of the database on the disk, in digits.
    fn size(&self) -> Result<String, Error>;

    /// As [`Database::restore`].
    fn restore(&self, dump: &Path, kept: &str) -> Result<(), Error>;

    /// As [`Database::undo`].
    fn undo(&self, kept: &str) -> Result<(), Error>;
}

/// A database in a running container.
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
        let container = seen.of(service).next();
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

    /// The name of the database on its server.
    pub(crate) fn name(&self) -> &str {
        &self.says.name
    }

    /// Dumps it into a new file, and checks that the dump is whole.
    pub(crate) fn dump(&self, place: &HousePlace, id: &str) -> Result<PathBuf, Error> {
        let path = place.dumps().join(format!("{id}-{}-{}.sql.gz", self.service, self.name()));
        // All dumps have the same temporary name, so that the next one replaces what a killed run has left.
        let unfinished = place.dumps().join(".unfinished.sql.gz");
        let file = Growing::create(&unfinished, 0o600)?;
        let server = self.server();
        let words = server.dump();
        let program = docker::program(Limit::DUMP).args(["exec", &self.container]).args(&words);
        let ended = match program.output_into(file) {
            Ok(output) if output.status.success() => check(&unfinished, server.end()),
            Ok(output) => Err(docker::failed(server.dumper(), &output)),
            Err(failure) => Err(failure.of(server.dumper(), docker::INSTALL)),
        };
        if let Err(error) = ended {
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        files::rename(&unfinished, &path)?;
        Ok(path)
    }

    /// Starts the server, if it does not run, and waits until it answers.
    pub(crate) fn wake(&self) -> Result<(), Error> {
        docker::change(&["start", &self.container])?;
        let started = Instant::now();
        loop {
            match self.question(docker::ask) {
                Err(_) if started.elapsed() < PATIENCE => {
                    std::thread::sleep(INTERVAL);
                }
                ended => return ended.map(drop),
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

    /// Whether the server answers now.
    pub(crate) fn answers(&self) -> Result<bool, Error> {
        Ok(self.question(docker::attempt)?.status.success())
    }

    /// Asks the server whether it is there.
    fn question<T>(&self, ask: impl Fn(&[&str]) -> T) -> T {
        ask(&[&["exec", &self.container], &self.server().question()[..]].concat())
    }

    /// The bytes of the database on the disk; a dump is smaller.
    pub(crate) fn size(&self) -> Result<u64, Error> {
        let answer = self.server().size()?;
        answer.parse().map_err(|_| Error::DatabaseSize { service: self.service.clone(), answer })
    }

    /// The name under which `restore` keeps the data that it sets aside.
    pub(crate) fn kept_name(&self, id: &str) -> String {
        // PostgreSQL cuts longer names; MariaDB takes one more.
        format!("{}_before_{id}", self.name()).chars().take(63).collect()
    }

    /// Replaces the database with a dump. The old data stays on the server in a database with the name `kept`.
    ///
    /// The services that use it have to be stopped before.
    pub(crate) fn restore(&self, dump: &Path, kept: &str) -> Result<(), Error> {
        self.server().restore(dump, kept)
    }

    /// Undoes `restore`: the database has the data again that was kept. Does nothing where none is kept.
    pub(crate) fn undo(&self, kept: &str) -> Result<(), Error> {
        self.server().undo(kept)
    }

    fn server(&self) -> Box<dyn Server + '_> {
        let database::Database { engine, superuser, name } = &self.says;
        let container = self.container.as_str();
        match engine {
            Engine::Postgres => Box::new(Postgres { container, superuser, name }),
            Engine::MariaDb => Box::new(MariaDb { container, superuser, name }),
        }
    }
}

/// Reads a packed file, also one of several joined parts. Anything else behind the last part is an error.
fn open(path: &Path) -> Result<BufReader<MultiGzDecoder<File>>, Error> {
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
