//! The folder on the host that deploys go to, and what lies where in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use homelab_core::house::House;
use homelab_core::release::Id;

use super::files;
use crate::error::Error;
use crate::file;

/// Where a house is deployed unless somebody says otherwise.
pub(crate) const DEFAULT: &str = homelab_core::power::HOUSE;

/// The house's folder.
#[derive(Clone, Debug)]
pub(crate) struct HousePlace {
    /// Absolute.
    pub(crate) root: PathBuf,
    /// The house that this program was built from.
    pub(crate) house: Rc<House>,
}

impl HousePlace {
    /// The folder, which must exist: who makes it says who may read its secrets.
    pub(crate) fn open(root: &Path, house: &Rc<House>) -> Result<Self, Error> {
        match root.canonicalize() {
            Ok(root) if root.is_dir() => Ok(Self { root, house: Rc::clone(house) }),
            _ => Err(Error::House(root.to_owned())),
        }
    }

    /// Makes what a first deploy finds missing.
    pub(crate) fn make_folders(&self) -> Result<(), Error> {
        for name in ["releases", "state", "dumps", "config"] {
            files::make_folder(&self.root.join(name))?;
        }
        // Dumps are the household's data, and who can open the lock can take it: nobody else's business.
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

    /// The `.env` of the last deploy or rollback to a release, from when it began: nothing else of it is read
    /// until it ends.
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

    /// The log of the service that was last found unwell.
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

    /// Makes a release the one that runs: the moment from which a fault leads forward.
    pub(crate) fn flip(&self, id: &Id) -> Result<(), Error> {
        // The same for every release, so that a flip is one rename.
        let (compose, target) = (self.root.join("compose.yaml"), Path::new("current/compose.yaml"));
        if fs::read_link(&compose).ok().as_deref() != Some(target) {
            files::point_link(&compose, target)?;
        }
        files::point_link(&self.root.join("current"), &Path::new("releases").join(id.as_str()))
    }
}
