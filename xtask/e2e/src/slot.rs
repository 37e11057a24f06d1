//! A folder for each lane that runs at the same moment, locked: two runs at once take different ones.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::fs::{FlockOperation, flock};

use crate::world::CGROUP;

/// A lane's folder, which keeps the engine's images from run to run.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) folder: PathBuf,
    /// Held while the lane runs; the kernel lets go of it however the run ends.
    _lock: File,
}

/// Present while a lane uses the folder: who finds it knows that a run ended without cleaning up.
const IN_USE: &str = "in-use";

impl Slot {
    /// The first folder that nobody uses.
    pub(crate) fn take(folder: &Path) -> anyhow::Result<Self> {
        for number in 1_u32.. {
            let folder = folder.join(format!("slot-{number}"));
            fs::create_dir_all(&folder)?;
            let lock = File::create(folder.join("lock"))?;
            if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
                let slot = Self { folder, _lock: lock };
                if slot.folder.join(IN_USE).exists() {
                    slot.wipe()?;
                }
                fs::write(slot.folder.join(IN_USE), "")?;
                return Ok(slot);
            }
        }
        anyhow::bail!("there is no free folder below {}", folder.display())
    }

    /// Ends the use; after a lane that was cut off nothing of it stays.
    pub(crate) fn release(&self, clean: bool) -> anyhow::Result<()> {
        if !clean {
            self.wipe()?;
        }
        let _ = fs::remove_file(self.folder.join(IN_USE));
        self.remove_groups();
        Ok(())
    }

    /// Forgets everything, the images too.
    fn wipe(&self) -> anyhow::Result<()> {
        for name in ["engine", "house"] {
            let path = self.folder.join(name);
            if path.exists() {
                fs::remove_dir_all(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }

    /// Control groups outlive their processes.
    fn remove_groups(&self) {
        let name = self.folder.file_name().unwrap_or_default();
        let root = Path::new("/sys/fs/cgroup");
        let controllers = fs::read_dir(root).into_iter().flatten().flatten().map(|it| it.path());
        for controller in controllers.chain([root.to_owned()]) {
            let ours = controller.join(CGROUP);
            remove_groups(&ours.join(name));
            let _ = fs::remove_dir(&ours);
        }
    }
}

/// A control group is removed from its leaves up, and only when it is empty.
fn remove_groups(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|it| it.is_dir()) {
            remove_groups(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}
