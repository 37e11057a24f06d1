//! The files of a commit, read by `git`.

use std::path::Path;

use indexmap::IndexMap;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::bytes::hex;
use crate::error::Error;
use crate::program::{Limit, Program};

/// The generated files that a release consists of.
const FILES: [&str; 3] = ["compose.yaml", ".env.example", "config"];

/// Files with their contents, by path.
pub(crate) type Contents = IndexMap<String, Vec<u8>>;

/// Whether a folder is a checkout of a repository with the generated files.
pub(crate) fn is_checkout(folder: &Path) -> bool {
    folder.join(FILES[0]).exists() && commit(folder).is_ok()
}

/// The commit that is checked out.
pub(crate) fn commit(folder: &Path) -> Result<String, Error> {
    let commit = ask(folder, &["rev-parse", "--verify", "HEAD"])?;
    Ok(String::from_utf8_lossy(&commit).trim_end().to_owned())
}

/// An object of the clone.
struct Object {
    /// Its path; `None` for the commit itself.
    path: Option<String>,
    kind: Kind,
    /// The hash that it is named by.
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Commit,
    Tree,
    Blob,
}

/// The generated files exactly as they were committed. Work tree, line endings, sparse checkouts and replaced
/// objects do not count.
///
/// Git does not check on every read that an object fits its hash, so this does.
pub(crate) fn committed(folder: &Path, commit: &str) -> Result<Contents, Error> {
    let object = |path: Option<&str>, kind, name: &str| Object {
        path: path.map(str::to_owned),
        kind,
        name: name.to_owned(),
    };
    let read = contents(folder, &[object(None, Kind::Commit, commit)])?.concat();
    let root = String::from_utf8_lossy(&read);
    let root = root.lines().next().and_then(|it| it.strip_prefix("tree "));
    let root = root.ok_or(Error::GitAnswer("cat-file"))?;
    contents(folder, &[object(None, Kind::Tree, root)])?;
    let mut objects = Vec::new();
    let words = ["ls-tree", "-r", "-t", "-z", root, "--"];
    let listed = ask(folder, &[&words[..], &FILES].concat())?;
    for entry in listed.split(|it| *it == 0).filter(|it| !it.is_empty()) {
        let entry = String::from_utf8_lossy(entry);
        // `100644 blob 0123…<tab>config/a.yml`
        let (entry, path) = entry.split_once('\t').ok_or(Error::GitAnswer("ls-tree"))?;
        let mut words = entry.split(' ');
        let kind = match (words.next(), words.next()) {
            (Some("100644" | "100755"), Some("blob")) => Ok(Kind::Blob),
            (_, Some("tree")) => Ok(Kind::Tree),
            (Some("120000"), _) => Err("a link"),
            _ => Err("a submodule"),
        };
        let kind = kind.map_err(|it| Error::NoFile(path.to_owned(), it))?;
        let name = words.next().ok_or(Error::GitAnswer("ls-tree"))?;
        objects.push(object(Some(path), kind, name));
    }
    let contents = contents(folder, &objects)?;
    let files = objects.into_iter().zip(contents).filter(|it| it.0.kind == Kind::Blob);
    Ok(files.filter_map(|(object, bytes)| Some((object.path?, bytes))).collect())
}

/// The contents of these objects, each checked against its hash.
fn contents(folder: &Path, objects: &[Object]) -> Result<Vec<Vec<u8>>, Error> {
    let program = git(folder).args(["cat-file", "--batch"]);
    let fed = program.fed(|input| {
        objects.iter().try_for_each(|it| input.write_all(format!("{}\n", it.name).as_bytes()))
    });
    let output = fed.map_err(|failure| failure.of("git cat-file --batch", INSTALL))?;
    let (mut rest, mut contents) = (output.stdout.as_slice(), Vec::new());
    for object in objects {
        // `0123… blob 12<newline>`, the bytes, a newline.
        let parsed = (|| {
            let end = rest.iter().position(|it| *it == b'\n')?;
            let header = std::str::from_utf8(&rest[..end]).ok()?.strip_prefix(&object.name)?;
            let size: usize = header.rsplit(' ').next()?.parse().ok()?;
            let bytes = rest.get(end + 1..end + 1 + size)?;
            Some((bytes.to_vec(), rest.get(end + 1 + size + 1..)?))
        })();
        let (bytes, behind) = parsed.ok_or_else(|| changed_object(object))?;
        if object.hash(&bytes) != object.name {
            return Err(changed_object(object));
        }
        contents.push(bytes);
        rest = behind;
    }
    Ok(contents)
}

impl Object {
    /// The hash of an object of this kind with these bytes.
    fn hash(&self, bytes: &[u8]) -> String {
        let kind = match self.kind {
            Kind::Commit => "commit",
            Kind::Tree => "tree",
            Kind::Blob => "blob",
        };
        let whole = [format!("{kind} {}\0", bytes.len()).as_bytes(), bytes].concat();
        // A repository uses SHA-256 or SHA-1.
        if self.name.len() == 64 { hex(&Sha256::digest(whole)) } else { hex(&Sha1::digest(whole)) }
    }
}

/// A generated file that differs from the commit, if there is one; also one that git ignores, since it would be
/// deployed.
pub(crate) fn changed(folder: &Path) -> Result<Option<String>, Error> {
    let all = ["status", "--porcelain", "--untracked-files=all", "--ignored", "--"];
    let changed = ask(folder, &[&all[..], &FILES].concat())?;
    let changed = String::from_utf8_lossy(&changed).into_owned();
    Ok(changed.lines().next().map(|it| it.get(3..).unwrap_or("a file").to_owned()))
}

/// What to do where there is no `git`.
const INSTALL: &str = "install `git`";

/// A call of `git` that ignores replaced objects.
fn git(folder: &Path) -> Program {
    // `GIT_DIR` and its like, which may name another repository, are not passed on.
    let program = Program::new("git", Limit::QUESTION).arg("--no-replace-objects");
    program.arg("-C").arg(folder)
}

fn ask(folder: &Path, words: &[&str]) -> Result<Vec<u8>, Error> {
    let line = format!("git {}", words.join(" "));
    let output = git(folder).args(words).output().map_err(|failure| failure.of(&line, INSTALL))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().last().unwrap_or_default().to_owned();
        return Err(Error::Git { line, said });
    }
    Ok(output.stdout)
}

fn changed_object(object: &Object) -> Error {
    let Object { path, name, .. } = object;
    let what = path.as_ref().map_or_else(|| "the commit".to_owned(), |it| format!("`{it}`"));
    Error::ChangedObject { what, object: name.clone() }
}
