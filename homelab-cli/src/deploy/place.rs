//! The folder on the host that `homelab deploy` deploys to, and the paths in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use homelab_core::dsl::house::House;
use homelab_core::release::Id;

use super::files;
use crate::error::Error;
use crate::file;

/// Where a house is deployed unless somebody says otherwise.
pub(crate) const DEFAULT: &str = homelab_core::dsl::house::HOST_FOLDER;

/// The folder of a deployed house.
#[derive(Clone, Debug)]
pub(crate) struct HousePlace {
    /// Its absolute path.
    pub(crate) root: PathBuf,
    /// The house that this program was built from.
    pub(crate) house: Rc<House>,
}

impl HousePlace {
    /// Opens the folder. It must exist, since whoever makes it decides who may read its secrets.
    pub(crate) fn open(root: &Path, house: &Rc<House>) -> Result<Self, Error> {
        match root.canonicalize() {
            Ok(root) if root.is_dir() => Ok(Self { root, house: Rc::clone(house) }),
            _ => Err(Error::House(root.to_owned())),
        }
    }

    /// Makes the folders that are missing before a first deploy.
    pub(crate) fn make_folders(&self) -> Result<(), Error> {
        for name in ["releases", "state", "dumps", "config"] {
            files::make_folder(&self.root.join(name))?;
        }
        // Dumps hold the household's data, and whoever can open the lock can take it.
        let private = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
        for path in [self.dumps(), self.root.join("state")] {
            fs::set_permissions(&path, private.clone())
                .map_err(|source| Error::Write { path, source })?;
        }
        Ok(())
    }

    pub(crate) fn dotenv(&self) -> PathBuf {
        self.root.join(".env")
    }

    /// The `.env` with which a release became healthy the last time.
    pub(crate) fn applied(&self, id: &Id) -> PathBuf {
        self.release(id).join("applied.env")
    }

    /// The `.env` of the moment when the last deploy or rollback to a release began; it counts until that ends.
    pub(crate) fn staged(&self, id: &Id) -> PathBuf {
        self.release(id).join("staged.env")
    }

    pub(crate) fn releases(&self) -> PathBuf {
        self.root.join("releases")
    }

    pub(crate) fn release(&self, id: &Id) -> PathBuf {
        self.releases().join(id.as_str())
    }

    pub(crate) fn dumps(&self) -> PathBuf {
        self.root.join("dumps")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("state/lock")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.root.join("state/deploy.json")
    }

    pub(crate) fn receipts(&self) -> PathBuf {
        self.root.join("state/receipts.jsonl")
    }

    /// The log of one deploy.
    pub(crate) fn log(&self, id: &str) -> PathBuf {
        self.root.join(format!("state/{id}.log"))
    }

    /// The log of the service that was unhealthy last.
    pub(crate) fn unwell(&self) -> PathBuf {
        self.root.join("state/unwell.log")
    }

    /// The release that runs.
    pub(crate) fn current(&self) -> Result<Option<Id>, Error> {
        let link = self.root.join("current");
        let target = file::if_there(&link, fs::read_link(&link))?;
        let name =
            target.map(|it| it.file_name().unwrap_or_default().to_string_lossy().into_owned());
        Ok(name.map(|it| Id::parse(&it)).transpose()?)
    }

    /// Makes a release the current one. From this moment on a fault no longer leads back.
    pub(crate) fn flip(&self, id: &Id) -> Result<(), Error> {
        // This link is the same for every release, so that a flip is one rename.
        let (compose, target) = (self.root.join("compose.yaml"), Path::new("current/compose.yaml"));
        if fs::read_link(&compose).ok().as_deref() != Some(target) {
            files::point_link(&compose, target)?;
        }
        files::point_link(&self.root.join("current"), &Path::new("releases").join(id.as_str()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A folder of a house, which is gone when its first part is dropped.
    pub(in crate::deploy) fn host() -> (tempfile::TempDir, HousePlace) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let house = crate::house_folder::house_of_tests();
        let place = HousePlace::open(folder.path(), &house).expect("it exists");
        place.make_folders().expect("it is ours");
        (folder, place)
    }
}
