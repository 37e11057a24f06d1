//! What a container must survive without its neighbours noticing: too many processes, too much memory.

use std::fs;
use std::hint::black_box;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

/// More than any limit of the house.
const MANY: usize = 4096;

/// Starts processes until the kernel refuses, prints how many it got, and ends them.
pub(crate) fn fork_bomb() -> anyhow::Result<()> {
    let mut children: Vec<Child> = Vec::new();
    let mut refused = None;
    while children.len() < MANY {
        let child = Command::new("/bin/sleep").arg("60").stdout(Stdio::null()).spawn();
        match child {
            Ok(child) => children.push(child),
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    let count = children.len();
    for child in &mut children {
        let _ = child.kill();
        let _ = child.wait();
    }
    let because = refused.map_or_else(|| "nothing stopped it".to_owned(), |it| it.to_string());
    Ok(writeln!(std::io::stdout(), "{count} {because}")?)
}

/// Takes this many MiB of memory, and every page of it.
pub(crate) fn eat(mebibytes: usize) -> anyhow::Result<()> {
    // Where the whole machine runs out of memory, this process goes first.
    fs::write("/proc/self/oom_score_adj", "1000")?;
    let mut eaten = Vec::new();
    for _ in 0..mebibytes {
        eaten.push(black_box(vec![1_u8; 1 << 20]));
    }
    Ok(writeln!(std::io::stdout(), "{} MiB taken", eaten.len())?)
}
