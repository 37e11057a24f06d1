//! Dumps of databases: taken before somebody touches them, checked, and put back.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use homelab_core::compose;
use homelab_core::lower::DATABASE_LABEL;

use super::engine::{self, State};
use super::files;
use super::place::Place;
use crate::error::Error;
use crate::program::{Limit, Program};

/// What the last lines of a whole dump say; `pg_dump` itself writes it.
const END: &str = "-- PostgreSQL database dump complete";

/// A server that was cut off reads its log before it answers.
const PATIENCE: Duration = Duration::from_mins(3);

/// A PostgreSQL database in a running container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) service: String,
    container: String,
    superuser: String,
    pub(crate) name: String,
}

impl Database {
    /// The database of a service, by the label of its container, or of the release for one that was
    /// made by hand.
    pub(crate) fn of(state: &State, file: &compose::File, service: &str) -> Result<Self, Error> {
        let container = state.of(service).next();
        let label = container.and_then(|it| engine::label(it, DATABASE_LABEL));
        let says = file.services.get(service).and_then(|it| it.labels.get(DATABASE_LABEL));
        let label = label.or(says.map(String::as_str));
        let parts = label.and_then(|it| it.strip_prefix("postgres:")?.split_once('/'));
        let id = container.and_then(|it| engine::text(it, "/Id"));
        match (parts, id) {
            (Some((superuser, name)), Some(id)) => Ok(Self {
                service: service.to_owned(),
                container: id.to_owned(),
                superuser: superuser.to_owned(),
                name: name.to_owned(),
            }),
            _ => Err(Error::Failed {
                what: format!("`{service}` cannot be dumped: its container does not say how"),
                help: format!(
                    "expected the label `{DATABASE_LABEL}: postgres:<superuser>/<database>`"
                ),
            }),
        }
    }

    /// Dumps it into a new file, and checks that the dump is whole.
    pub(crate) fn dump(&self, place: &Place, id: &str) -> Result<PathBuf, Error> {
        let path = place.dumps().join(format!("{id}-{}-{}.sql.gz", self.service, self.name));
        let unfinished = path.with_extension("unfinished");
        let fail = |source| Error::Write { path: unfinished.clone(), source };
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished);
        let file = file.map_err(fail)?;
        let words = ["pg_dump", "-U", &self.superuser, "-d", &self.name];
        // As the household's nightly dumps are made, so that one page restores both.
        let options = ["--clean", "--if-exists", "--compress=1"];
        let program = Program::new("docker", Limit::DUMP).args(["exec", &self.container]);
        let program = program.args(words).args(options);
        let copy = file.try_clone().map_err(fail)?;
        let output = program.output_into(copy).map_err(|failure| failure.of("pg_dump", ""))?;
        let ended = if output.status.success() {
            file.sync_all().map_err(fail).and_then(|()| check(&unfinished))
        } else {
            Err(engine::failed("pg_dump", &output))
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
        engine::deed(&["start", &self.container])?;
        let started = Instant::now();
        loop {
            match self.sql("postgres", &["SELECT 1"]) {
                Err(_) if started.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_secs(1));
                }
                ended => return ended,
            }
        }
    }

    /// Bytes that it has on the disk; a dump is smaller.
    pub(crate) fn size(&self) -> Result<u64, Error> {
        let sql = format!("SELECT pg_database_size('{}')", self.name.replace('\'', "''"));
        let words = ["exec", &self.container, "psql", "-U", &self.superuser, "-X", "-A", "-t"];
        let answer = engine::docker(&[&words[..], &["-d", "postgres", "-c", &sql]].concat())?;
        answer.trim().parse().map_err(|_| Error::Failed {
            what: format!("`{}` says `{}` when asked for its size", self.service, answer.trim()),
            help: String::new(),
        })
    }

    /// The name under which `restore` keeps the data that it sets aside.
    pub(crate) fn kept_name(&self, id: &str) -> String {
        // PostgreSQL cuts longer names.
        format!("{}_before_{id}", self.name).chars().take(63).collect()
    }

    /// Puts a dump in the place of the database, which stays beside it under the name `kept`.
    ///
    /// Nobody may be connected: whoever uses it has to be stopped.
    pub(crate) fn restore(&self, dump: &Path, kept: &str) -> Result<(), Error> {
        check(dump)?;
        let new = format!("{}_restored", self.name);
        self.sql("postgres", &[&format!("DROP DATABASE IF EXISTS {}", quote(&new))])?;
        self.sql("postgres", &[&format!("CREATE DATABASE {}", quote(&new))])?;
        self.load(dump, &new)?;
        let end = self.end_connections();
        self.sql("postgres", &[&end, &rename(&self.name, kept), &rename(&new, &self.name)])?;
        self.sql(&self.name, &["ANALYZE"])
    }

    /// Undoes `restore`: what it set aside is the database again. Nothing, when it was not set aside.
    pub(crate) fn undo(&self, kept: &str) -> Result<(), Error> {
        let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{kept}'");
        let words = ["exec", &self.container, "psql", "-U", &self.superuser, "-X", "-A", "-t"];
        let answer = engine::docker(&[&words[..], &["-d", "postgres", "-c", &exists]].concat())?;
        if answer.trim() != "1" {
            return Ok(());
        }
        let undone = format!("{}_undone", self.name);
        self.sql("postgres", &[&format!("DROP DATABASE IF EXISTS {}", quote(&undone))])?;
        let end = self.end_connections();
        self.sql("postgres", &[&end, &rename(&self.name, &undone), &rename(kept, &self.name)])
    }

    /// Whoever is still connected, such as a person's `psql`; the rename waits for their end.
    fn end_connections(&self) -> String {
        let name = self.name.replace('\'', "''");
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    }

    fn psql(&self, database: &str) -> Program {
        let program = Program::new("docker", Limit::LOAD);
        // Notices are of no use to whoever reads what went wrong.
        let quiet = ["exec", "--interactive", "--env", "PGOPTIONS=--client-min-messages=warning"];
        let program = program.args(quiet).args([&self.container, "psql", "-U", &self.superuser]);
        let program = program.args(["-X", "-q", "-o", "/dev/null", "-d", database]);
        program.args(["-v", "ON_ERROR_STOP=1", "--single-transaction"])
    }

    fn sql(&self, database: &str, statements: &[&str]) -> Result<(), Error> {
        let mut program = self.psql(database);
        // These refuse to be in a transaction.
        if let [one] = statements
            && !one.starts_with("ALTER")
        {
            program = Program::new("docker", Limit::LOAD);
            program = program.args(["exec", &self.container, "psql", "-U", &self.superuser]);
            program = program.args(["-X", "-q", "-d", database, "-v", "ON_ERROR_STOP=1"]);
        }
        for statement in statements {
            program = program.args(["-c", statement]);
        }
        let output = program.output().map_err(|failure| failure.of("psql", ""))?;
        if output.status.success() { Ok(()) } else { Err(engine::failed("psql", &output)) }
    }

    /// In one transaction: all of it or nothing.
    fn load(&self, dump: &Path, database: &str) -> Result<(), Error> {
        let read = |source| Error::Read { path: dump.to_owned(), source };
        let lines = BufReader::new(GzDecoder::new(File::open(dump).map_err(read)?));
        let fed = self.psql(database).fed(|input| {
            for line in lines.split(b'\n') {
                let Some(line) = restorable(&line?) else { continue };
                input.write_all(&line)?;
                input.write_all(b"\n")?;
            }
            Ok(())
        });
        let output = fed.map_err(|failure| failure.of("psql", ""))?;
        if output.status.success() { Ok(()) } else { Err(engine::failed("psql", &output)) }
    }
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn rename(from: &str, to: &str) -> String {
    format!("ALTER DATABASE {} RENAME TO {}", quote(from), quote(to))
}

/// A line as it can be restored into a fresh database.
///
/// Functions of indexes have to be found in `public` (as Immich's own manual says), and an
/// older `psql` does not know the guard that newer dumps begin and end with.
fn restorable(line: &[u8]) -> Option<Vec<u8>> {
    const SEARCH_PATH: &[u8] = b"SELECT pg_catalog.set_config('search_path', '', false);";
    if line.starts_with(b"\\restrict ") || line.starts_with(b"\\unrestrict ") {
        return None;
    }
    if line == SEARCH_PATH {
        let there = "SELECT pg_catalog.set_config('search_path', 'public, pg_catalog', true);";
        return Some(there.as_bytes().to_vec());
    }
    Some(line.to_vec())
}

/// Fails unless a dump is whole: `psql` takes the end of a cut one for the end of the data.
pub(crate) fn check(path: &Path) -> Result<(), Error> {
    let read = |source| Error::Read { path: path.to_owned(), source };
    let mut from = GzDecoder::new(File::open(path).map_err(read)?);
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
    Err(Error::Failed {
        what: format!(
            "the dump `{}` is not whole: its last lines do not say `{END}`",
            path.display()
        ),
        help: "take another one".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).expect("a vector takes every byte");
        encoder.finish().expect("a vector takes every byte")
    }

    #[test]
    fn a_cut_dump_is_found() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("dump.sql.gz");
        let judged = |bytes: &[u8]| {
            fs::write(&path, bytes).expect("the folder is ours");
            check(&path)
        };
        let rows = "INSERT INTO asset VALUES (1);\n".repeat(5000);
        let whole = packed(&format!("{rows}--\n{END}\n--\n\n"));
        assert!(judged(&whole).is_ok());
        assert!(judged(&whole[..whole.len() - 20]).is_err());
        assert!(judged(&packed(&rows)).is_err());
        assert!(judged(b"").is_err());
        assert!(check(&folder.path().join("none")).is_err());
    }

    #[test]
    fn a_dump_fits_an_older_psql() {
        assert_eq!(restorable(b"\\restrict abc"), None);
        assert_eq!(restorable(b"SELECT 1;"), Some(b"SELECT 1;".to_vec()));
        let path = restorable(b"SELECT pg_catalog.set_config('search_path', '', false);");
        assert!(String::from_utf8_lossy(&path.expect("it stays")).contains("'public, pg_catalog'"));
    }
}
