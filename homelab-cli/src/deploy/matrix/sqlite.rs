//! SQLite of the fake: the service `notes` keeps its versions in a file, and its rows in the log beside it.

use std::io::Write as _;
use std::process::Output;

use tar::{Archive, Builder, Header};

use super::docker::{Data, Docker, done, refused};
use super::injection::moment;

/// Where the first text of the file begins.
const HEAD: usize = 100;

/// What stands in a copy that was taken while somebody wrote.
pub(super) const TORN: &str = "torn";

/// Bytes of the file, which is one page long.
const PAGE: usize = 512;

pub(super) fn copy(docker: &mut Docker, words: &[&str], input: &[u8]) -> Output {
    match *words {
        [from, "-"] => copy_out(docker, from),
        ["-", to] => copy_in(docker, to, input),
        _ => refused("the fake copies from or to a container"),
    }
}

fn copy_out(docker: &mut Docker, from: &str) -> Output {
    let (id, path) = from.split_once(':').unwrap_or_default();
    let Some(found) = docker.find(id) else { return refused("no such container") };
    // Who only asks for its size may do so.
    let is_torn = docker.of(&found.name).any(|it| it.runs && !it.is_paused);
    let data = docker.volumes.get("notes").filter(|it| !it.versions.is_empty());
    let text = data.and_then(|data| match path {
        "/data/notes.db" => Some(file(data, is_torn)),
        "/data/notes.db-wal" => {
            Some(data.rows.iter().cloned().collect::<Vec<_>>().join(",").into_bytes())
        }
        _ => None,
    });
    let Some(text) = text else {
        return refused(&format!("Could not find the file {path} in container {id}"));
    };
    let mut header = Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o600);
    let mut builder = Builder::new(Vec::new());
    let name = path.rsplit('/').next().unwrap_or_default();
    let ended = builder.append_data(&mut header, name, text.as_slice());
    ended.and_then(|()| builder.into_inner()).map_or_else(|it| refused(&it.to_string()), done)
}

/// A file whose header is that of SQLite, and has the versions behind it.
fn file(data: &Data, is_torn: bool) -> Vec<u8> {
    let mut file = b"SQLite format 3\0\x02\0".to_vec();
    file.resize(28, 0);
    file.extend(1_u32.to_be_bytes());
    file.resize(HEAD, 0);
    let versions: Vec<_> = data.versions.iter().map(|(name, it)| format!("{name}={it}")).collect();
    let versions = versions.join(",");
    let _ = writeln!(file, "{}", if is_torn { TORN } else { &versions });
    file.resize(PAGE, 0);
    file
}

fn copy_in(docker: &mut Docker, to: &str, input: &[u8]) -> Output {
    let Some((id, "/data/")) = to.split_once(':') else { return refused("no such folder") };
    let Some(found) = docker.find(id) else { return refused("no such container") };
    if docker.of(&found.name).any(|it| it.runs) {
        docker.wrong.push("a database was replaced while somebody used it".to_owned());
    }
    let mut archive = Archive::new(input);
    let Ok(entries) = archive.entries() else { return refused("this is no archive") };
    let mut names = Vec::new();
    for mut entry in entries.flatten() {
        let name = entry.path().map(|it| it.display().to_string()).unwrap_or_default();
        let mut bytes = Vec::new();
        if std::io::Read::read_to_end(&mut entry, &mut bytes).is_err() {
            return refused("the archive ends early");
        }
        let data = docker.volumes.entry("notes".to_owned()).or_default();
        match name.as_str() {
            "notes.db" => {
                let text = String::from_utf8_lossy(&bytes[HEAD..]).into_owned();
                let line = text.lines().next().unwrap_or_default();
                let versions = line.split(',').filter_map(|it| it.split_once('='));
                data.versions =
                    versions.filter_map(|it| Some((it.0.to_owned(), it.1.parse().ok()?))).collect();
            }
            "notes.db-wal" => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                data.rows =
                    text.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect();
            }
            _ => {}
        }
        moment(&format!("after `docker cp` has written {name}"));
        names.push(name);
    }
    if names != ["notes.db", "notes.db-wal", "notes.db-journal"] {
        docker
            .wrong
            .push(format!("a log of before may be left beside what was put back: {names:?}"));
    }
    done("")
}
