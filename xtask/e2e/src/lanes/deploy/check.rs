//! How the house is: which release runs, whether all of it runs, and whether a row is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::DeployScene;
use super::client::Said;
use super::host::HOUSE;
use crate::docker;
use crate::health;
use crate::lanes::photos;
use crate::run::{output, program};

/// Containers by service: id, and when it was started.
pub(super) type Containers = BTreeMap<String, (String, String)>;

/// Every container of the house.
pub(super) fn containers() -> anyhow::Result<Containers> {
    let all = docker::containers()?.into_iter();
    Ok(all.map(|it| (it.service, (it.id, it.started))).collect())
}

/// Services whose container is not the one that it was, or gone.
pub(super) fn touched(before: &Containers, after: &Containers) -> BTreeSet<String> {
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let other = names.into_iter().filter(|it| before.get(*it) != after.get(*it));
    other.cloned().collect()
}

/// A set of names, to compare with.
pub(super) fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|it| (*it).to_owned()).collect()
}

/// What Compose makes of a release on this host.
fn resolved(release: &Path, words: &[&str]) -> anyhow::Result<String> {
    output(compose(release).args(words))
}

/// `docker compose` as a deploy calls it.
pub(super) fn compose(release: &Path) -> std::process::Command {
    let mut command = program("docker", &["compose", "--ansi", "never", "--progress", "quiet"]);
    command.args(["--project-name", "homelab", "--project-directory", HOUSE]);
    command.args(["--env-file", "/dev/null", "--file"]).arg(release.join("resolved.yaml"));
    command.current_dir(HOUSE);
    command
}

impl DeployScene<'_> {
    /// The folder of the release that runs.
    pub(super) fn current() -> anyhow::Result<std::path::PathBuf> {
        let path = Path::new(HOUSE).join("current");
        fs::canonicalize(&path).with_context(|| format!("there is no {}", path.display()))
    }

    /// The commit of the release that runs.
    pub(super) fn runs() -> anyhow::Result<String> {
        let manifest = fs::read(Self::current()?.join("release.json"))?;
        let manifest: Value = serde_json::from_slice(&manifest)?;
        Ok(manifest["commit"].as_str().context("a release without a commit")?.to_owned())
    }

    /// Fails unless the house works as that commit says, and nothing is lost.
    pub(super) fn is_whole(&self, commit: &str) -> anyhow::Result<String> {
        let runs = Self::runs()?;
        ensure!(runs == commit, "{runs} runs, expected {commit}");
        self.works()
    }

    /// Fails unless the house works as one release says, whichever it is: every container of it
    /// is there, healthy and made from it, no other one is, and no row is lost.
    pub(super) fn works(&self) -> anyhow::Result<String> {
        let containers = health::again(&self.services())?;
        let release = Self::current()?;
        let file = resolved(&release, &["config", "--format", "json"])?;
        let file: Value = serde_json::from_str(&file)?;
        for it in &containers {
            let service = &file["services"][&it.service];
            for (what, is, expected) in [
                ("image", &it.all["Config"]["Image"], &service["image"]),
                (
                    "stamp",
                    &it.all["Config"]["Labels"]["homelab.files"],
                    &service["labels"]["homelab.files"],
                ),
                (
                    "memory",
                    &Value::from(it.all["HostConfig"]["Memory"].to_string()),
                    &service["deploy"]["resources"]["limits"]["memory"],
                ),
            ] {
                if is != expected {
                    bail!("{} has the {what} {is}, the release says {expected}", it.service);
                }
            }
        }
        self.same_files(&release)?;
        let rows = photos::rows_and_files(self.scene).context("something is lost")?;
        Ok(format!("{} healthy, {rows}", containers.len()))
    }

    /// The files that containers mount are those of the release.
    fn same_files(&self, release: &Path) -> anyhow::Result<()> {
        let mut diff = program("diff", &["--recursive", "--brief"]);
        output(diff.arg(release.join("config")).arg(self.scene.house.folder.join("config")))?;
        Ok(())
    }

    /// The services that the chosen profiles switch on.
    pub(super) fn services(&self) -> BTreeSet<String> {
        let profiles: Vec<_> = self.profiles.iter().map(String::as_str).collect();
        self.scene.model.enabled(&profiles)
    }

    /// Chooses the profiles that are on, which the next deploy makes true.
    pub(super) fn choose(&mut self, profiles: &[&str]) -> anyhow::Result<()> {
        self.profiles = profiles.iter().map(|it| (*it).to_owned()).collect();
        self.scene.house.choose(profiles)
    }

    /// Plans, deploys, and compares both with what happened to the containers.
    pub(super) fn deploy(&self) -> anyhow::Result<BTreeSet<String>> {
        let plan = self.remote(&["plan", "--format", "json"])?.ended(0)?.json()?;
        let before = containers()?;
        let deployed = self.remote(&["deploy", "--actor", "e2e", "--format", "json"])?.ended(0)?;
        let happened = touched(&before, &containers()?);
        let planned = planned(&plan)?;
        ensure!(planned == happened, "planned {planned:?}, happened {happened:?}: {plan:#}");
        let changes = plan["changes"] == true;
        ensure!(changes != happened.is_empty(), "it says `changes: {changes}`: {happened:?}");
        let receipt = receipts()?.pop().context("there is no receipt")?;
        let told = receipt["happened"].as_object().context("no `happened` in the receipt")?;
        let told: BTreeSet<_> = told.keys().cloned().collect();
        ensure!(told == happened, "the receipt says {told:?}, happened {happened:?}");
        ensure!(receipt["surprises"] == Value::Array(Vec::new()), "surprises: {receipt:#}");
        ensure!(receipt["actor"] == "e2e", "the receipt's actor: {receipt:#}");
        self.is_whole(&self.checkout.head()?).with_context(|| deployed.all)?;
        Ok(happened)
    }

    /// `homelab status`: nothing differs.
    pub(super) fn no_drift(&self) -> anyhow::Result<Said> {
        self.remote(&["status"])?.ended(0)
    }
}

/// Services to which a plan says that something happens.
fn planned(plan: &Value) -> anyhow::Result<BTreeSet<String>> {
    let services = plan["services"].as_array().context("a plan without services")?;
    let busy = services.iter().filter(|it| it["action"] != "unchanged");
    Ok(busy.filter_map(|it| it["service"].as_str()).map(str::to_owned).collect())
}

/// Every receipt on the host, the oldest first.
pub(super) fn receipts() -> anyhow::Result<Vec<Value>> {
    let path = Path::new(HOUSE).join("state/receipts.jsonl");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let read = |it: &str| serde_json::from_str(it).with_context(|| format!("no receipt: {it}"));
    text.lines().map(read).collect()
}
