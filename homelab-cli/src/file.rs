//! Files that appear whole or not at all, in a folder that is held open.
//!
//! Whoever may write to the folder can put a link in it at any moment, and this program may run as root. So
//! files are opened relative to the folder's descriptor, links are not followed, and owner and mode are read
//! and set on open files, never by path.

use std::fs::{File, Metadata, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::error::Error;

/// Owner and mode of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) owner: Option<(u32, u32)>,
    pub(crate) mode: u32,
}

/// A folder that is held open.
#[derive(Debug)]
pub(crate) struct Folder {
    descriptor: OwnedFd,
    /// The path as a person would write it.
    path: PathBuf,
}

const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// Without waiting: the open of a pipe would wait for somebody who writes to it.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// The text of a file that somebody named, of `limit` bytes at most; the links on the way to it are that
/// person's choice.
pub(crate) fn text(path: &Path, limit: usize) -> io::Result<String> {
    contents(open(path)?.0, limit)
}

/// What was read at a path; `None` where nothing is.
pub(crate) fn if_there<T>(path: &Path, read: io::Result<T>) -> Result<Option<T>, Error> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Read { path: path.to_owned(), source }),
    }
}

/// Opens a file for reading; pipes and devices, which may never end, are refused.
pub(crate) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    regular(rustix::fs::open(path, READ, Mode::empty())?)
}

fn regular(descriptor: OwnedFd) -> io::Result<(File, Metadata)> {
    let file = File::from(descriptor);
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(Errno::ISDIR.into());
    }
    if !metadata.is_file() {
        let message = "it is a pipe or a device, expected a file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok((file, metadata))
}

fn contents(file: File, limit: usize) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        let message = format!("it has more than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.split(|it| *it == b'\n').count();
        let message = format!("line {line} has bytes that are no UTF-8 text");
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}

impl Folder {
    /// A folder that somebody named; the links on the way to it are that person's choice.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let here = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let shown = if here == Path::new(".") { Path::new("") } else { here };
        let descriptor = rustix::fs::open(here, FOLDER, Mode::empty());
        let descriptor =
            descriptor.map_err(|it| Error::Read { path: path.to_owned(), source: it.into() })?;
        Ok(Self { descriptor, path: shown.to_owned() })
    }

    /// Opens a folder in it, and makes it if it is missing.
    pub(crate) fn make(&self, name: &str, owned: Owned) -> Result<Self, Error> {
        let path = self.path.join(name);
        let fail = |source| Error::Folder { path: path.clone(), source };
        let made = match rustix::fs::mkdirat(&self.descriptor, name, Mode::RWXU) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(error) => return Err(fail(error.into())),
        };
        let descriptor = self.open_below(name, FOLDER).map_err(|error| match error {
            Errno::NOTDIR if !self.is_link(name) => fail(Errno::EXIST.into()),
            Errno::NOTDIR => Error::Link(path.clone()),
            error => fail(error.into()),
        })?;
        let folder = Self { descriptor, path: path.clone() };
        // Owner and mode are set only if the folder is new and empty: somebody may have swapped it meanwhile.
        if made && folder.names().map_err(fail)?.is_empty() {
            give(&File::from(folder.descriptor.try_clone().map_err(fail)?), owned).map_err(fail)?;
        }
        Ok(folder)
    }

    /// The text of a file in it, of `limit` bytes at most, with its owner and mode; `None` when there is none.
    pub(crate) fn read(&self, name: &str, limit: usize) -> Result<Option<(String, Owned)>, Error> {
        let path = self.path.join(name);
        let fail = |source| Error::Read { path: path.clone(), source };
        let file = match self.open_below(name, READ) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(Error::Link(path)),
            Err(error) => return Err(fail(error.into())),
        };
        let (file, metadata) = regular(file).map_err(fail)?;
        let text = contents(file, limit).map_err(fail)?;
        let owner = Some((metadata.uid(), metadata.gid()));
        Ok(Some((text, Owned { owner, mode: metadata.mode() & 0o777 })))
    }

    /// Whether there is a file, a folder or anything else of this name; a link is an error.
    pub(crate) fn has(&self, name: &str) -> Result<bool, Error> {
        let path = self.path.join(name);
        match rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(Error::Read { path, source: error.into() }),
            Ok(_) if self.is_link(name) => Err(Error::Link(path)),
            Ok(_) => Ok(true),
        }
    }

    /// Makes a file that does not exist yet; `false` when somebody else was faster.
    ///
    /// Where the owner cannot be given, the mode stays 0600, so that nobody else reads it.
    pub(crate) fn create(&self, name: &str, text: &str, owned: Owned) -> Result<bool, Error> {
        let temporary = temporary(name);
        let ended = (|| {
            let mut file = self.make_file(&temporary)?;
            file.write_all(text.as_bytes())?;
            // Refused when this is not root: then `init` names the commands that are left to do.
            let _ = give(&file, owned);
            file.sync_all()?;
            self.rename_new(&temporary, name)?;
            // A file that could not be synced is removed, since its creation is reported as failed.
            self.sync().inspect_err(|_| self.remove(name))
        })();
        match ended {
            Ok(()) => Ok(true),
            Err(error) => {
                self.remove(&temporary);
                if error.kind() == io::ErrorKind::AlreadyExists && self.has(name)? {
                    Ok(false)
                } else {
                    Err(Error::Write { path: self.path.join(name), source: error })
                }
            }
        }
    }

    /// Replaces a file with a new one of this owner and mode.
    pub(crate) fn replace(&self, name: &str, text: &str, owned: Owned) -> Result<(), Error> {
        self.replace_by(&temporary(name), name, text.as_bytes(), owned, |_, _| Ok(()))
    }

    /// Replaces a file through a temporary one of this name. Before each step `step` may return an error, which
    /// ends it.
    pub(crate) fn replace_by(
        &self,
        temporary: &str,
        name: &str,
        bytes: &[u8],
        owned: Owned,
        step: impl Fn(&'static str, &Path) -> io::Result<()>,
    ) -> Result<(), Error> {
        let ended = (|| {
            step("create", Path::new(temporary))?;
            let mut file = self.make_file(temporary)?;
            step("write", Path::new(temporary))?;
            file.write_all(bytes)?;
            // Whatever the umask is: containers of other users read some of them.
            give(&file, owned)?;
            file.sync_all()?;
            step("rename", Path::new(name))?;
            rustix::fs::renameat(&self.descriptor, temporary, &self.descriptor, name)?;
            self.sync()
        })();
        ended.map_err(|source| {
            self.remove(temporary);
            Error::Write { path: self.path.join(name), source }
        })
    }

    /// Removes a file, if that is possible.
    pub(crate) fn remove(&self, name: &str) {
        let _ = rustix::fs::unlinkat(&self.descriptor, name, AtFlags::empty());
    }

    /// Removes what a run that was killed left beside this file; returns what it removed.
    ///
    /// The file of a process that still runs stays, and one that cannot be removed does no harm.
    pub(crate) fn remove_leftovers(&self, name: &str) -> Vec<PathBuf> {
        let names = self.names().unwrap_or_default();
        let is_stale = |leftover: &String| {
            let maker = maker(leftover, name);
            maker.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists())
        };
        let removed = names
            .into_iter()
            .filter(is_stale)
            .filter(|it| rustix::fs::unlinkat(&self.descriptor, it, AtFlags::empty()).is_ok());
        removed.map(|it| self.path.join(it)).collect()
    }

    fn open_below(&self, name: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.descriptor, name, flags, Mode::empty())
    }

    fn is_link(&self, name: &str) -> bool {
        rustix::fs::readlinkat(&self.descriptor, name, Vec::new()).is_ok()
    }

    /// What is in it.
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.descriptor)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Makes a new file that is nobody else's business.
    fn make_file(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        Ok(File::from(rustix::fs::openat(&self.descriptor, name, flags, mode)?))
    }

    /// Renames without replacing; by a second link where the file system cannot do that.
    fn rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        let at = &self.descriptor;
        match rustix::fs::renameat_with(at, from, at, to, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                rustix::fs::linkat(at, from, at, to, AtFlags::empty())?;
                // If this fails, the next run removes the leftover.
                self.remove(from);
                Ok(())
            }
            other => Ok(other?),
        }
    }

    /// Makes a rename survive a power cut.
    fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.descriptor)?)
    }
}

/// In the same folder, since a rename does not cross file systems.
fn temporary(name: &str) -> String {
    format!(".{name}.{}.tmp", std::process::id())
}

/// The process id in the name of a temporary file; `None` for every other name.
fn maker(temporary: &str, name: &str) -> Option<u32> {
    let id = temporary.strip_prefix('.')?.strip_prefix(name)?.strip_prefix('.')?;
    let id = id.strip_suffix(".tmp")?;
    id.bytes().all(|it| it.is_ascii_digit()).then(|| id.parse().ok())?
}

fn give(file: &File, owned: Owned) -> io::Result<()> {
    if let Some((uid, gid)) = owned.owner {
        fchown(file, Some(uid), Some(gid))?;
    }
    file.set_permissions(Permissions::from_mode(owned.mode))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const PLAIN: Owned = Owned { owner: None, mode: 0o640 };

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

    #[test]
    fn a_folder_that_is_swapped_for_a_link_stays_the_one_that_was_opened() {
        let outside = tempfile::tempdir().expect("a temporary folder");
        let place = tempfile::tempdir().expect("a temporary folder");
        let (old, aside) = (place.path().join("secrets"), place.path().join("aside"));
        let house = Folder::open(place.path()).expect("it exists");
        let secrets = house.make("secrets", PLAIN).expect("its place is free");
        // Between the check and the use of it.
        std::fs::rename(&old, &aside).expect("it is ours");
        symlink(outside.path(), &old).expect("its place is free");
        assert!(secrets.create("login", "text", PLAIN).expect("there is room"));
        assert!(aside.join("login").is_file());
        assert_eq!(std::fs::read_dir(outside.path()).expect("it exists").count(), 0);
        assert!(matches!(house.make("secrets", PLAIN), Err(Error::Link(_))));
    }

    #[test]
    fn a_folder_that_is_there_keeps_its_mode() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let house = Folder::open(place.path()).expect("it exists");
        std::fs::create_dir(place.path().join("secrets")).expect("its place is free");
        let before = place.path().join("secrets").metadata().expect("it exists").mode();
        house.make("secrets", Owned { owner: None, mode: 0o711 }).expect("it is there");
        let after = place.path().join("secrets").metadata().expect("it exists").mode();
        assert_eq!(before, after);
    }

    #[test]
    fn a_pipe_is_no_file_and_is_not_waited_for() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let house = Folder::open(place.path()).expect("it exists");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(&house.descriptor, ".env", kind, Mode::RWXU, 0).expect("it is ours");
        assert!(matches!(house.read(".env", 9), Err(Error::Read { .. })));
    }
}
