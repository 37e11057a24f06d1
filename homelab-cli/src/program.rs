//! Runs other programs. Nothing else does, so that each call has a time limit.
//!
//! A program that does not end in time is killed with everything that it started, and the error names
//! the call and the limit: a hung engine must not hold the lock of a deploy for ever.
//!
//! Unit tests replace programs: see `played`.

mod limit;
#[cfg(test)]
pub(crate) mod played;
mod tree;

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::mem;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use self::limit::Limit;
use self::limit::Watch;
use crate::error::Error;

/// The environment variables that a program gets, besides those of Docker: a person's shell must not decide
/// what runs.
const KEPT: &[&str] = &["PATH", "HOME", "LANG", "XDG_RUNTIME_DIR"];

/// How long a program's output may stay open after its end: something that it started may still hold it.
const LAST_WORDS: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 5 });

/// Pause between two looks at a program.
const INTERVAL: Duration = Duration::from_millis(5);

/// Bytes that are kept of a program's output in memory: the largest are `docker inspect` of every container
/// and the files of a commit, of some MiB at most.
const KEPT_BYTES: usize = 64 << 20;

/// A call of another program.
#[derive(Debug)]
pub(crate) struct Program {
    name: &'static str,
    words: Vec<OsString>,
    limit: Limit,
    /// Whether it gets the whole environment.
    whole: bool,
}

/// Why a program gave no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It could not be started.
    Start(io::Error),
    /// It did not end in time, and was killed.
    Late(Limit),
    /// Its input or its output could not be passed on.
    Pass(io::Error),
}

/// What is put into a program.
type Feed<'a> = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'a>;

/// Where a program's output goes.
type Sink = Box<dyn Write + Send>;

impl Program {
    /// A program with few environment variables.
    pub(crate) fn new(name: &'static str, limit: Limit) -> Self {
        Self { name, words: Vec::new(), limit, whole: false }
    }

    /// A program with the environment of whoever runs this one, such as `ssh` with its agent.
    pub(crate) fn with_environment(name: &'static str, limit: Limit) -> Self {
        Self { whole: true, ..Self::new(name, limit) }
    }

    /// Adds a word.
    pub(crate) fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.words.push(word.as_ref().to_owned());
        self
    }

    /// Adds words.
    pub(crate) fn args(mut self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.words.extend(words.into_iter().map(|it| it.as_ref().to_owned()));
        self
    }

    /// Runs it and returns what it said.
    pub(crate) fn output(self) -> Result<Output, Failure> {
        self.piped(None, None, None)
    }

    /// Runs it with its standard output going into `sink`.
    pub(crate) fn output_into(self, sink: impl Write + Send + 'static) -> Result<Output, Failure> {
        self.piped(None, Some(Box::new(sink)), None)
    }

    /// Runs it with what `feed` writes as its standard input.
    ///
    /// When `feed` fails while the program would go on, the program is killed and the failure is
    /// returned. When the program ends first, its exit code says more than the broken pipe.
    pub(crate) fn fed(
        self,
        feed: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send,
    ) -> Result<Output, Failure> {
        self.piped(Some(Box::new(feed)), None, None)
    }

    /// Runs it with `input`; its output and its errors go where `streams` lead, while it runs.
    pub(crate) fn shown(
        self,
        input: &[u8],
        streams: [Box<dyn Write + Send>; 2],
    ) -> Result<ExitStatus, Failure> {
        let feed: Feed<'_> = Box::new(|pipe: &mut dyn Write| pipe.write_all(input));
        let [out, errors] = streams.map(Some);
        self.piped(Some(feed), out, errors).map(|output| output.status)
    }

    /// Replaces this process with the program; returns only if that fails.
    pub(crate) fn replace(self) -> io::Error {
        use std::os::unix::process::CommandExt as _;
        self.command().stdin(Stdio::inherit()).exec()
    }

    fn command(&self) -> Command {
        #[expect(clippy::disallowed_methods, reason = "this is the place that runs programs")]
        let mut command = Command::new(self.name);
        #[cfg(test)]
        if let Some(other) = played::instead() {
            command = other;
        }
        command.args(&self.words);
        if !self.whole {
            let kept = std::env::vars_os().filter(|(name, _)| {
                name.to_str().is_some_and(|it| KEPT.contains(&it) || it.starts_with("DOCKER_"))
            });
            command.env_clear().envs(kept);
        }
        command.stdin(Stdio::null());
        command
    }

    fn piped(
        self,
        feed: Option<Feed<'_>>,
        sink: Option<Sink>,
        errors: Option<Sink>,
    ) -> Result<Output, Failure> {
        #[cfg(test)]
        played::note(self.limit);
        #[cfg(test)]
        if played::is_on() {
            return self.play(feed, sink);
        }
        let mut command = self.command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if feed.is_some() {
            command.stdin(Stdio::piped());
        }
        let mut child = command.spawn().map_err(Failure::Start)?;
        let watch = Watch::new(self.limit);
        let stdout = Reader::start(child.stdout.take(), sink, &watch);
        let stderr = Reader::start(child.stderr.take(), errors, &watch);
        let (status, passed) = thread::scope(|scope| {
            let feeder = feed.zip(child.stdin.take()).map(|(feed, pipe)| {
                let mut pipe = watch.counting(pipe);
                let pid = child.id();
                scope.spawn(move || {
                    let passed = feed(&mut pipe);
                    // Half an input must not look like a whole one. A broken pipe means that the program has
                    // ended.
                    if passed.as_ref().is_err_and(|it| it.kind() != io::ErrorKind::BrokenPipe) {
                        tree::kill(pid);
                    }
                    passed
                })
            });
            let status = end(&mut child, [&stdout, &stderr], &watch);
            let passed = feeder.and_then(|it| it.join().ok()).unwrap_or(Ok(()));
            (status, passed)
        });
        let (status, said, errors) = (status?, stdout.said(), stderr.said());
        if let Err(error) = passed
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            return Err(Failure::Pass(error));
        }
        // If nobody reads its errors any more, that is no failure.
        let errors = match errors {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Err(error),
            errors => Ok(errors.unwrap_or_default()),
        };
        let stdout = said.map_err(Failure::Pass)?;
        Ok(Output { status, stdout, stderr: errors.map_err(Failure::Pass)? })
    }

    #[cfg(test)]
    fn play(&self, feed: Option<Feed<'_>>, sink: Option<Sink>) -> Result<Output, Failure> {
        let mut input = Vec::new();
        feed.map_or(Ok(()), |it| it(&mut input)).map_err(Failure::Pass)?;
        let answer = played::answer(self.name, &self.words, &input);
        let mut output = answer.ok_or_else(|| Failure::Start(io::ErrorKind::NotFound.into()))?;
        if let Some(mut sink) = sink {
            sink.write_all(&output.stdout).map_err(Failure::Pass)?;
            output.stdout.clear();
        }
        Ok(output)
    }
}

impl Failure {
    /// The error of the call `line`; `help` says what to do if there is no such program.
    pub(crate) fn of(self, line: &str, help: &'static str) -> Error {
        let line: String = line.chars().take(120).collect();
        match self {
            Self::Start(source) => Error::Start { line, help, source },
            Self::Late(limit) => Error::Late { line, limit: limit.to_string() },
            Self::Pass(source) => Error::CutOff { line, source },
        }
    }
}

/// A thread that empties one pipe of a program.
struct Reader {
    thread: thread::JoinHandle<io::Result<()>>,
    kept: Arc<Mutex<Vec<u8>>>,
    /// Whether it waits for the program, and not for the reader of the output.
    waits: Arc<AtomicBool>,
}

impl Reader {
    fn start(
        pipe: Option<impl Read + Send + 'static>,
        sink: Option<Sink>,
        watch: &Arc<Watch>,
    ) -> Self {
        let (kept, waits) = (Arc::<Mutex<Vec<u8>>>::default(), Arc::new(AtomicBool::new(true)));
        let (watch, into, waiting) = (Arc::clone(watch), Arc::clone(&kept), Arc::clone(&waits));
        let thread = thread::spawn(move || {
            pipe.map_or(Ok(()), |pipe| copy(pipe, sink, &into, &watch, &waiting))
        });
        Self { thread, kept, waits }
    }

    /// Whether something that the program started holds the pipe open and writes nothing.
    fn is_left(&self, watch: &Watch) -> bool {
        self.waits.load(Ordering::SeqCst) && watch.pause() >= LAST_WORDS
    }

    /// What it has read so far, unless it went into a sink.
    fn said(self) -> io::Result<Vec<u8>> {
        if self.thread.is_finished() {
            self.thread.join().unwrap_or(Ok(()))?;
        }
        Ok(mem::take(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Reads to the end. If the sink fails, the pipe is closed, and that ends the program.
fn copy(
    mut pipe: impl Read,
    mut sink: Option<Sink>,
    kept: &Mutex<Vec<u8>>,
    watch: &Watch,
    waits: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        waits.store(true, Ordering::SeqCst);
        let read = match pipe.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        waits.store(false, Ordering::SeqCst);
        let Some(bytes) = buffer.get(..read).filter(|it| !it.is_empty()) else { break };
        watch.moved();
        if let Some(sink) = &mut sink {
            sink.write_all(bytes)?;
            continue;
        }
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() + bytes.len() > KEPT_BYTES {
            let what = format!("it wrote more than {} MiB", KEPT_BYTES >> 20);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
        }
        kept.extend_from_slice(bytes);
    }
    sink.map_or(Ok(()), |mut it| it.flush())
}

/// Waits for the end of a program and of its outputs.
///
/// If a daemon of the program keeps an output open, the wait goes on for a moment only.
fn end(child: &mut Child, outputs: [&Reader; 2], watch: &Watch) -> Result<ExitStatus, Failure> {
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        if ended.is_none() {
            ended = child.try_wait().map_err(Failure::Start)?.map(|it| (it, Instant::now()));
        }
        if let Some((status, since)) = ended {
            let is_over = since.elapsed() >= LAST_WORDS;
            let is_done = |it: &Reader| it.thread.is_finished() || is_over && it.is_left(watch);
            if outputs.into_iter().all(is_done) {
                return Ok(status);
            }
        }
        if watch.is_over() {
            // After the end of a process its number may belong to another one.
            if ended.is_none() {
                tree::kill(child.id());
                child.wait().map_err(Failure::Start)?;
            }
            return Err(Failure::Late(watch.over()));
        }
        thread::sleep(INTERVAL);
    }
}

#[cfg(test)]
mod tests;
