//! Deploys that go well: the first one, none, one service, a file, a profile off and on.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Context as _, ensure};

use super::DeployScene;
use super::check::{self, containers, receipts, set};
use super::host::HOUSE;
use crate::docker;
use crate::lanes::photos;
use crate::run::{output, program};

/// How often a deploy without a change and `docker compose up` are measured, in turns.
const ROUNDS: usize = 7;

/// What such a deploy may cost, as a multiple of `docker compose up -d`: of a debug build, which reads
/// YAML slowly, beside five other lanes.
const BUDGET: f64 = 2.0;

/// The same through SSH, whose connections take longer on a machine that is busy with other lanes.
const FAR: f64 = 3.0;

/// Onto an empty host: everything comes from the registry.
pub(super) fn first(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let status = site.remote(&["status"])?;
    ensure!(status.code != Some(0), "`status` of an empty house is content: {}", status.all);
    status.naming("nothing is deployed")?;
    let started = Instant::now();
    let plan = site.remote(&["plan", "--format", "json"])?.ended(0)?.json()?;
    ensure!(containers()?.is_empty(), "a plan made containers");
    let steps = plan["services"].as_array().context("a plan without services")?;
    let created = steps.iter().filter(|it| it["action"] == "created");
    let created: BTreeSet<_> = created.filter_map(|it| it["service"].as_str()).collect();
    let expected = site.services();
    ensure!(created == expected.iter().map(String::as_str).collect(), "planned {created:?}");
    site.remote(&["deploy", "--actor", "e2e"])?.ended(0)?;
    let told = photos::write_rows(site.scene)?;
    site.is_whole(&site.checkout.head()?)?;
    site.no_drift()?;
    output(program("docker", &["compose", "ps", "--quiet", "redis"]).current_dir(HOUSE))?;
    Ok(format!("{} services, {told}, {} s", expected.len(), started.elapsed().as_secs()))
}

/// A deploy of what runs: nothing is touched, and it costs little more than Compose's own look.
pub(super) fn without_change(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let happened = site.deploy()?;
    ensure!(happened.is_empty(), "touched {happened:?}");
    let before = containers()?;
    let release = DeployScene::current()?;
    let (mut compose, mut local, mut remote) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        compose
            .push(timed(|| output(check::compose(&release).args(["up", "--detach"])).map(drop))?);
        local.push(timed(|| site.local(&["deploy"])?.ended(0).map(drop))?);
        remote.push(timed(|| site.remote(&["deploy"])?.ended(0).map(drop))?);
    }
    ensure!(before == containers()?, "a container was touched");
    let (compose, local, remote) = (median(compose), median(local), median(remote));
    let (ratio, far) = (local / compose, remote / compose);
    let said = format!(
        "medians of {ROUNDS}: `docker compose up -d` {compose:.2} s, deploy on the host {local:.2} s \
         ({ratio:.2} times), over SSH {remote:.2} s ({far:.2} times)"
    );
    ensure!(ratio <= BUDGET, "more than {BUDGET} times: {said}");
    ensure!(far <= FAR, "more than {FAR} times over SSH: {said}");
    Ok(said)
}

fn timed(what: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let started = Instant::now();
    what()?;
    Ok(started.elapsed().as_secs_f64())
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// Another limit and another network for one service: only it gets a new container, and the network goes
/// with the release.
pub(super) fn one_service(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let text = site.checkout.read("compose.yaml")?;
    // As in a house whose networks were cut otherwise.
    let older =
        text.replacen("\nnetworks:\n", "\nnetworks:\n  older:\n    name: homelab_older\n", 1);
    site.checkout.write("compose.yaml", &older)?;
    site.checkout.set_line("homer", "- caddy.homer", "- caddy.homer\n      - older")?;
    site.checkout.set_memory_limit("homer", "72M")?;
    let started = Instant::now();
    site.checkout.commit("homer: more memory")?;
    site.remote(&["deploy", "--actor", "e2e"])?.ended(0)?;
    let homer = docker::of("homer")?;
    let seconds = started.elapsed().as_secs_f64();
    ensure!(homer.health == "healthy", "homer is {}: {}", homer.health, homer.last_probe());
    site.is_whole(&site.checkout.head()?)?;
    let networks = || output(&mut program("docker", &["network", "ls", "--format", "{{.Name}}"]));
    ensure!(networks()?.contains("homelab_older\n"), "the network was not made");
    site.checkout.write("compose.yaml", &text)?;
    site.checkout.commit("homer: as before")?;
    let happened = site.deploy()?;
    ensure!(happened == set(&["homer"]), "touched {happened:?}");
    ensure!(!networks()?.contains("homelab_older\n"), "its old network is still there");
    Ok(format!("{seconds:.1} s from the commit to healthy, nobody else touched"))
}

/// A configuration file changes: whoever mounts it gets a new container, with the new text in it.
pub(super) fn config_file(site: &DeployScene<'_>) -> anyhow::Result<String> {
    site.checkout.append("config/homer/config.yml", "# changed by the suite")?;
    site.checkout.commit("homer: a remark")?;
    let happened = site.deploy()?;
    ensure!(happened == set(&["homer"]), "touched {happened:?}");
    let text = docker::of("homer")?.exec(&["cat", "/www/assets/config.yml"])?;
    ensure!(text.ends_with("# changed by the suite\n"), "the container reads: {text}");
    Ok("homer, which mounts it, and nobody else".to_owned())
}

/// Another image for one service, by tag and digest.
pub(super) fn other_image(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let old = docker::of("homer")?.all["Config"]["Image"].clone();
    let reference = site.publish("homer", "2", &["LABEL version=2"])?;
    site.checkout.set_line("homer", "image: ", &format!("image: \"{reference}\""))?;
    site.checkout.commit("homer: 2")?;
    let happened = site.deploy()?;
    ensure!(happened == set(&["homer"]), "touched {happened:?}");
    let receipt = receipts()?.pop().context("no receipt")?;
    let told = &receipt["images"]["homer"];
    ensure!(told[0] == old && told[1] == reference.as_str(), "the receipt says {told}");
    Ok(format!("{old} to {reference}"))
}

/// A profile is switched off: its containers go, its data stays; on again, it is there.
pub(super) fn profile_off_and_on(site: &mut DeployScene<'_>) -> anyhow::Result<String> {
    let on = site.services();
    site.choose(&[])?;
    let photos: BTreeSet<_> = on.difference(&site.services()).cloned().collect();
    let plan = site.remote(&["plan", "--format", "json"])?.ended(0)?.json()?;
    let before = containers()?;
    site.remote(&["deploy", "--actor", "e2e"])?.ended(0)?;
    let after = containers()?;
    let gone: BTreeSet<_> = before.keys().filter(|it| !after.contains_key(*it)).cloned().collect();
    ensure!(gone == photos, "gone {gone:?}, expected {photos:?}");
    ensure!(check::touched(&before, &after) == photos, "others were touched");
    for service in &photos {
        let steps = plan["services"].as_array().context("no services")?;
        let step = steps.iter().find(|it| it["service"] == service.as_str());
        ensure!(step.is_some_and(|it| it["action"] == "stopped"), "{service}: {step:?}");
    }
    site.no_drift()?;
    let volumes = output(&mut program("docker", &["volume", "ls", "--quiet"]))?;
    for name in ["homelab_postgres", "homelab_redis", "homelab_immich-models"] {
        ensure!(volumes.lines().any(|it| it == name), "the volume {name} is gone");
    }
    site.choose(&["photos"])?;
    let happened = site.deploy()?;
    ensure!(happened == photos, "touched {happened:?}");
    Ok(format!("{} containers gone and back, nothing lost", photos.len()))
}
