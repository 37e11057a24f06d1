//! Names that containers ask for, heard in the network of each from its first moments on.
//!
//! A container's network is there when its program starts, so the first questions of the first tenths
//! of a second are not heard.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::docker;
use crate::model::Model;
use crate::world::World;

/// Between two looks for new containers.
const EVERY: Duration = Duration::from_millis(100);

/// Listens to every container of the house.
#[derive(Debug)]
pub(super) struct Asked {
    folder: PathBuf,
    end: Arc<AtomicBool>,
    looks: JoinHandle<Vec<Child>>,
}

impl Asked {
    /// Begins to look for containers, and to listen to each.
    pub(super) fn watch(world: &World) -> Self {
        let folder = world.folder.join("asked");
        // Of an earlier lane in the same slot.
        let _ = fs::remove_dir_all(&folder);
        let _ = fs::create_dir_all(&folder);
        let end = Arc::new(AtomicBool::new(false));
        let looks = std::thread::spawn({
            let (folder, end, stand_in) =
                (folder.clone(), Arc::clone(&end), world.stand_in.clone());
            move || {
                let mut heard: BTreeMap<u64, Child> = BTreeMap::new();
                while !end.load(Ordering::Relaxed) {
                    for container in docker::containers().unwrap_or_default() {
                        if container.pid == 0 || heard.contains_key(&container.pid) {
                            continue;
                        }
                        let network = format!("--net=/proc/{}/ns/net", container.pid);
                        let mut command = Command::new("nsenter");
                        command.arg(network).arg(&stand_in).arg("asked");
                        command.arg(folder.join(&container.service)).stdin(Stdio::null());
                        heard.extend(command.spawn().ok().map(|it| (container.pid, it)));
                    }
                    std::thread::sleep(EVERY);
                }
                heard.into_values().collect()
            }
        });
        Self { folder, end, looks }
    }

    /// Ends it; the names that each service asked for and that are not those of the house itself.
    pub(super) fn told(self, model: &Model) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
        self.end.store(true, Ordering::Relaxed);
        for mut child in self.looks.join().unwrap_or_default() {
            let status = child.try_wait()?;
            anyhow::ensure!(status.is_none(), "a listener ended by itself: {status:?}");
            child.kill()?;
            child.wait()?;
        }
        let project = model.project();
        let mut told = BTreeMap::new();
        for member in project.members() {
            let text = fs::read_to_string(self.folder.join(member.name))?;
            let names = text.lines().filter(|it| project.member(it).is_none());
            told.insert(member.name.to_owned(), names.map(str::to_owned).collect());
        }
        Ok(told)
    }
}
