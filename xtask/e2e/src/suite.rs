//! The suite: prepares programs and images, runs the lanes side by side, tells how they ended.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::engine::Engine;
use crate::files::{Files, Held};
use crate::images::{self, Images, Source};
use crate::lanes::{Lane, OBSERVED};
use crate::model::Model;
use crate::needs;
use crate::programs::Programs;
use crate::report::{self, Event, Outcome, Step, tell};
use crate::run::{self, locked};
use crate::slot::Slot;
use crate::way_out;
use crate::world::SOCKET;

/// What a lane finds ready.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Prepared {
    pub(crate) repository: PathBuf,
    pub(crate) homelab: PathBuf,
    pub(crate) stand_in: PathBuf,
    pub(crate) caddy: PathBuf,
    /// Docker Compose, as a plugin of Docker's.
    compose: PathBuf,
    pub(crate) source: Source,
    /// None of them where the source is `Real`.
    pub(crate) images: Images,
    /// The roots of hosts.
    roots: Vec<(Engine, PathBuf)>,
}

impl Prepared {
    /// The root with that engine.
    pub(crate) fn root(&self, engine: Engine) -> anyhow::Result<&Path> {
        let root = self.roots.iter().find(|it| it.0 == engine);
        Ok(&root.context("the suite made no root with that engine")?.1)
    }
}

/// Where Debian has its programs.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Lanes at a time. With nine on two cores a password, which takes a second of a core to check, took
/// longer than a browser waits.
const AT_ONCE: usize = 6;

/// Longest time of a lane: twice what the slowest one takes beside five others on two cores (2026-11-23).
const DEADLINE: Duration = Duration::from_mins(35);

/// The same with real images: some take minutes to start, and each set of profiles is one start.
const DEADLINE_REAL: Duration = Duration::from_hours(3);

/// Runs the lanes; whether everything passed.
pub(crate) fn run(
    chosen: &[Lane],
    engine: Option<Engine>,
    jobs: Option<u8>,
    source: Source,
) -> anyhow::Result<bool> {
    let started = Instant::now();
    needs::check()?;
    needs::registries(source, &Model::new())?;
    let repository = repository()?;
    let cache = repository.join("target/e2e");
    let files = Files::open(&cache)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let lanes = of_house(lanes(chosen, engine, source));
    let engines: BTreeSet<_> = lanes.iter().map(|it| it.1).collect();
    let (prepared, _held) = prepare(&repository, &cache, &files, &engines, source, started)?;
    let path = files.folder.join("prepared");
    fs::write(&path, serde_json::to_vec(&prepared)?)?;

    // Real images are pulled once for one slot, and want the machine for themselves.
    let at_once = if source == Source::Real { 1 } else { AT_ONCE };
    let jobs = jobs.map_or(at_once, usize::from).min(lanes.len());
    let queue = Mutex::new(lanes.into_iter());
    let steps = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    // Taken before the body: the lock must not be held while a lane runs.
                    let next = locked(&queue).next();
                    let Some((lane, engine)) = next else { break };
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let place = LanePlace { lane, engine, prepared: &prepared, files: &files };
                    let ran = place.run(&cache, &stop, started);
                    let ran = ran.unwrap_or_else(|it| vec![broken(lane, &format!("{it:#}"))]);
                    locked(&steps).extend(ran);
                }
            });
        }
    });
    let steps = steps.into_inner().unwrap_or_else(PoisonError::into_inner);
    report::write(&steps, &files.folder)?;
    files.keep()?;
    tell(&report::summary(&steps, started.elapsed().as_secs_f64()));
    if stop.load(Ordering::Relaxed) {
        bail!("interrupted; what was started is gone");
    }
    Ok(steps.iter().all(|it| it.outcome == Outcome::Passed))
}

/// Makes what the lanes need, for a later run.
pub(crate) fn prepare_only(
    chosen: &[Lane],
    engine: Option<Engine>,
    source: Source,
) -> anyhow::Result<bool> {
    needs::check()?;
    let repository = repository()?;
    let cache = repository.join("target/e2e");
    let files = Files::open(&cache)?;
    let engines = lanes(chosen, engine, source).into_iter().map(|it| it.1).collect();
    prepare(&repository, &cache, &files, &engines, source, Instant::now())?;
    files.keep()?;
    Ok(true)
}

/// What to run, and on which engine.
fn lanes(chosen: &[Lane], engine: Option<Engine>, source: Source) -> Vec<(Lane, Engine)> {
    let is_chosen = |it: &Lane| match chosen {
        // With one engine for all none is there twice.
        [] => engine.is_none() || it.engine() == Engine::V28,
        chosen => chosen.contains(it),
    };
    let lanes = Lane::ALL.into_iter().filter(|it| it.takes(source)).filter(is_chosen);
    lanes.map(|it| (it, engine.unwrap_or(it.engine()))).collect()
}

/// Those that the house has all services for; of the others it is said what they lack.
fn of_house(lanes: Vec<(Lane, Engine)>) -> Vec<(Lane, Engine)> {
    let model = Model::new();
    let services = model.enabled(&model.profiles());
    let has_all = |(lane, _): &(Lane, Engine)| {
        let lacks = lane.lacks(&services);
        if let Some(service) = lacks {
            tell(&format!("left out: lane {}, since the house has no `{service}`", lane.name()));
        }
        lacks.is_none()
    };
    lanes.into_iter().filter(has_all).collect()
}

fn repository() -> anyhow::Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = manifest.ancestors().nth(2).context("the crate lies two folders below the root")?;
    Ok(root.to_owned())
}

fn prepare(
    repository: &Path,
    cache: &Path,
    files: &Files,
    engines: &BTreeSet<Engine>,
    source: Source,
    started: Instant,
) -> anyhow::Result<(Prepared, Vec<Held>)> {
    let at = || format!("{:7.1}s ", started.elapsed().as_secs_f64());
    // One run at a time: what it makes is for all.
    let lock = fs::File::create(cache.join("prepare.lock"))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)?;
    tell(&format!("{} building `homelab` and the stand-in, fetching what Debian has", at()));
    let (programs, fetched) = std::thread::scope(|scope| {
        let fetched = scope.spawn(|| fetch(cache, engines, source));
        (Programs::build(repository), joined(fetched))
    });
    let Fetched { roots, base, mut held } = fetched?;
    let programs = programs?;
    let mut images = Images::default();
    if let Some(base) = base {
        tell(&format!("{} putting the images together", at()));
        let (stand_in, caddy) = (&programs.stand_in, &programs.caddy);
        let assembled = images::assemble(&Model::new(), cache, &base, stand_in, caddy)?;
        images = assembled.0;
        held.extend(assembled.1);
    }
    let prepared = Prepared {
        repository: repository.to_owned(),
        homelab: files.copy(&programs.homelab)?,
        stand_in: files.copy(&programs.stand_in)?,
        caddy: programs.caddy,
        compose: programs.compose,
        source,
        images,
        roots,
    };
    Ok((prepared, held))
}

/// What `mmdebstrap` has made, now or in an earlier run.
struct Fetched {
    roots: Vec<(Engine, PathBuf)>,
    /// Of stand-ins.
    base: Option<PathBuf>,
    held: Vec<Held>,
}

/// All at once: most of the time goes into waiting for a mirror.
fn fetch(cache: &Path, engines: &BTreeSet<Engine>, source: Source) -> anyhow::Result<Fetched> {
    let (mut roots, mut held) = (Vec::new(), Vec::new());
    let base = std::thread::scope(|scope| {
        let base = scope.spawn(|| match source {
            Source::StandIns => images::base(cache).map(Some),
            Source::Real => Ok(None),
        });
        let made: Vec<_> = engines.iter().map(|it| (*it, scope.spawn(|| it.root(cache)))).collect();
        for (engine, made) in made {
            let (root, lock) = joined(made)?;
            roots.push((engine, root));
            held.push(lock);
        }
        joined(base)
    });
    Ok(Fetched { roots, base: base?, held })
}

fn joined<T>(thread: ScopedJoinHandle<'_, anyhow::Result<T>>) -> anyhow::Result<T> {
    thread.join().map_err(|_| anyhow::anyhow!("a thread ended early"))?
}

/// A lane that is to run.
struct LanePlace<'a> {
    lane: Lane,
    engine: Engine,
    prepared: &'a Prepared,
    files: &'a Files,
}

impl LanePlace<'_> {
    /// Runs it in namespaces of its own and tells what it tells.
    fn run(
        &self,
        cache: &Path,
        stop: &Arc<AtomicBool>,
        started: Instant,
    ) -> anyhow::Result<Vec<Step>> {
        let lane = self.lane;
        let slot = Slot::take(cache, self.engine)?;
        let log = self.files.folder.join(format!("{}.log", lane.name()));
        let deadline = match self.prepared.source {
            Source::StandIns => DEADLINE,
            Source::Real => {
                way_out::tunnel(&way_out::socket(&slot.folder), |it| TcpStream::connect(it))?;
                DEADLINE_REAL
            }
        };
        let mut child = self
            .process(&slot)?
            // The lane ends when this pipe does, however this program ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log)?)
            // Ctrl-C reaches this program only, which then ends the lanes.
            .process_group(0)
            .spawn()
            .context("cannot run unshare")?;
        let lifeline = Arc::new(Mutex::new(child.stdin.take()));
        let watch = std::thread::spawn({
            let (stop, lifeline) = (Arc::clone(stop), Arc::clone(&lifeline));
            move || watch(&stop, &lifeline, deadline)
        });
        let ended = listen(lane, &mut child, started);
        // What it left running ends with its first process.
        locked(&lifeline).take();
        let cut_off = watch.join().unwrap_or(false);
        child.wait()?;
        if lane == Lane::Observe && slot.folder.join(OBSERVED).exists() {
            fs::copy(slot.folder.join(OBSERVED), self.files.folder.join(OBSERVED))?;
        }
        let clean = ended.as_ref().is_ok_and(|it| it.1 == Some(true));
        slot.release(clean)?;
        let (mut steps, finished) = ended?;
        if finished.is_none() && stop.load(Ordering::Relaxed) {
            let outcome = Outcome::NotRun;
            steps.push(Step { outcome, ..broken(lane, "interrupted") });
        } else if finished.is_none() {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let last: Vec<_> = said.lines().rev().take(5).collect();
            let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
            let because =
                if cut_off { "it took too long and was cut off" } else { "it ended early" };
            steps.push(broken(lane, &format!("{because}; its log ends with\n{last}")));
        }
        Ok(steps)
    }

    /// The lane's first process: with the variables that it needs and none of the user's, who may
    /// have set `DOCKER_HOST`, a proxy for HTTP, or a variable of `.env`.
    fn process(&self, slot: &Slot) -> anyhow::Result<Command> {
        let config = slot.docker_config(&self.prepared.compose)?;
        let mut command = run::as_root("env");
        command
            // Of the host that the lane will be: programs of the machine are not there.
            .args(["--ignore-environment", &format!("PATH={PATH}"), "LANG=C.UTF-8"])
            .arg(format!("HOME={}", slot.folder.display()))
            .arg(format!("DOCKER_CONFIG={}", config.display()))
            .arg(format!("DOCKER_HOST=unix://{SOCKET}"))
            .args(["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"])
            .args(["--mount-proc", "--"])
            .arg(std::env::current_exe()?)
            .args(["inside", self.lane.name(), self.engine.name()])
            .args([&slot.folder, &self.files.folder.join("prepared")]);
        Ok(command)
    }
}

/// Cuts the lane's lifeline when the suite is to stop, or the lane takes too long: then `true`.
fn watch(stop: &AtomicBool, lifeline: &Mutex<Option<ChildStdin>>, deadline: Duration) -> bool {
    let started = Instant::now();
    while locked(lifeline).is_some() {
        let late = started.elapsed() > deadline;
        if late || stop.load(Ordering::Relaxed) {
            locked(lifeline).take();
            return late;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    false
}

/// Reads the lane's events: its steps, and how it cleaned up, if it came to its end.
fn listen(
    lane: Lane,
    child: &mut Child,
    started: Instant,
) -> anyhow::Result<(Vec<Step>, Option<bool>)> {
    let out = child.stdout.take().context("the lane has no output")?;
    let mut steps = Vec::new();
    for line in BufReader::new(out).lines() {
        let event: Event = serde_json::from_str(&line?)?;
        report::progress(started, lane.name(), &event);
        match event {
            Event::Ended(step) => steps.push(step),
            Event::Finished { clean } => return Ok((steps, Some(clean))),
            Event::Began(_) => {}
        }
    }
    Ok((steps, None))
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
