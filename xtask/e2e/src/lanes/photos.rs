//! Immich with its database: rows, dumps, a slow start, a wrong secret.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::Scene;
use crate::browser::Browser;
use crate::docker;
use crate::health::{self, PATIENCE};
use crate::report::{LaneEnds, Steps};
use crate::run::{self, output, program};

/// Often enough for a test; the committed default is once a night.
const SCHEDULE: &str = "\"@every 20s\"";

/// Seconds that the database takes longer: more than its first probes, less than its start period.
const SLOW: u64 = 40;

pub(super) fn run(scene: &Scene, steps: &mut Steps) -> Result<(), LaneEnds> {
    steps.need("the base and the profile photos", || {
        scene.house.set("BACKUP_SCHEDULE", SCHEDULE)?;
        scene.house.choose(&["photos"])?;
        let containers = scene.house.up(&scene.model.enabled(&["photos"]))?;
        Ok(format!("{} containers healthy", containers.len()))
    })?;
    steps.need("Immich logs in with the secret's file and writes rows", || write_rows(scene))?;
    steps.step("pgbackups' schedule makes a dump that restores", || dump_restores(scene));
    steps.step("the database is slow to start: the others wait", || slow_database(scene));
    steps.step("a wrong secret: unhealthy in time, and the cause is named", || wrong_secret(scene));
    steps.step("the right secret again: everything recovers, no row is lost", || {
        right_secret(scene)
    });
    steps.step("machine learning off and on again", || machine_learning(scene));
    Ok(())
}

/// `IMMICH_ML` is a number of containers, and chooses what Immich's server is told.
fn machine_learning(scene: &Scene) -> anyhow::Result<String> {
    const NAME: &str = "immich-machine-learning";
    let told = || -> anyhow::Result<String> {
        let variable = "printenv IMMICH_MACHINE_LEARNING_ENABLED || true";
        Ok(docker::of("immich-server")?.exec(&["sh", "-c", variable])?.trim().to_owned())
    };
    let mut services = scene.model.enabled(&["photos"]);
    scene.house.set("IMMICH_ML", "0")?;
    services.remove(NAME);
    scene.house.up(&services)?;
    let off = told()?;
    scene.house.set("IMMICH_ML", "1")?;
    services.insert(NAME.to_owned());
    scene.house.up(&services)?;
    let on = told()?;
    if (off.as_str(), on.as_str()) != ("false", "true") {
        bail!("Immich's server was told `{off}` without it and `{on}` with it");
    }
    rows_and_files(scene)
}

/// Photos that the lane uploads.
pub(super) const PHOTOS: usize = 12;

/// Uploads through the proxy, then looks into the database and the library.
pub(super) fn write_rows(scene: &Scene) -> anyhow::Result<String> {
    let browser = Browser::new(scene)?;
    for number in 0..PHOTOS {
        let url = format!("https://photos.home.arpa/api/assets?name=IMG_{number:04}.jpg");
        // Like any client: on a busy machine the database may be late for one of them.
        run::until(Duration::from_mins(1), || {
            let answer = browser.post(&url)?;
            let said = (answer.status, &answer.body);
            ensure!(answer.status == 200, "upload {number} was answered {said:?}");
            Ok(())
        })?;
    }
    rows_and_files(scene)
}

/// As many rows and files as photos.
pub(super) fn rows_and_files(scene: &Scene) -> anyhow::Result<String> {
    let rows = rows("immich")?;
    let files = fs::read_dir(scene.house.folder.join("data/photos/upload"))?.count();
    if rows != PHOTOS || files != PHOTOS {
        bail!("{rows} rows and {files} files, expected {PHOTOS}");
    }
    Ok(format!("{rows} rows, {files} files"))
}

/// Rows of a database of the server.
pub(super) fn rows(database: &str) -> anyhow::Result<usize> {
    let sql = "select count(*) from asset";
    let postgres = docker::of("postgres")?;
    let said =
        postgres.exec(&["psql", "-X", "-A", "-t", "-U", "postgres", "-d", database, "-c", sql])?;
    Ok(said.trim().parse()?)
}

/// The folder that `pgbackups` writes to.
pub(super) fn dumps(scene: &Scene) -> PathBuf {
    scene.house.folder.join("data/backups")
}

/// The newest dump, once there is one that was begun after this call.
pub(super) fn new_dump(scene: &Scene, patience: Duration) -> anyhow::Result<PathBuf> {
    let latest = dumps(scene).join("last/immich-latest.sql.gz");
    let before = fs::canonicalize(&latest).ok();
    // One that runs now was begun before; the one after it was not.
    let newer = |before: &Option<PathBuf>| {
        run::until(patience, || {
            let now = fs::canonicalize(&latest).context("there is no dump yet")?;
            if Some(&now) == before.as_ref() {
                bail!("still {}", now.display());
            }
            Ok(now)
        })
    };
    let first = newer(&before)?;
    newer(&Some(first))
}

/// Makes the newest dump older than the health check of `pgbackups` bears.
pub(super) fn age_newest_dump(scene: &Scene) -> anyhow::Result<()> {
    let latest = dumps(scene).join("last/immich-latest.sql.gz");
    output(program("touch", &["--date=27 hours ago"]).arg(latest)).map(drop)
}

fn dump_restores(scene: &Scene) -> anyhow::Result<String> {
    let dump = new_dump(scene, Duration::from_mins(1))?;
    output(program("gzip", &["--test"]).arg(&dump))?;
    for folder in ["daily", "weekly", "monthly"] {
        let link = dumps(scene).join(folder).join("immich-latest.sql.gz");
        if !link.exists() {
            bail!("there is no {}", link.display());
        }
    }
    // Into a second database, by the server's own programs. That its rows are there shows more
    // than an exit code.
    let postgres = docker::of("postgres")?;
    postgres.exec(&["createdb", "-U", "postgres", "restored"])?;
    let restore = format!(
        "gunzip --stdout '{}' | docker exec -i {} psql -X -q -v ON_ERROR_STOP=1 -U postgres -d restored",
        dump.display(),
        postgres.id
    );
    output(&mut program("sh", &["-c", &restore]))?;
    let restored = rows("restored")?;
    postgres.exec(&["dropdb", "-U", "postgres", "restored"])?;
    if restored != PHOTOS {
        bail!("{restored} rows in the restored database, expected {PHOTOS}");
    }
    let size = fs::metadata(&dump)?.len();
    Ok(format!(
        "{} ({size} bytes) has {restored} rows",
        dump.file_name().unwrap_or_default().to_string_lossy()
    ))
}

fn slow_database(scene: &Scene) -> anyhow::Result<String> {
    let photos = ["immich-server", "pgbackups", "postgres"];
    let words: Vec<_> = ["stop"].into_iter().chain(photos).collect();
    scene.house.compose(&words)?;
    let slow = scene.world.volume("postgres").join("stand-in-slow-start");
    fs::write(&slow, SLOW.to_string())
        .with_context(|| format!("cannot write {}", slow.display()))?;
    // The server's user deletes it.
    output(program("chown", &["999:999"]).arg(&slow))?;
    let started = Instant::now();
    scene.house.compose(&["up", "--detach"])?;
    let waited = started.elapsed().as_secs();
    if waited < SLOW {
        bail!("`up` came back after {waited} s, before the database was there");
    }
    let containers = health::first(&scene.model.enabled(&["photos"]), PATIENCE)?;
    rows_and_files(scene)?;
    Ok(format!("`up` waited {waited} s; {} healthy, none restarted", containers.len()))
}

fn wrong_secret(scene: &Scene) -> anyhow::Result<String> {
    let secret = scene.house.folder.join("secrets/immich-db-password");
    let kept = scene.house.folder.join("secrets/immich-db-password.kept");
    fs::copy(&secret, &kept)?;
    fs::write(&secret, "not-the-password")?;
    recreate(scene)?;
    let started = Instant::now();
    let mut told = Vec::new();
    for service in ["pgbackups", "immich-server"] {
        let within = docker::of(service)?.verdict()?;
        run::until(within.saturating_sub(started.elapsed()), || {
            // A failed dump is borne as long as there is a young one.
            age_newest_dump(scene)?;
            let it = docker::of(service)?;
            if it.health == "unhealthy" {
                Ok(())
            } else {
                bail!("{service} is {} {}", it.status, it.health)
            }
        })?;
        let (took, within) = (started.elapsed().as_secs(), within.as_secs());
        told.push(format!("{service} unhealthy after {took} s of {within}"));
    }
    let cause = "password authentication failed for user \"postgres\"";
    let immich = docker::of("immich-server")?;
    if !immich.last_probe().contains(cause) {
        bail!("Immich's health check says: {}", immich.last_probe());
    }
    let pgbackups = docker::of("pgbackups")?;
    if !pgbackups.log(40).contains(cause) {
        bail!("pgbackups' log says: {}", pgbackups.log(40));
    }
    Ok(format!("{}; both say: {cause}", told.join(", ")))
}

fn right_secret(scene: &Scene) -> anyhow::Result<String> {
    let kept = scene.house.folder.join("secrets/immich-db-password.kept");
    let value = fs::read(&kept)?;
    fs::write(scene.house.folder.join("secrets/immich-db-password"), value)?;
    fs::remove_file(kept)?;
    recreate(scene)?;
    health::first(&scene.model.enabled(&["photos"]), PATIENCE)?;
    let dump = new_dump(scene, Duration::from_mins(1))?;
    output(program("gzip", &["--test"]).arg(dump))?;
    rows_and_files(scene)
}

/// Containers that read the secret at their start get new ones, as after every change of a secret.
fn recreate(scene: &Scene) -> anyhow::Result<()> {
    let words = ["up", "--detach", "--no-deps", "--force-recreate", "immich-server", "pgbackups"];
    scene.house.compose(&words)?;
    Ok(())
}
