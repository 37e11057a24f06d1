//! Kills a process and everything that it has started, such as the plugin behind `docker compose`.
//!
//! A process group of its own would not do: all processes of a worker have to stay in the worker's group, by
//! which `supervise` kills them all.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// Kills it with all its descendants.
pub(super) fn kill(pid: u32) {
    let Ok(root) = i32::try_from(pid) else { return };
    let mut tree = vec![root];
    let parents = parents();
    let mut at = 0;
    while let Some(parent) = tree.get(at).copied() {
        tree.extend(parents.iter().filter(|it| it.1 == parent).map(|it| it.0));
        at += 1;
    }
    for pid in tree.into_iter().filter_map(Pid::from_raw) {
        // One that has just ended is no error.
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Every process with its parent.
fn parents() -> Vec<(i32, i32)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let parent = |pid: i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // `pid (name) state parent …`; the name may hold anything.
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
        Some((pid, parent))
    };
    entries.filter_map(|it| parent(it.file_name().to_str()?.parse().ok()?)).collect()
}
