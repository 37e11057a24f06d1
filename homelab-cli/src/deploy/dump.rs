//! Dumps of databases: taken before a deploy touches the data, checked, and restored.

mod script;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use homelab_core::compose;
use homelab_core::compose::label;

use self::script::END;
use super::files::{self, Growing};
use super::place::HousePlace;
use crate::bytes;
use crate::docker::{self, seen, seen::Seen};
use crate::error::Error;
use crate::message;
use crate::program::{Limit, Program};

/// How long a server may take to answer: after a crash it first replays its log.
const PATIENCE: Duration = Duration::from_millis(if cfg!(test) { 5 } else { 180_000 });

/// Pause between two questions.
const INTERVAL: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 1_000 });

/// A PostgreSQL database in a running container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) service: String,
    container: String,
    superuser: String,
    pub(crate) name: String,
}

impl Database {
    /// Finds the database of a service by the label of its container. A container that was made by hand has no
    /// such label: then that of the release counts.
    pub(crate) fn of(seen: &Seen, file: &compose::File, service: &str) -> Result<Self, Error> {
        let container = seen.of(service).next();
        let label = container.and_then(|it| seen::label(it, label::DATABASE));
        let says = file.services.get(service).and_then(|it| it.labels.get(label::DATABASE));
        let label = label.or(says.map(String::as_str));
        let parts = label.and_then(|it| it.strip_prefix("postgres:")?.split_once('/'));
        let id = container.and_then(|it| seen::text(it, "/Id"));
        match (parts, id) {
            (Some((superuser, name)), Some(id)) => Ok(Self {
                service: service.to_owned(),
                container: id.to_owned(),
                superuser: superuser.to_owned(),
                name: name.to_owned(),
            }),
            _ => Err(Error::NoDatabase(service.to_owned())),
        }
    }

    /// Dumps it into a new file, and checks that the dump is whole.
    pub(crate) fn dump(&self, place: &HousePlace, id: &str) -> Result<PathBuf, Error> {
        let path = place.dumps().join(format!("{id}-{}-{}.sql.gz", self.service, self.name));
        // All dumps have the same temporary name, so that the next one replaces what a killed run has left.
        let unfinished = place.dumps().join(".unfinished.sql.gz");
        let file = Growing::create(&unfinished, 0o600)?;
        let words = ["pg_dump", "-U", &self.superuser, "-d", &self.name];
        // The nightly dumps have the same options, so that one runbook restores both.
        let options = ["--clean", "--if-exists", "--compress=1"];
        let program = docker::program(Limit::DUMP).args(["exec", &self.container]);
        let program = program.args(words).args(options);
        let ended = match program.output_into(file) {
            Ok(output) if output.status.success() => check(&unfinished),
            Ok(output) => Err(docker::failed("pg_dump", &output)),
            Err(failure) => Err(failure.of("pg_dump", docker::INSTALL)),
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
            match self.ask("SELECT 1") {
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
        Ok(docker::attempt(&self.question("SELECT 1"))?.status.success())
    }

    /// The bytes of the database on the disk; a dump is smaller.
    pub(crate) fn size(&self) -> Result<u64, Error> {
        let answer = self.ask(&format!("SELECT pg_database_size({})", text(&self.name)))?;
        answer.parse().map_err(|_| Error::DatabaseSize { service: self.service.clone(), answer })
    }

    /// The name under which `restore` keeps the data that it sets aside.
    pub(crate) fn kept_name(&self, id: &str) -> String {
        // PostgreSQL cuts longer names.
        format!("{}_before_{id}", self.name).chars().take(63).collect()
    }

    /// Replaces the database with a dump. The old database stays on the server under the name `kept`.
    ///
    /// The services that use it have to be stopped before.
    pub(crate) fn restore(&self, dump: &Path, kept: &str) -> Result<(), Error> {
        check_script(dump)?;
        let new = format!("{}_restored", self.name);
        self.sql("postgres", &[&format!("DROP DATABASE IF EXISTS {}", quote(&new))])?;
        self.sql("postgres", &[&format!("CREATE DATABASE {}", quote(&new))])?;
        self.load(dump, &new)?;
        let end = self.end_connections();
        let unmark = format!("COMMENT ON DATABASE {} IS NULL", quote(&new));
        let swap = [&end, &unmark, &rename(&self.name, kept), &rename(&new, &self.name)];
        self.sql("postgres", &swap.map(String::as_str))?;
        self.sql(&self.name, &["ANALYZE"])
    }

    /// Undoes `restore`: the database that it has kept gets its name back. Does nothing where none is kept.
    pub(crate) fn undo(&self, kept: &str) -> Result<(), Error> {
        let exists = format!("SELECT 1 FROM pg_database WHERE datname = {}", text(kept));
        if self.ask(&exists)? != "1" {
            return Ok(());
        }
        let undone = format!("{}_undone", self.name);
        self.sql("postgres", &[&format!("DROP DATABASE IF EXISTS {}", quote(&undone))])?;
        let end = self.end_connections();
        self.sql("postgres", &[&end, &rename(&self.name, &undone), &rename(kept, &self.name)])
    }

    /// Ends connections that are left, such as a person's `psql`: a database in use cannot be renamed.
    fn end_connections(&self) -> String {
        let name = text(&self.name);
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {name}")
    }

    /// What the server answers to one question.
    fn ask(&self, question: &str) -> Result<String, Error> {
        Ok(docker::ask(&self.question(question))?.trim().to_owned())
    }

    fn question<'a>(&'a self, question: &'a str) -> [&'a str; 12] {
        let Self { container, superuser, .. } = self;
        [
            "exec", container, "psql", "-U", superuser, "-X", "-A", "-t", "-d", "postgres", "-c",
            question,
        ]
    }

    fn psql(&self, database: &str, limit: Limit) -> Program {
        let program = docker::program(limit);
        // Without notices, which would hide the error.
        let quiet = ["exec", "--interactive", "--env", "PGOPTIONS=--client-min-messages=warning"];
        let program = program.args(quiet).args([&self.container, "psql", "-U", &self.superuser]);
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
        let words = ["exec", &self.container, "psql", "-U", &self.superuser, "-X", "-q", "-d"];
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

/// Reads a packed file, also one of several joined parts. Anything else behind the last part is an error.
fn open(path: &Path) -> Result<BufReader<MultiGzDecoder<File>>, Error> {
    let file = File::open(path);
    let file = file.map_err(|source| Error::Read { path: path.to_owned(), source })?;
    Ok(BufReader::new(MultiGzDecoder::new(file)))
}

/// Fails unless a dump is whole and has nothing but SQL.
fn check_script(path: &Path) -> Result<(), Error> {
    let checked = script::write(open(path)?, None, "", &mut io::sink());
    checked.map_err(|source| Error::RefusedDump { path: path.to_owned(), source })
}

/// Fails unless a dump is whole: `psql` would load a cut one without an error.
pub(crate) fn check(path: &Path) -> Result<(), Error> {
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
    if String::from_utf8_lossy(&tail).lines().any(|it| it == END) {
        return Ok(());
    }
    Err(Error::CutDump { path: path.to_owned(), end: END })
}
