//! A folder for each lane that runs at the same moment, locked: two runs at once take different ones.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::engine::Engine;
use crate::run::{self, output};
use crate::world::{self, CGROUP};

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
    /// The first folder that nobody uses. Each engine has its own: none reads another one's data.
    pub(crate) fn take(folder: &Path, engine: Engine) -> anyhow::Result<Self> {
        for number in 1_u32.. {
            let folder = folder.join(format!("slot-{}-{number}", engine.name()));
            fs::create_dir_all(&folder)?;
            let lock = File::create(folder.join("lock"))?;
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) => continue,
                ended => ended.with_context(|| format!("cannot lock {}", folder.display()))?,
            }
            let slot = Self { folder, _lock: lock };
            if slot.folder.join(IN_USE).exists() {
                slot.wipe()?;
            }
            fs::write(slot.folder.join(IN_USE), "")?;
            return Ok(slot);
        }
        anyhow::bail!("there is no free folder below {}", folder.display())
    }

    /// Docker's own settings: nothing of the user's, and Compose as a plugin.
    pub(crate) fn docker_config(&self, compose: &Path) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join("docker");
        let plugins = folder.join("cli-plugins");
        fs::create_dir_all(&plugins)?;
        fs::copy(compose, plugins.join("docker-compose"))
            .with_context(|| format!("cannot copy {}", compose.display()))?;
        Ok(folder)
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
        let ours = ["engine", "house", "checkout"].map(|it| self.folder.join(it));
        output(run::as_root("rm").args(["--recursive", "--force", "--"]).args(ours))?;
        Ok(())
    }

    /// Control groups outlive their processes; one that is not empty stays.
    fn remove_groups(&self) {
        let Ok(name) = world::group(&self.folder) else { return };
        let ours = format!("*/{CGROUP}/{name}");
        let below = format!("{ours}/*");
        let mut find = run::as_root("find");
        find.args(["/sys/fs/cgroup", "-depth", "-type", "d", "(", "-path", &ours, "-o"]);
        find.args(["-path", &below, "-o", "-path"]);
        find.args([&format!("*/{CGROUP}"), ")", "-exec", "rmdir", "{}", ";"]);
        let _ = run::attempt(&mut find);
    }
}
