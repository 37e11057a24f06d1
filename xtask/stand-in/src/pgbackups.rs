//! Plays prodrigestivill/postgres-backup-local: dumps on a schedule, links and throws away.
//!
//! As upstream (`init.sh`, `env.sh`, `backup.sh`, go-cron's `main.go`): `VALIDATE_ON_START` looks
//! at variables, the password's file and the folder, and connects to nothing. So a wrong password
//! does not end the container and does not show until the first dump. The password's file is read
//! anew for each dump. A failed dump leaves what `pg_dump` wrote and touches no link. Health is
//! the last run's success, and fine before the first. On a signal a dump that runs is waited for.
//!
//! Unlike upstream: one dump at a time (go-cron would start a second one beside a slow first); no
//! hooks, no cluster dumps, no directory format, always `symlink` as `BACKUP_LATEST_TYPE`; the
//! names of one run share one time, where `backup.sh` asks `date` four times. That the health
//! answer is 503 after a failure is from the facts' reading of go-cron, whose server is not in the
//! stored source; the keys of its JSON are go-cron's.

mod folder;
mod schedule;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use homelab_stand_in::Promise;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use self::folder::{Folder, Keep};
use self::schedule::Schedule;
use crate::http::{self, Response};
use crate::{log, serve};

/// Dumps when it is time, until it is told to end.
pub(crate) fn run(promise: &Promise) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let text = option("SCHEDULE", "@daily");
    let schedule = Schedule::parse(&text).with_context(|| format!("invalid schedule `{text}`"))?;
    let backup = Backup::from_env(promise)?;
    let zone = backup.zone.clone();
    let last = Arc::new(Mutex::new(Run::default()));
    let running = Arc::new(Mutex::new(()));

    let port = option("HEALTHCHECK_PORT", "8080").parse()?;
    if port != 0 {
        let last = Arc::clone(&last);
        http::serve(port, move |_| lock(&last).answer(&text))?;
    }
    let at_once = option("BACKUP_ON_START", "FALSE") == "TRUE";
    let (running_too, promise) = (Arc::clone(&running), promise.clone());
    thread::spawn(move || {
        let dump = || {
            let _running = lock(&running_too);
            *lock(&last) = backup.run(&promise);
        };
        if at_once {
            dump();
        }
        while let Some(next) = schedule.after(Timestamp::now(), &zone) {
            log(&format!("next dump at {}", next.to_zoned(zone.clone())));
            sleep_until(next);
            dump();
        }
        log("the schedule has no further time");
    });
    serve::wait(&mut signals);
    drop(lock(&running));
    Ok(())
}

/// The wall clock may be set while this sleeps.
fn sleep_until(time: Timestamp) {
    while let Ok(left) = Duration::try_from(Timestamp::now().duration_until(time)) {
        if left.is_zero() {
            return;
        }
        thread::sleep(left.min(Duration::from_secs(10)));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The image sets its defaults as variables; an empty one counts as none here.
fn option(name: &str, default: &str) -> String {
    std::env::var(name).ok().filter(|it| !it.is_empty()).unwrap_or_else(|| default.to_owned())
}

/// What came of a dump, as go-cron keeps it.
#[derive(Clone, Debug, Default)]
struct Run {
    status: i32,
    stdout: String,
    stderr: String,
    started: String,
    ended: String,
    pid: u32,
}

impl Run {
    fn answer(&self, schedule: &str) -> Response {
        let body: Value = json!({
            "Running": {},
            "Last": {
                "Exit_status": self.status,
                "Stdout": self.stdout,
                "Stderr": self.stderr,
                "ExitTime": self.ended,
                "Pid": self.pid,
                "StartingTime": self.started,
            },
            "Schedule": schedule,
        });
        Response { status: if self.status == 0 { 200 } else { 503 }, body: body.to_string() }
    }
}

/// What to dump, and where to.
#[derive(Clone, Debug)]
struct Backup {
    program: PathBuf,
    host: String,
    port: String,
    user: String,
    databases: Vec<String>,
    /// As the shell splits an unquoted variable; it knows no quotes either.
    options: Vec<String>,
    folder: Folder,
    zone: TimeZone,
}

impl Backup {
    fn from_env(promise: &Promise) -> anyhow::Result<Self> {
        let number = |name, default| -> anyhow::Result<u64> {
            option(name, default).parse().with_context(|| format!("{name} is no number"))
        };
        let zone = option("TZ", "UTC");
        let split = |text: &str| -> Vec<String> {
            text.split([',', ' ']).filter(|it| !it.is_empty()).map(str::to_owned).collect()
        };
        Ok(Self {
            program: "pg_dump".into(),
            host: promise.variable("POSTGRES_HOST")?,
            port: option("POSTGRES_PORT", "5432"),
            user: promise.variable("POSTGRES_USER")?,
            databases: split(&promise.variable("POSTGRES_DB")?),
            options: split(&option("POSTGRES_EXTRA_OPTS", "-Z1")),
            folder: Folder {
                path: option("BACKUP_DIR", "/backups").into(),
                suffix: option("BACKUP_SUFFIX", ".sql.gz"),
                keep: Keep {
                    minutes: number("BACKUP_KEEP_MINS", "1440")?,
                    days: number("BACKUP_KEEP_DAYS", "7")?,
                    weeks: number("BACKUP_KEEP_WEEKS", "4")?,
                    months: number("BACKUP_KEEP_MONTHS", "6")?,
                },
            },
            // Go takes UTC where it does not know the zone.
            zone: TimeZone::get(&zone).unwrap_or_else(|error| {
                log(&format!("{error}; UTC it is"));
                TimeZone::UTC
            }),
        })
    }

    /// One run of `backup.sh`: ends at the first failure.
    fn run(&self, promise: &Promise) -> Run {
        self.run_with(|| promise.variable("POSTGRES_PASSWORD"))
    }

    fn run_with(&self, password: impl Fn() -> anyhow::Result<String>) -> Run {
        let now = || Timestamp::now().to_zoned(self.zone.clone()).strftime("%FT%T%:z").to_string();
        let mut run = Run { started: now(), ..Run::default() };
        let done = password().and_then(|password| {
            self.folder.create()?;
            self.databases.iter().try_for_each(|it| self.dump(it, &password, &mut run))
        });
        match done {
            Ok(()) => run.stdout.push_str("SQL backup created successfully\n"),
            Err(error) => {
                run.status = if run.status == 0 { 1 } else { run.status };
                let _ = writeln!(run.stderr, "{error:#}");
            }
        }
        run.ended = now();
        log(run.stdout.trim_end());
        log(run.stderr.trim_end());
        run
    }

    fn dump(&self, database: &str, password: &str, run: &mut Run) -> anyhow::Result<()> {
        let Self { host, folder, .. } = self;
        let names = folder.names(database, &Timestamp::now().to_zoned(self.zone.clone()));
        let _ = writeln!(run.stdout, "Creating dump of {database} database from {host}...");
        let child = Command::new(&self.program)
            .arg("-d")
            .arg(database)
            .arg("-f")
            .arg(folder.file(&names))
            .args(&self.options)
            .env("PGHOST", host)
            .env("PGPORT", &self.port)
            .env("PGUSER", &self.user)
            .env("PGPASSWORD", password)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run pg_dump")?;
        run.pid = child.id();
        let output = child.wait_with_output()?;
        run.stdout.push_str(&String::from_utf8_lossy(&output.stdout));
        run.stderr.push_str(&String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            run.status = output.status.code().unwrap_or(127);
            anyhow::bail!("pg_dump: {}", output.status);
        }
        folder.link(database, &names)?;
        for gone in folder.clean(database, SystemTime::now())? {
            let _ = writeln!(run.stdout, "removed '{}'", gone.display());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
