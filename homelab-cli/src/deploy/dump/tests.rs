//! A `psql` that fails at every point, and dumps that are not what they should be.

use std::cell::RefCell;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Output};
use std::rc::Rc;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::postgres::check_script;
use super::script::END;
use super::*;
use crate::program::played;

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("a vector takes every byte");
    encoder.finish().expect("a vector takes every byte")
}

fn whole(text: &str) -> String {
    format!("{text}\n--\n{END}\n--\n\n")
}

/// Fails unless this is a whole dump of PostgreSQL.
pub(crate) fn whole_postgres(path: &Path) -> Result<(), Error> {
    check(path, END)
}

#[test]
fn a_cut_dump_is_found() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("dump.sql.gz");
    let judged = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("the folder is ours");
        let (one, other) = (check(&path, END), check_script(&path));
        assert_eq!(one.is_ok(), other.is_ok());
        one
    };
    let rows = "INSERT INTO asset VALUES (1);\n".repeat(5000);
    let good = packed(&whole(&rows));
    assert!(judged(&good).is_ok());
    assert!(judged(&good[..good.len() - 20]).is_err());
    assert!(judged(&packed(&rows)).is_err());
    assert!(judged(b"").is_err());
    // Two parts are read as one; what is none is seen.
    assert!(judged(&[packed(&rows), good.clone()].concat()).is_ok());
    assert!(judged(&[good.clone(), packed("SELECT 1;\n".repeat(100).as_str())].concat()).is_err());
    assert!(judged(&[good.clone(), b"rest".to_vec()].concat()).is_err());
    assert!(check(&folder.path().join("none"), END).is_err());
}

/// A server of which only the things that a restore does are known.
#[derive(Clone, Debug, Default)]
struct Server {
    knows_guard: bool,
    /// The call that fails, from 0.
    fails: Option<usize>,
    /// `psql` ends with 0 and has not seen the end of its input.
    is_cut: bool,
    calls: usize,
    /// What was committed.
    script: Option<String>,
    swapped: bool,
}

impl Server {
    fn answer(&mut self, words: &[String], input: &[u8]) -> Output {
        let line = words.join(" ");
        let fails = self.fails == Some(self.calls);
        self.calls += 1;
        let mut said = String::new();
        let mut code = i32::from(fails);
        if line.contains("\\restrict") {
            code |= i32::from(!self.knows_guard);
        } else if line.contains("shobj_description") {
            let mark = self.script.as_deref().and_then(|it| it.rsplit_once("IS '"));
            said = mark
                .map(|it| it.1.split('\'').next().unwrap_or_default().to_owned())
                .unwrap_or_default();
        } else if line.contains("RENAME") {
            assert!(line.contains("--single-transaction"), "{line}");
            self.swapped |= !fails;
        } else if line.contains("--interactive") && !line.contains(" -c ") {
            assert!(
                !line.contains("--single-transaction"),
                "it commits at the end of the input: {line}"
            );
            let input = String::from_utf8_lossy(input).into_owned();
            if !fails && !self.is_cut && input.ends_with("\nCOMMIT;\n") {
                self.script = Some(input);
            }
        }
        Output {
            status: ExitStatus::from_raw(code << 8),
            stdout: said.into_bytes(),
            stderr: Vec::new(),
        }
    }
}

fn database() -> Database {
    Database {
        service: "postgres".to_owned(),
        container: "c".to_owned(),
        says: "postgres:postgres/immich".parse().expect("it is one"),
    }
}

#[test]
fn what_pg_dump_writes_is_a_dump_once_it_is_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place =
        HousePlace::open(folder.path(), &crate::house_folder::house_of_tests()).expect("it exists");
    place.make_folders().expect("it is ours");
    let good = packed(&whole("SELECT 1;"));
    let written = |code: i32, bytes: &[u8]| {
        let answer = Output {
            status: ExitStatus::from_raw(code << 8),
            stdout: bytes.to_vec(),
            stderr: Vec::new(),
        };
        let _docker = played::by(move |_, _, _| Some(answer.clone()));
        database().dump(&place, "x")
    };
    let dumps = || fs::read_dir(place.dumps()).expect("it is there").count();
    // It may end well all the same, as when its disk is full.
    for (code, bytes) in [(0, &good[..good.len() - 9]), (0, b""), (1, &good)] {
        written(code, bytes).expect_err("it is no dump");
        assert_eq!(dumps(), 0);
    }
    // In the place of what a killed run has left.
    fs::write(place.dumps().join(".unfinished.gz"), "x".repeat(1 << 10)).expect("it is ours");
    let path = written(0, &good).expect("it is whole").expect("there is a database");
    assert_eq!(fs::read(path).expect("it is there"), good);
    assert_eq!(dumps(), 1);
}

/// Restores a dump on such a server.
fn restored(server: Server, dump: &[u8]) -> (Result<(), Error>, Server) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("dump.sql.gz");
    fs::write(&path, dump).expect("the folder is ours");
    let server = Rc::new(RefCell::new(server));
    let own = Rc::clone(&server);
    let _docker = played::by(move |_, words, input| Some(own.borrow_mut().answer(words, input)));
    let ended = database().restore(&path, "immich_before");
    let server = server.borrow().clone();
    (ended, server)
}

#[test]
fn a_dump_replaces_the_database() {
    let dump = packed(&whole("\\restrict xyz\nSELECT 1;\n\\unrestrict xyz"));
    for knows_guard in [true, false] {
        let (ended, server) = restored(Server { knows_guard, ..Server::default() }, &dump);
        assert!(ended.is_ok() && server.swapped, "{ended:?}");
        let script = server.script.expect("it was committed");
        assert_eq!(script.matches("\n\\restrict ").count(), usize::from(knows_guard), "{script}");
        assert_eq!(script.matches("\n\\unrestrict ").count(), usize::from(knows_guard), "{script}");
        assert!(!script.contains("xyz") && script.starts_with("BEGIN;\n"), "{script}");
    }
}

#[test]
fn whatever_fails_the_database_is_not_replaced_by_a_part() {
    let dump = packed(&whole("SELECT 1;"));
    played::limits();
    let (_, server) = restored(Server::default(), &dump);
    let [deed, ask, load] = [Limit::DEED, Limit::QUESTION, Limit::LOAD];
    // Drop, create, guard, load, mark, swap, analyse: only the load may take hours.
    assert_eq!(played::limits(), [deed, deed, ask, load, ask, deed, deed]);
    for call in 0..server.calls {
        let (ended, server) = restored(Server { fails: Some(call), ..Server::default() }, &dump);
        // Whether the guard is known is no failure, and statistics are not the data.
        assert_eq!(ended.is_ok(), call == 2, "{call}: {ended:?}");
        assert_eq!(server.swapped, call == 2 || call == 6, "{call}");
    }
    let (ended, server) = restored(Server { is_cut: true, ..Server::default() }, &dump);
    let error = ended.expect_err("nothing was committed").to_string();
    assert!(error.starts_with("`psql` ended before the dump"), "{error}");
    assert!(!server.swapped);
}

#[test]
fn a_server_that_does_not_answer_is_no_load() {
    let answer = Output { status: ExitStatus::default(), stdout: vec![b'1'], stderr: Vec::new() };
    let _docker = played::by(move |_, _, _| Some(answer.clone()));
    played::limits();
    database().wake().expect("it answers");
    assert_eq!(played::limits(), [Limit::DEED, Limit::QUESTION]);
}

#[test]
fn a_dump_that_is_refused_touches_nothing() {
    let good = packed(&whole("SELECT 1;"));
    for dump in [
        packed("SELECT 1;\n"),
        packed(&whole("\\! id")),
        packed(&whole("SELECT 1 \\g |id")),
        good[..good.len() - 9].to_vec(),
        [good.clone(), b"rest".to_vec()].concat(),
    ] {
        let (ended, server) = restored(Server::default(), &dump);
        assert!(ended.expect_err("it is refused").to_string().contains("is refused"));
        assert_eq!(server.calls, 0);
    }
}
