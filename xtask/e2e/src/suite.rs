//! The suite: prepares programs and images, runs the lanes side by side, tells how they ended.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::images::{self, Images};
use crate::lanes::Lane;
use crate::model::Model;
use crate::needs;
use crate::programs::Programs;
use crate::report::{self, Event, Outcome, Step, tell};
use crate::run;
use crate::slot::Slot;

/// What a lane finds ready.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Prepared {
    pub(crate) repository: PathBuf,
    pub(crate) homelab: PathBuf,
    pub(crate) stand_in: PathBuf,
    pub(crate) images: Images,
}

/// Runs the lanes; whether everything passed.
pub(crate) fn run(chosen: &[Lane], jobs: Option<u8>) -> anyhow::Result<bool> {
    let started = Instant::now();
    needs::check()?;
    let repository = repository()?;
    let folder = repository.join("target/e2e");
    fs::create_dir_all(&folder)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let prepared = prepare(&repository, &folder, started)?;
    let path = tempfile::Builder::new().suffix(".json").tempfile_in(&folder)?;
    serde_json::to_writer(path.as_file(), &prepared)?;

    let lanes: Vec<Lane> =
        Lane::ALL.into_iter().filter(|it| chosen.is_empty() || chosen.contains(it)).collect();
    let jobs = jobs.map_or(lanes.len(), usize::from);
    let queue = Mutex::new(lanes.into_iter());
    let steps = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    // Taken before the body: the lock must not be held while a lane runs.
                    let next = locked(&queue).next();
                    let Some(lane) = next else { break };
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let ran = side_by_side(lane, &folder, path.path(), &stop, started);
                    let ran = ran.unwrap_or_else(|it| vec![broken(lane, &format!("{it:#}"))]);
                    locked(&steps).extend(ran);
                }
            });
        }
    });
    let steps = steps.into_inner().unwrap_or_else(PoisonError::into_inner);
    report::write(&steps, &folder)?;
    tell(&report::summary(&steps, started.elapsed().as_secs_f64()));
    if stop.load(Ordering::Relaxed) {
        bail!("interrupted; what was started is gone");
    }
    Ok(steps.iter().all(|it| it.outcome == Outcome::Passed))
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn repository() -> anyhow::Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = manifest.ancestors().nth(2).context("the crate lies two folders below the root")?;
    Ok(root.to_owned())
}

fn prepare(repository: &Path, folder: &Path, started: Instant) -> anyhow::Result<Prepared> {
    let at = || format!("{:7.1}s ", started.elapsed().as_secs_f64());
    tell(&format!("{} building `homelab` and the stand-in", at()));
    let programs = Programs::build(repository, &folder.join("build"))?;
    tell(&format!("{} putting the images together (minutes for the first time)", at()));
    let lock = fs::File::create(folder.join("images.lock"))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)?;
    let images = images::assemble(&Model::new(), folder, &programs.stand_in, &programs.caddy)?;
    let Programs { homelab, stand_in, .. } = programs;
    Ok(Prepared { repository: repository.to_owned(), homelab, stand_in, images })
}

/// Runs one lane in namespaces of its own and tells what it tells.
fn side_by_side(
    lane: Lane,
    folder: &Path,
    prepared: &Path,
    stop: &Arc<AtomicBool>,
    started: Instant,
) -> anyhow::Result<Vec<Step>> {
    let slot = Slot::take(folder)?;
    let log = fs::File::create(folder.join(format!("{}.log", lane.name())))?;
    let mut child = run::as_root("unshare")
        .args(["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--"])
        .arg(std::env::current_exe()?)
        .args(["inside", lane.name()])
        .args([&slot.folder, prepared])
        // The lane ends when this pipe does, however this program ends.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        // Ctrl-C reaches this program only, which then ends the lanes.
        .process_group(0)
        .spawn()
        .context("cannot run unshare")?;
    let lifeline = Arc::new(Mutex::new(child.stdin.take()));
    let watch = std::thread::spawn({
        let (stop, lifeline) = (Arc::clone(stop), Arc::clone(&lifeline));
        move || watch(&stop, &lifeline)
    });
    let steps = listen(lane, &mut child, started);
    let clean = child.wait()?.code() == Some(0) || steps.as_ref().is_ok_and(|it| it.1);
    locked(&lifeline).take();
    let _ = watch.join();
    slot.release(clean)?;
    let (mut steps, ended) = steps?;
    if !ended && !stop.load(Ordering::Relaxed) {
        steps.push(broken(
            lane,
            &format!("the lane ended early, see target/e2e/{}.log", lane.name()),
        ));
    }
    Ok(steps)
}

/// Cuts the lane's lifeline when the suite is to stop.
fn watch(stop: &AtomicBool, lifeline: &Mutex<Option<ChildStdin>>) {
    while locked(lifeline).is_some() {
        if stop.load(Ordering::Relaxed) {
            locked(lifeline).take();
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Reads the lane's events; its steps, and whether it came to its end.
fn listen(lane: Lane, child: &mut Child, started: Instant) -> anyhow::Result<(Vec<Step>, bool)> {
    let out = child.stdout.take().context("the lane has no output")?;
    let mut steps = Vec::new();
    for line in BufReader::new(out).lines() {
        let event: Event = serde_json::from_str(&line?)?;
        report::progress(started, lane.name(), &event);
        match event {
            Event::Ended(step) => steps.push(step),
            Event::Finished => return Ok((steps, true)),
            Event::Began(_) => {}
        }
    }
    Ok((steps, false))
}

fn broken(lane: Lane, because: &str) -> Step {
    Step {
        lane: lane.name().to_owned(),
        name: "the lane".to_owned(),
        outcome: Outcome::Failed,
        seconds: 0.0,
        detail: because.to_owned(),
    }
}
