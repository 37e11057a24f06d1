//! Files that appear whole or not at all.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::error::Error;

/// Owner and mode of a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) owner: Option<(u32, u32)>,
    pub(crate) mode: u32,
}

/// Makes a file that does not exist yet; `false` when somebody else was faster.
///
/// Where the owner cannot be given, the mode stays 0600, so that nobody else reads it.
pub(crate) fn create(path: &Path, text: &str, owned: Owned) -> Result<bool, Error> {
    let write = |source| Error::Write { path: path.to_owned(), source };
    let temporary = temporary(path);
    let ended = (|| {
        let file = fill(&temporary, text)?;
        // Refused when this is not root: then `init` names the commands that are left to do.
        let _ = give(&file, owned);
        file.sync_all()?;
        rename_new(&temporary, path)?;
        // Whole or not at all: what its maker reports as failed must not be found later.
        sync_folder(path).inspect_err(|_| drop(std::fs::remove_file(path)))
    })();
    match ended {
        Ok(()) => Ok(true),
        Err(error) => {
            let _ = std::fs::remove_file(&temporary);
            if error.kind() == io::ErrorKind::AlreadyExists && path.exists() {
                Ok(false)
            } else {
                Err(write(error))
            }
        }
    }
}

/// Replaces a file; owner and mode stay, and so does a link that leads to it.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Error> {
    let write = |source| Error::Write { path: path.to_owned(), source };
    let target = path.canonicalize().map_err(write)?;
    let metadata = target.metadata().map_err(write)?;
    let ids = (metadata.uid(), metadata.gid());
    let as_before = Owned { owner: Some(ids), mode: metadata.mode() & 0o7777 };
    let temporary = temporary(&target);
    let ended = (|| {
        let file = fill(&temporary, text)?;
        give(&file, as_before)?;
        file.sync_all()?;
        std::fs::rename(&temporary, &target)?;
        sync_folder(&target)
    })();
    ended.map_err(|source| {
        let _ = std::fs::remove_file(&temporary);
        write(source)
    })
}

/// In the same folder, since a rename does not cross file systems.
fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

/// Removes what a run that was killed left beside this file; returns what it removed.
///
/// A file of a process that still runs stays. That one cannot be removed is no failure: it is
/// in nobody's way.
pub(crate) fn remove_leftovers(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Ok(entries) = std::fs::read_dir(folder(path)) else { return Vec::new() };
    let stale = entries.flatten().filter(|it| {
        let is_file = it.file_type().is_ok_and(|it| it.is_file());
        let maker = it.file_name().to_str().and_then(|it| maker(it, &name));
        is_file && maker.is_some_and(|it| !Path::new("/proc").join(it.to_string()).exists())
    });
    let stale: Vec<_> = stale.map(|it| path.with_file_name(it.file_name())).collect();
    stale.into_iter().filter(|it| std::fs::remove_file(it).is_ok()).collect()
}

/// The process whose temporary file this is, if it is exactly such a name.
fn maker(temporary: &str, name: &str) -> Option<u32> {
    let id = temporary.strip_prefix('.')?.strip_prefix(name)?.strip_prefix('.')?;
    let id = id.strip_suffix(".tmp")?;
    id.bytes().all(|it| it.is_ascii_digit()).then(|| id.parse().ok())?
}

/// Writes a new file that is nobody else's business, and returns it.
fn fill(path: &Path, text: &str) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

fn give(file: &File, owned: Owned) -> io::Result<()> {
    if let Some((uid, gid)) = owned.owner {
        fchown(file, Some(uid), Some(gid))?;
    }
    file.set_permissions(Permissions::from_mode(owned.mode))
}

/// Renames without replacing; by a second link where the file system cannot do that.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            std::fs::hard_link(from, to)?;
            // What stays is a leftover like that of a killed run.
            let _ = std::fs::remove_file(from);
            Ok(())
        }
        other => Ok(other?),
    }
}

/// Makes the rename itself survive a power cut.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_names_are_leftovers() {
        assert_eq!(maker(".caddy-login.123.tmp", "caddy-login"), Some(123));
        assert_eq!(maker("..env.1.tmp", ".env"), Some(1));
        for it in [
            "caddy-login.123.tmp",
            ".caddy-login.tmp",
            ".caddy-login..tmp",
            ".caddy-login.+1.tmp",
            ".caddy-login.1.tmp~",
            ".caddy-login.old.1.tmp",
        ] {
            assert_eq!(maker(it, "caddy-login"), None, "{it}");
        }
    }
}
