//! `SQLite`: files that the engine copies while the service is paused, and replaces while it is stopped.
//!
//! A copy of a moment in which nobody writes is what a power cut would have left: with its log, `SQLite`
//! makes a whole database of it. A dump is a packed archive of the two.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;
use tar::{Archive, Builder, Header};

use super::{Growing, Kind, open};
use crate::docker::{self, seen};
use crate::error::Error;
use crate::program::Limit;

/// A file of a service's container.
pub(super) struct Sqlite<'a> {
    pub(super) container: &'a str,
    pub(super) path: &'a str,
}

/// What the names of a database's files end with: its own, and those of the two kinds of log.
const FILES: [&str; 3] = ["", "-wal", "-journal"];

/// What a file of `SQLite` begins with, unless nothing was ever written to it.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Bytes in which the header of a copy's first file ends, also an extended one.
const HEAD: usize = 4096;

/// By these words of the engine a file is not there.
const ABSENT: &str = "Could not find the file";

impl Kind for Sqlite<'_> {
    fn suffix(&self) -> &'static str {
        "tar.gz"
    }

    fn dump(&self, into: Growing) -> Result<bool, Error> {
        let seen = docker::ask(&["inspect", "--type", "container", self.container])?;
        let seen: Value = serde_json::from_str(&seen).unwrap_or_default();
        let halt = match seen::text(&seen, "/0/State/Status") {
            // Nobody writes.
            Some("created" | "dead" | "exited" | "paused") => None,
            // One that crashes again and again cannot be paused.
            Some("restarting") => Some(["stop", "start"]),
            _ => Some(["pause", "unpause"]),
        };
        let Some([halt, resume]) = halt else { return self.copy_all(into) };
        docker::change(&[halt, self.container])?;
        let copied = self.copy_all(into);
        let resumed = docker::change(&[resume, self.container]);
        copied.and_then(|it| resumed.map(|()| it))
    }

    fn check(&self, dump: &Path) -> Result<(), Error> {
        whole(open(dump)?, self.base())
            .map_err(|source| Error::RefusedDump { path: dump.to_owned(), source })
    }

    fn question(&self) -> Option<Vec<&str>> {
        None
    }

    fn size(&self) -> Result<String, Error> {
        let mut sum = 0;
        for file in FILES {
            let head = Shared::new(Head(Vec::new()));
            let copied = self.copy(file, head.clone());
            let head = head.with(|it| std::mem::take(&mut it.0));
            // It ends with an error where the file is longer than what was asked for.
            match (first(&head), copied) {
                (Some(size), _) => sum += size,
                (None, Err(error)) => return Err(error),
                (None, Ok(_)) => {}
            }
        }
        Ok(sum.to_string())
    }

    fn restore(&self, dump: &Path, _: &str) -> Result<(), Error> {
        self.check(dump)?;
        let (folder, _) = self.path.rsplit_once('/').unwrap_or_default();
        let lines = open(dump)?;
        let to = format!("{}:{folder}/", self.container);
        let fed = docker::program(Limit::LOAD).args(["cp", "-", &to]);
        let output = fed.fed(|input| self.unpack(lines, input));
        let output = output.map_err(|failure| failure.of("docker cp", docker::INSTALL))?;
        if output.status.success() { Ok(()) } else { Err(docker::failed("docker cp", &output)) }
    }

    fn undo(&self, kept: &str, dumps: &Path) -> Result<(), Error> {
        if kept.is_empty() {
            return Ok(());
        }
        self.restore(&dumps.join(kept), "")
    }
}

impl Sqlite<'_> {
    /// The name of the file.
    fn base(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Copies the database and its logs, one archive after the other. `false` where there is no database.
    fn copy_all(&self, into: Growing) -> Result<bool, Error> {
        let packed = Shared::new(GzEncoder::new(into, Compression::fast()));
        for file in FILES {
            if !self.copy(file, packed.clone())? && file.is_empty() {
                return Ok(false);
            }
        }
        let ended = packed.with(|it| it.try_finish().and_then(|()| it.get_mut().flush()));
        ended.map_err(|source| Error::CutOff { line: "docker cp".to_owned(), source })?;
        Ok(true)
    }

    /// Writes an archive of one file; `false` where there is none.
    fn copy(&self, file: &str, into: impl Write + Send + 'static) -> Result<bool, Error> {
        let from = format!("{}:{}{file}", self.container, self.path);
        let program = docker::program(Limit::DUMP).args(["cp", &from, "-"]);
        let output = program.output_into(into);
        let output = output.map_err(|failure| failure.of("docker cp", docker::INSTALL))?;
        match output.status.success() {
            true => Ok(true),
            false if String::from_utf8_lossy(&output.stderr).contains(ABSENT) => Ok(false),
            false => Err(docker::failed("docker cp", &output)),
        }
    }

    /// Writes one archive with all files of a dump. A log that it lacks is written empty, which `SQLite` takes for
    /// none: that of the newer database would be read into the older one.
    fn unpack(&self, dump: impl Read, into: &mut dyn Write) -> io::Result<()> {
        let base = self.base();
        let mut missing = FILES.map(|it| format!("{base}{it}")).to_vec();
        let mut database = Header::new_gnu();
        let mut builder = Builder::new(into);
        for entry in archive(dump).entries()? {
            let mut entry = entry?;
            let mut header = entry.header().clone();
            let name = entry.path()?.to_string_lossy().into_owned();
            if name == base {
                database = header.clone();
            }
            // A header of more than 8 GiB has its size beside it.
            header.set_size(entry.size());
            missing.retain(|it| *it != name);
            builder.append_data(&mut header, name, &mut entry)?;
        }
        database.set_size(0);
        for name in missing {
            builder.append_data(&mut database.clone(), name, io::empty())?;
        }
        builder.into_inner()?.flush()
    }
}

/// Archives that stand one behind the other.
fn archive<R: Read>(from: R) -> Archive<R> {
    let mut archive = Archive::new(from);
    archive.set_ignore_zeros(true);
    archive
}

/// Fails unless this is a database of `SQLite` of this name, with its log or without.
fn whole(from: io::BufReader<MultiGzDecoder<std::fs::File>>, base: &str) -> io::Result<()> {
    let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut archive = archive(from);
    let (mut files, mut is_short) = (0, false);
    for (at, entry) in archive.entries()?.enumerate() {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            return Err(wrong("something in it is no file"));
        }
        files += 1;
        if at == 0 && entry.path()?.as_os_str() != base {
            return Err(wrong("its first file has another name than the database"));
        }
        let size = entry.size();
        let mut head = Vec::new();
        Read::by_ref(&mut entry).take(100).read_to_end(&mut head)?;
        let read = head.len() as u64 + io::copy(&mut entry, &mut io::sink())?;
        if read != size {
            return Err(wrong("a file in it ends early"));
        }
        if at == 0 && size > 0 {
            let Some(whole) = is_whole(&head, size) else {
                return Err(wrong("its first file is no database of SQLite"));
            };
            is_short = !whole;
        }
        // What the file lacks is in its log: a copy while it is brought up to date looks so.
        is_short &= at == 0 || size == 0;
    }
    if files == 0 {
        return Err(wrong("there is no file in it"));
    }
    if is_short {
        return Err(wrong("its first file is only a part of a database"));
    }
    // The archive's reader takes what ends early for its end.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink())?;
    Ok(())
}

/// Whether a file of this size with these first 100 bytes is as long as it says; `None` where it is no database
/// (<https://www.sqlite.org/fileformat2.html#the_database_header>).
fn is_whole(head: &[u8], size: u64) -> Option<bool> {
    let number = |at: usize| {
        let bytes = head.get(at..at + 4)?;
        Some(u64::from(u32::from_be_bytes(bytes.try_into().ok()?)))
    };
    let page = head.get(16..18).map(|it| u64::from(u16::from_be_bytes([it[0], it[1]])))?;
    let page = if page == 1 { 65536 } else { page };
    // Only a count that was written with the last change counts.
    let pages = if number(24)? == number(92)? { number(28)? } else { 0 };
    let is_one = head.starts_with(MAGIC) && page >= 512;
    is_one.then(|| size.is_multiple_of(page) && pages * page <= size)
}

/// The size of the first file of an archive, of which this is the beginning.
fn first(head: &[u8]) -> Option<u64> {
    let mut archive = Archive::new(head);
    let entry = archive.entries().ok()?.next()?.ok()?;
    Some(entry.size())
}

/// Takes the first bytes and refuses more, which ends the program that writes them.
struct Head(Vec<u8>);

impl Write for Head {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() >= HEAD {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A writer that several programs write to, one after the other.
struct Shared<W>(Arc<Mutex<W>>);

impl<W> Shared<W> {
    fn new(writer: W) -> Self {
        Self(Arc::new(Mutex::new(writer)))
    }

    fn with<T>(&self, what: impl FnOnce(&mut W) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<W> Clone for Shared<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: Write> Write for Shared<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|it| it.write(bytes))
    }

    /// Does nothing: the last program's end is the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A database of so many pages of 512 bytes that says that it has two.
    fn database(pages: usize) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([2, 0]);
        bytes.resize(28, 0);
        bytes.extend(2_u32.to_be_bytes());
        bytes.resize(pages * 512, 0);
        bytes
    }

    /// A dump with these files, each an archive of its own, as the engine writes them.
    fn dump(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        for (name, bytes) in files {
            let mut header = Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o640);
            header.set_uid(1000);
            let mut builder = Builder::new(&mut packed);
            builder.append_data(&mut header, name, *bytes).expect("a vector takes every byte");
            builder.into_inner().expect("a vector takes every byte");
        }
        packed.finish().expect("a vector takes every byte")
    }

    fn judged(bytes: &[u8]) -> Result<(), Error> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path: PathBuf = folder.path().join("dump.tar.gz");
        std::fs::write(&path, bytes).expect("the folder is ours");
        Sqlite { container: "c", path: "/data/a.db" }.check(&path)
    }

    #[test]
    fn a_dump_is_whole_or_it_is_refused() {
        let good = dump(&[("a.db", &database(2)), ("a.db-wal", b"rows")]);
        judged(&good).expect("it is whole");
        judged(&dump(&[("a.db", b"")])).expect("nothing was written to it yet");
        let half = dump(&[("a.db", &database(1)), ("a.db-journal", b"pages")]);
        judged(&half).expect("its log has the rest");
        for (bad, what) in [
            (good[..good.len() - 9].to_vec(), "a cut one"),
            (dump(&[("a.db", &database(1))]), "half of its pages"),
            (dump(&[("a.db", &database(1)), ("a.db-wal", b"")]), "the same with an empty log"),
            (dump(&[("a.db", &database(2)[..700])]), "half a page"),
            (dump(&[("a.db", b"no database")]), "another file"),
            (dump(&[]), "nothing"),
            (dump(&[("b.db", &database(2))]), "another database"),
            ([good.clone(), b"rest".to_vec()].concat(), "with something behind it"),
        ] {
            let error = judged(&bad).expect_err(what).to_string();
            assert!(error.contains("is refused"), "{what}: {error}");
        }
    }

    #[test]
    fn a_log_of_the_newer_database_is_emptied() {
        let sqlite = Sqlite { container: "c", path: "/data/a.db" };
        let packed = dump(&[("a.db", &database(2))]);
        let mut unpacked = Vec::new();
        sqlite.unpack(MultiGzDecoder::new(&packed[..]), &mut unpacked).expect("it is whole");
        let mut archive = Archive::new(&unpacked[..]);
        let files = archive.entries().expect("it is one").map(|entry| {
            let entry = entry.expect("it is whole");
            let path = entry.path().expect("it has one").display().to_string();
            (path, entry.size(), entry.header().uid().expect("it is a number"))
        });
        let expected = [("a.db", 1024), ("a.db-wal", 0), ("a.db-journal", 0)];
        let expected = expected.map(|(name, size)| (name.to_owned(), size, 1000));
        assert_eq!(files.collect::<Vec<_>>(), expected);
    }
}
