//! Images that migrate their data on their first start: nothing stops that halfway, and nothing goes back from it.
//!
//! The stand-in of Jellyfin answers as its setup server does: `Degraded` with status 200 at `/health`, which its image's
//! health check takes for healthy, and 503 elsewhere. Once it was stopped halfway, it never starts again.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::DeployScene;
use super::check::{containers, receipts, set, touched};
use crate::browser::Browser;
use crate::docker;
use crate::images::REGISTRY;
use crate::run;

/// More than a route may take to appear.
const LONG: u64 = 80;

/// Enough for two refusals and the begin of another deploy.
const WHILE: u64 = 60;

/// Where Jellyfin keeps its database, as its label says.
const DATABASE: &str = "/config/data/jellyfin.db";

/// How soon the proxy serves a new container.
const APPEARS: Duration = Duration::from_secs(30);

/// How soon a deploy comes to the start of its containers.
const PATIENCE: Duration = Duration::from_mins(1);

/// Lets the contract of Jellyfin hold for the images of the lane's registry.
pub(super) fn adopt(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let text = site.checkout.read("config/house.json")?;
    let (from, to) = ("\"jellyfin/jellyfin\"", format!("\"{REGISTRY}/jellyfin\""));
    ensure!(text.contains(from), "no contract is of {from}");
    site.checkout.write("config/house.json", &text.replace(from, &to))?;
    site.checkout.commit("jellyfin: from another registry")?;
    let happened = site.deploy()?;
    ensure!(happened.is_empty(), "touched {happened:?}");
    Ok("no container was touched".to_owned())
}

/// The deploy waits, says so, and lets nobody else in.
pub(super) fn long(site: &DeployScene<'_>) -> anyhow::Result<String> {
    site.migrates("12.3", &format!("2 {LONG}"))?;
    site.believes_any_answer()?;
    let new = site.checkout.commit("jellyfin: 12.3")?;
    let started = Instant::now();
    let mut client = site.client(&["deploy", "--actor", "first"]);
    let client = client.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let first = client.spawn().context("cannot run homelab")?;
    run::until(PATIENCE, || site.is_migrating())?;
    let begun = Instant::now();
    let browser = Browser::new(site.scene)?;
    // The proxy drops the host name with the old container, and takes it up again with the new one.
    run::until(APPEARS, || {
        let films = browser.open("https://media.home.arpa/", false)?;
        ensure!(films.status == 503, "it answers {}", films.status);
        Ok(())
    })?;
    site.remote(&["deploy", "--actor", "second"])?.ended(4)?.naming("a deploy of first since 2")?;
    let ended = first.wait_with_output()?;
    let (said, seconds) = (String::from_utf8_lossy(&ended.stderr).into_owned(), started.elapsed());
    ensure!(ended.status.success(), "it ended with {}: {said}", ended.status);
    ensure!(begun.elapsed().as_secs() + 20 > LONG, "after {seconds:?} it had not ended: {said}");
    for told in ["`jellyfin` may migrate its data, and has ", "answers 200 `Degraded`, expected"] {
        ensure!(said.contains(told), "it does not say `{told}`: {said}");
    }
    site.is_whole(&new)?;
    site.no_drift()?;
    let films = browser.open("https://media.home.arpa/health", false)?;
    ensure!(films.body == "Healthy", "it answers {}", films.body);
    Ok(format!("{} s, and the second one was told who deploys", seconds.as_secs()))
}

/// A deploy fails for another reason while a migration is under way.
pub(super) fn left_behind(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let well = site.checkout.read("compose.yaml")?;
    let sick =
        site.publish("homer", "sick", &["HEALTHCHECK --interval=1s --retries=2 CMD false"])?;
    let third = site.migrates("12.4", &format!("3 {WHILE}"))?;
    site.checkout.set_line("homer", "image: ", &format!("image: \"{sick}\""))?;
    let new = site.checkout.commit("jellyfin: 12.4, and a sick homer")?;
    let said = site.remote(&["deploy", "--actor", "e2e"])?.ended(1)?.naming("homer")?;
    said.naming("first let the migration of `jellyfin` end")?;
    ensure!(DeployScene::runs()? == new, "the house did not stay on the new release");
    site.is_migrating()?;
    let before = containers()?;
    let is_left_alone = |what: &str| -> anyhow::Result<()> {
        let happened = touched(&before, &containers()?);
        ensure!(happened.is_empty(), "{what} touched {happened:?}");
        Ok(())
    };
    let halfway = "it would stop a migration halfway";
    site.remote(&["rollback", "--keep-data"])?
        .ended(1)?
        .naming(halfway)?
        .naming("--interrupt-migration")?;
    is_left_alone("a rollback")?;
    site.checkout.set_memory_limit("jellyfin", "1000M")?;
    site.checkout.commit("jellyfin: less memory")?;
    site.remote(&["deploy", "--actor", "e2e"])?.ended(1)?.naming(halfway)?;
    is_left_alone("a deploy")?;
    site.remote(&["status"])?.ended(1)?.naming("`jellyfin` may be migrating its data")?;
    site.is_migrating()?;
    site.checkout.write("compose.yaml", &well)?;
    site.checkout.set_line("jellyfin", "image: ", &format!("image: \"{third}\""))?;
    let mended = site.checkout.commit("homer: as before")?;
    let started = Instant::now();
    site.remote(&["deploy", "--actor", "e2e"])?.ended(0)?;
    let seconds = started.elapsed().as_secs();
    let happened = touched(&before, &containers()?);
    ensure!(happened == set(&["homer"]), "touched {happened:?}");
    site.is_whole(&mended)?;
    site.no_drift()?;
    Ok(format!("rollback and deploy are refused; the release that mends homer waited {seconds} s"))
}

/// The container ends in the middle, again and again: the house stays on the new release, and a release that
/// mends it gets out.
pub(super) fn fails(site: &DeployScene<'_>) -> anyhow::Result<String> {
    site.migrates("12.5", "4 3 fails")?;
    let new = site.checkout.commit("jellyfin: 12.5, whose migration fails")?;
    let started = Instant::now();
    let said = site.remote(&["deploy", "--actor", "e2e"])?.ended(1)?;
    let seconds = started.elapsed().as_secs();
    let said = said.naming("`jellyfin` is ")?.naming("the house stays on ")?;
    said.naming("deploy a release that mends it, or go back with `homelab rollback --restore`")?;
    let receipt = receipts()?.pop().context("no receipt")?;
    ensure!(receipt["outcome"] == "broken", "{receipt:#}");
    ensure!(DeployScene::runs()? == new, "the house did not stay on the new release");
    site.remote(&["status"])?.ended(1)?.naming("the last deploy left it broken")?;
    let mut image = docker::of("jellyfin")?.all["Config"]["Image"].take();
    let image = image.take().as_str().unwrap_or_default().to_owned();
    ensure!(image.contains(":12.5@"), "{image} runs");
    site.remote(&["rollback"])?.ended(1)?.naming("`--restore` would put back ")?;
    site.remote(&["rollback", "--restore"])?.ended(0)?;
    site.no_drift()?;
    // Its image refuses a newer database; the row of its first start was in the log only.
    let (version, rows) = (database()?, starts()?);
    ensure!(version == "3" && rows.starts_with("2\n3\n"), "version {version} with the rows {rows}");
    site.migrates("12.6", "4 3")?;
    let mended = site.checkout.commit("jellyfin: 12.6, which mends it")?;
    site.remote(&["deploy", "--actor", "e2e"])?.ended(0)?;
    site.is_whole(&mended)?;
    site.no_drift()?;
    Ok(format!("given up after {seconds} s, put back by its dump, and mended by the next release"))
}

/// The version of Jellyfin's database.
fn database() -> anyhow::Result<String> {
    sqlite("PRAGMA user_version")
}

/// The versions of the images that have opened it.
fn starts() -> anyhow::Result<String> {
    sqlite("SELECT version FROM starts")
}

fn sqlite(statement: &str) -> anyhow::Result<String> {
    let said = docker::of("jellyfin")?.exec(&["sqlite3", "-readonly", DATABASE, statement])?;
    Ok(said.trim().to_owned())
}

impl DeployScene<'_> {
    /// Commits nothing yet: Jellyfin gets an image that migrates its data; its reference.
    fn migrates(&self, tag: &str, how: &str) -> anyhow::Result<String> {
        let migrates = format!("ENV STAND_IN_MIGRATES=\"{how}\"");
        let keeps = format!("ENV STAND_IN_SQLITE={DATABASE}");
        let reference = self.publish("jellyfin", tag, &[&migrates, &keeps])?;
        self.checkout.set_line("jellyfin", "image: ", &format!("image: \"{reference}\""))?;
        Ok(reference)
    }

    /// Commits nothing yet: Jellyfin's health check reads no answer any more, as the check of its image does
    /// not, so that the routes have to be asked.
    fn believes_any_answer(&self) -> anyhow::Result<()> {
        let (text, reads) = (self.checkout.read("compose.yaml")?, " | grep -qx Healthy");
        ensure!(text.contains(reads), "no health check ends with `{reads}`");
        self.checkout.write("compose.yaml", &text.replace(reads, ""))
    }

    /// Fails unless Jellyfin says that it migrates its data.
    fn is_migrating(&self) -> anyhow::Result<()> {
        let answer = Browser::new(self.scene)?.open("https://media.home.arpa/health", false)?;
        match answer.body.as_str() {
            "Degraded" => Ok(()),
            body => bail!("it answers {} {body}", answer.status),
        }
    }
}
