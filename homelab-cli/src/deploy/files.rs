//! Changes to the disk that happen whole or not at all, also after a power cut.
//!
//! Everything that a deploy changes on the disk is changed here. Before each step a unit test may say
//! that the disk is full, or that the process is killed: see `faults`.

#[cfg(test)]
pub(super) mod faults;

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::file::{self, Folder, Owned};

/// Writes a file: a temporary one beside it, then a rename.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let folder = Folder::open(path.parent().unwrap_or(Path::new("/")))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = temporary(&name);
    // A killed run may have left it.
    folder.remove(&temporary);
    folder.replace_by(&temporary, &name, bytes, Owned { owner: None, mode }, step)
}

/// Free space that a growing file leaves for the releases, receipts and logs of a house.
pub(super) const LITTLE: u64 = 64 << 20;

/// A new file that is written piece by piece, and given its name once it is whole.
#[derive(Debug)]
pub(super) struct Growing {
    file: File,
    path: PathBuf,
}

impl Growing {
    /// Makes the file, or empties one that a killed run has left.
    pub(super) fn create(path: &Path, mode: u32) -> Result<Self, Error> {
        let mut options = fs::OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(mode);
        let opened = step("create", path).and_then(|()| options.open(path));
        let growing = opened.map(|file| Self { file, path: path.to_owned() });
        growing.map_err(|source| Error::Write { path: path.to_owned(), source })
    }
}

impl io::Write for Growing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        step("write", &self.path)?;
        if free(&self.file)? < LITTLE {
            let what = format!("less than {} MiB would be left on its disk", LITTLE >> 20);
            return Err(io::Error::new(io::ErrorKind::StorageFull, what));
        }
        self.file.write(bytes)
    }

    /// Waits until what was written is on the disk.
    fn flush(&mut self) -> io::Result<()> {
        self.file.sync_all()
    }
}

/// Gives a file or folder another name, also across folders of one disk.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    let ended = step("rename", to).and_then(|()| fs::rename(from, to));
    let ended = ended.and_then(|()| sync_folder(to));
    ended.map_err(|source| Error::Write { path: to.to_owned(), source })
}

/// Appends a line to a file. If the disk is full, half a line is removed again.
pub(super) fn append(path: &Path, line: &[u8]) -> Result<(), Error> {
    let ended = (|| {
        step("create", path)?;
        let mut options = fs::OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).mode(0o600).open(path)?;
        let before = file.metadata()?.len();
        // A power cut may have left half a line, without its end.
        let mut last = [b'\n'];
        if before > 0 {
            file.seek(io::SeekFrom::Start(before - 1))?;
            file.read_exact(&mut last)?;
        }
        let gap: &[u8] = if last == *b"\n" { b"" } else { b"\n" };
        let written = step("write", path)
            .and_then(|()| file.write_all(&[gap, line, b"\n"].concat()))
            .and_then(|()| file.sync_all());
        if written.is_err() {
            let _ = file.set_len(before);
        }
        written
    })();
    ended.map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Removes a folder with everything in it, if it is there.
pub(super) fn remove_folder(path: &Path) -> Result<(), Error> {
    unless_missing(path, step("remove", path).and_then(|()| fs::remove_dir_all(path)))
}

fn unless_missing(path: &Path, removed: io::Result<()>) -> Result<(), Error> {
    match removed {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(Error::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Makes a symbolic link point elsewhere, without a moment in which it is missing.
pub(super) fn point_link(link: &Path, target: &Path) -> Result<(), Error> {
    let name = link.file_name().unwrap_or_default().to_string_lossy();
    let temporary = link.with_file_name(temporary(&name));
    let ended = (|| {
        // A killed run may have left it.
        let _ = fs::remove_file(&temporary);
        step("link", &temporary)?;
        symlink(target, &temporary)?;
        step("rename", link)?;
        fs::rename(&temporary, link)?;
        sync_folder(link)
    })();
    ended.map_err(|source| Error::Write { path: link.to_owned(), source })
}

/// Makes a folder and those above it, readable by everybody whatever the umask is.
pub(super) fn make_folder(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
        make_folder(above)?;
    }
    let made = step("folder", path)
        .and_then(|()| fs::create_dir(path))
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o755)));
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made.map_err(|source| Error::Folder { path: path.to_owned(), source }),
    }
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    unless_missing(path, step("remove", path).and_then(|()| fs::remove_file(path)))?;
    sync_folder(path).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Removes the empty folders below one.
pub(super) fn remove_empty_below(path: &Path) -> Result<(), Error> {
    let fail = |source| Error::Read { path: path.to_owned(), source };
    for entry in fs::read_dir(path).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if !entry.file_type().map_err(fail)?.is_dir() {
            continue;
        }
        let folder = entry.path();
        remove_empty_below(&folder)?;
        if fs::read_dir(&folder).map_err(fail)?.next().is_none() {
            let ended = step("remove", &folder).and_then(|()| fs::remove_dir(&folder));
            ended.map_err(|source| Error::Write { path: folder, source })?;
        }
    }
    Ok(())
}

/// Reads a file, if it is there.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let mut bytes = Vec::new();
    let read = file::open(path).and_then(|it| (&it.0).read_to_end(&mut bytes));
    Ok(file::if_there(path, read)?.map(|_| bytes))
}

/// Makes a rename survive a power cut.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |it| File::open(it)?.sync_all())
}

/// Bytes that are free on the disk of a file.
fn free(file: &File) -> io::Result<u64> {
    // The disk of a test may be small.
    #[cfg(test)]
    if let Some(free) = faults::free() {
        return Ok(free);
    }
    let disk = rustix::fs::fstatvfs(file)?;
    Ok(disk.f_bavail * disk.f_frsize)
}

/// Lets a test make the next step fail.
#[cfg_attr(not(test), expect(clippy::unnecessary_wraps, reason = "only a test makes it fail"))]
fn step(deed: &'static str, path: &Path) -> io::Result<()> {
    #[cfg(test)]
    faults::step(deed, path)?;
    let _ = (deed, path);
    Ok(())
}

/// All runs use the same name: the lock lets one of them write at a time, and leftovers are replaced.
fn temporary(name: &str) -> String {
    format!(".{name}.tmp")
}
