//! What the checkout has committed, by asking `git`.

use std::path::Path;

use indexmap::IndexMap;

use crate::error::Error;
use crate::program::{Limit, Program};

/// The generated files that a release consists of.
const FILES: [&str; 3] = ["compose.yaml", ".env.example", "config"];

/// Files with their contents, by path.
pub(crate) type Contents = IndexMap<String, Vec<u8>>;

/// The commit that is checked out.
pub(crate) fn commit(folder: &Path) -> Result<String, Error> {
    let commit = ask(folder, &["rev-parse", "--verify", "HEAD"])?;
    Ok(String::from_utf8_lossy(&commit).trim_end().to_owned())
}

/// The generated files of a commit, as they were committed: whatever the work tree, line endings, a
/// sparse checkout or replaced objects say.
pub(crate) fn committed(folder: &Path, commit: &str) -> Result<Contents, Error> {
    let words = ["ls-tree", "-r", "-z", commit, "--"];
    let listed = ask(folder, &[&words[..], &FILES].concat())?;
    let mut objects: Vec<(String, String)> = Vec::new();
    for entry in listed.split(|it| *it == 0).filter(|it| !it.is_empty()) {
        let entry = String::from_utf8_lossy(entry);
        // `100644 blob 0123…<tab>config/a.yml`
        let (object, path) = entry.split_once('\t').ok_or_else(|| unreadable("ls-tree"))?;
        let mut words = object.split(' ');
        let kind = match (words.next(), words.next()) {
            (Some("100644" | "100755"), Some("blob")) => None,
            (Some("120000"), _) => Some("a link"),
            _ => Some("a submodule"),
        };
        if let Some(kind) = kind {
            return Err(Error::NoFile(path.to_owned(), kind));
        }
        let name = words.next().ok_or_else(|| unreadable("ls-tree"))?;
        objects.push((path.to_owned(), name.to_owned()));
    }
    contents(folder, objects)
}

/// The contents of these objects.
fn contents(folder: &Path, objects: Vec<(String, String)>) -> Result<Contents, Error> {
    let program = git(folder).args(["cat-file", "--batch"]);
    let fed = program.fed(|input| {
        objects.iter().try_for_each(|(_, name)| input.write_all(format!("{name}\n").as_bytes()))
    });
    let output = fed.map_err(|failure| failure.of("git cat-file --batch", INSTALL))?;
    let (mut rest, mut contents) = (output.stdout.as_slice(), Contents::new());
    for (path, name) in objects {
        // `0123… blob 12<newline>`, the bytes, a newline.
        let parsed = (|| {
            let end = rest.iter().position(|it| *it == b'\n')?;
            let header = std::str::from_utf8(&rest[..end]).ok()?;
            let size: usize = header.strip_prefix(&name)?.strip_prefix(" blob ")?.parse().ok()?;
            let bytes = rest.get(end + 1..end + 1 + size)?;
            Some((bytes.to_vec(), rest.get(end + 1 + size + 1..)?))
        })();
        let (bytes, behind) = parsed.ok_or_else(|| unreadable("cat-file"))?;
        contents.insert(path, bytes);
        rest = behind;
    }
    Ok(contents)
}

/// A generated file of which `git` says that it is not as it was committed; also one that it ignores,
/// since it would travel, too.
pub(crate) fn changed(folder: &Path) -> Result<Option<String>, Error> {
    let all = ["status", "--porcelain", "--untracked-files=all", "--ignored", "--"];
    let changed = ask(folder, &[&all[..], &FILES].concat())?;
    let changed = String::from_utf8_lossy(&changed).into_owned();
    Ok(changed.lines().next().map(|it| it.get(3..).unwrap_or("a file").to_owned()))
}

/// Where `git` comes from.
const INSTALL: &str = "install `git`";

/// Nobody's replaced objects.
fn git(folder: &Path) -> Program {
    // Without `GIT_DIR` and its like, which would lead to another repository than the folder's.
    let program = Program::new("git", Limit::QUESTION).arg("--no-replace-objects");
    program.arg("-C").arg(folder)
}

fn ask(folder: &Path, words: &[&str]) -> Result<Vec<u8>, Error> {
    let line = format!("git {}", words.join(" "));
    let output = git(folder).args(words).output().map_err(|failure| failure.of(&line, INSTALL))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or_default();
        return Err(Error::Failed {
            what: format!("`{line}` failed: {last}"),
            help: "a release is named by its commit: run this in a clone of the repository"
                .to_owned(),
        });
    }
    Ok(output.stdout)
}

fn unreadable(verb: &str) -> Error {
    Error::Failed {
        what: format!("`git {verb}` answers what cannot be read"),
        help: "see whether the clone is whole: `git fsck`".to_owned(),
    }
}
