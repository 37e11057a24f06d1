//! What somebody changes by hand on the host: `homelab status` says so, and a deploy heals it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

use super::DeployScene;
use super::check;
use super::host::{FOLDER, HOUSE};
use crate::docker;
use crate::run::{output, program};

impl DeployScene<'_> {
    /// `homelab status` finds it and names it, for people and programs; then whatever heals it does.
    fn drifts(
        &self,
        named: &[&str],
        heal: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<String> {
        let mut said = self.remote(&["status"])?.ended(1)?;
        for name in named {
            said = said.naming(name)?;
        }
        let json = self.remote(&["status", "--format", "json"])?.ended(1)?;
        let text = json.json()?.to_string();
        ensure!(text.contains(named[0]), "the JSON does not name `{}`: {text}", named[0]);
        heal()?;
        self.no_drift().context("after it was healed")?;
        self.is_whole(&self.checkout.head()?)?;
        let line = said.all.lines().find(|it| it.contains(named[0])).unwrap_or_default();
        Ok(line.trim().to_owned())
    }

    fn heals(&self) -> anyhow::Result<()> {
        self.deploy().map(drop)
    }

    /// Makes a service anew by hand, with another setting.
    fn by_hand(service: &str, settings: &str) -> anyhow::Result<()> {
        let file = Path::new(FOLDER).join("by-hand.yaml");
        fs::write(&file, format!("services:\n  {service}:\n    {settings}\n"))?;
        let mut compose = check::compose(&DeployScene::current()?);
        compose.arg("--file").arg(file).args(["up", "--detach", "--no-deps", service]);
        output(&mut compose).map(drop)
    }
}

/// Somebody's container in the project of the house.
pub(super) fn foreign(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let image = docker::of("homer")?.all["Config"]["Image"].as_str().unwrap_or_default().to_owned();
    let words = [
        "run",
        "--detach",
        "--name",
        "somebodys",
        "--label",
        "com.docker.compose.project=homelab",
        "--label",
        "com.docker.compose.service=somebodys",
        &image,
    ];
    output(&mut program("docker", &words))?;
    site.drifts(&["somebodys"], || {
        output(&mut program("docker", &["rm", "--force", "somebodys"])).map(drop)
    })
}

/// A container is gone.
pub(super) fn missing(site: &DeployScene<'_>) -> anyhow::Result<String> {
    output(&mut program("docker", &["rm", "--force", &docker::of("homer")?.id]))?;
    site.drifts(&["homer"], || site.heals())
}

/// A service is stopped.
pub(super) fn stopped(site: &DeployScene<'_>) -> anyhow::Result<String> {
    output(&mut program("docker", &["stop", &docker::of("homer")?.id]))?;
    site.drifts(&["homer"], || site.heals())
}

/// A container has another environment, and every label that it should have.
pub(super) fn environment(site: &DeployScene<'_>) -> anyhow::Result<String> {
    DeployScene::by_hand("homer", "environment: { INIT_ASSETS: \"1\" }")?;
    site.drifts(&["homer", "INIT_ASSETS"], || site.heals())
}

/// A container publishes a port more.
pub(super) fn port(site: &DeployScene<'_>) -> anyhow::Result<String> {
    DeployScene::by_hand("homer", "ports: [\"8099:8080\"]")?;
    site.drifts(&["homer", "8099"], || site.heals())
}

/// A container mounts a folder more.
pub(super) fn mount(site: &DeployScene<'_>) -> anyhow::Result<String> {
    DeployScene::by_hand("homer", "volumes: [\"/srv:/looked-into:ro\"]")?;
    site.drifts(&["homer", "/looked-into"], || site.heals())
}

/// A container runs another image.
pub(super) fn digest(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let reference = site.publish("homer", "by-hand", &["LABEL version=by-hand"])?;
    DeployScene::by_hand("homer", &format!("image: \"{reference}\""))?;
    let digest = reference.rsplit("sha256:").next().unwrap_or_default();
    site.drifts(&["homer", &digest[..12]], || site.heals())
}

/// A configuration file that containers mount was edited on the host.
pub(super) fn file(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let path = Path::new(HOUSE).join("config/homer/config.yml");
    let text = fs::read_to_string(&path)?;
    fs::write(&path, text + "# by hand\n")?;
    site.drifts(&["config/homer/config.yml"], || site.heals())
}

/// The release's own file was edited on the host.
pub(super) fn release(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let path = DeployScene::current()?.join("compose.yaml");
    let text = fs::read_to_string(&path)?;
    fs::write(&path, text.replace("INIT_ASSETS: \"0\"", "INIT_ASSETS: \"1\""))?;
    site.drifts(&["compose.yaml"], || {
        // It was not deployed like that: the commit's file comes back, and no container is touched.
        let before = check::containers()?;
        site.remote(&["deploy", "--actor", "e2e"])?.ended(0)?;
        ensure!(before == check::containers()?, "a container was touched");
        Ok(())
    })
}

/// A profile was switched off in `.env`, and its containers still run.
pub(super) fn zombies(site: &mut DeployScene<'_>) -> anyhow::Result<String> {
    site.choose(&[])?;
    let said = site.remote(&["status"])?.ended(1)?.naming("immich-server")?.naming("photos");
    site.choose(&["photos"])?;
    said?;
    site.no_drift()?;
    site.works()
}
