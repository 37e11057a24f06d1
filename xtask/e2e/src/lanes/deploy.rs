//! Deploys: through a real SSH server, from a real registry, onto a real engine.

mod back;
mod bad;
mod check;
mod checkout;
mod client;
mod drift;
mod good;
pub(crate) mod host;
mod key;
mod kills;
mod migration;
mod registry;

use anyhow::Context as _;

use self::checkout::Checkout;
use self::host::Door;
use self::kills::Whom;
use self::registry::{Changes, Registry};
use super::Scene;
use crate::report::{LaneEnds, Steps};
use crate::suite::Prepared;

/// What deploys need besides the host.
#[derive(Debug)]
struct DeployScene<'a> {
    scene: &'a mut Scene,
    registry: Registry,
    door: Door,
    checkout: Checkout,
    /// Service and stand-in, as the registry has them.
    stand_ins: Vec<(String, String)>,
    /// Profiles that are on.
    profiles: Vec<String>,
}

impl<'a> DeployScene<'a> {
    fn open(scene: &'a mut Scene, prepared: &Prepared) -> anyhow::Result<Self> {
        let slot = scene.world.folder.clone();
        let stand_ins = prepared.images.published.clone();
        let registry = Registry::start(&slot, &prepared.images)?;
        let door = Door::open(&slot)?;
        let checkout = Checkout::make(&prepared.repository, &slot.join("checkout"), &stand_ins)?;
        let mut site = Self { scene, registry, door, checkout, stand_ins, profiles: Vec::new() };
        site.choose(&["photos"])?;
        Ok(site)
    }

    /// Sends another image of a service to the registry; its reference.
    fn publish(&self, service: &str, tag: &str, changes: Changes<'_>) -> anyhow::Result<String> {
        let stand_in = self.stand_ins.iter().find(|it| it.0 == service);
        let (_, from) = stand_in.with_context(|| format!("{service} has no stand-in"))?;
        registry::publish(service, from, tag, changes)
    }
}

/// The host, the registry, the clone, and a first deploy.
fn begin<'a>(
    scene: &'a mut Scene,
    prepared: &Prepared,
    steps: &mut Steps,
) -> Result<DeployScene<'a>, LaneEnds> {
    let mut opened = None;
    steps.need("a registry with the images, an SSH server, a clone of the repository", || {
        opened = Some(DeployScene::open(scene, prepared)?);
        Ok(format!("{} images", prepared.images.published.len()))
    })?;
    let Some(site) = opened else { return Err(LaneEnds) };
    steps.need("first deploy, onto an empty host", || good::first(&site))?;
    Ok(site)
}

/// Deploys, ways back, drift, and what the key may do.
pub(super) fn run(
    scene: &mut Scene,
    prepared: &Prepared,
    steps: &mut Steps,
) -> Result<(), LaneEnds> {
    let mut site = begin(scene, prepared, steps)?;
    steps.step("a deploy of what runs touches nothing and costs no more than allowed", || {
        good::without_change(&site)
    });
    steps.step("one service changes", || good::one_service(&site));
    steps.step("a configuration file changes", || good::config_file(&site));
    steps.step("another image", || good::other_image(&site));
    steps.step("the key does its verbs and no other", || key::only_verbs(&site));
    steps.step("the key opens nothing else", || key::nothing_else(&site));
    steps.step("the user of deploys is an ordinary one", key::ordinary_user);
    steps.step("another host answers", || key::wrong_host_key(&site));
    steps.step("a profile is switched off, and on again", || good::profile_off_and_on(&mut site));
    steps.step("rollback to the release before", || back::to_the_one_before(&site));
    steps.step("rollback across a change of the database", || back::across_the_database(&site));
    steps.step("drift: a foreign container", || drift::foreign(&site));
    steps.step("drift: a missing container", || drift::missing(&site));
    steps.step("drift: a stopped service", || drift::stopped(&site));
    steps.step("drift: another environment", || drift::environment(&site));
    steps.step("drift: another port", || drift::port(&site));
    steps.step("drift: another mount", || drift::mount(&site));
    steps.step("drift: another image", || drift::digest(&site));
    steps.step("drift: an edited file that is mounted", || drift::file(&site));
    steps.step("drift: an edited release", || drift::release(&site));
    steps.step("drift: zombies of a profile that is off", || drift::zombies(&mut site));
    steps.step("old releases and images go, those to go back to stay", || back::kept(&site));
    Ok(())
}

/// Deploys that fail or are cut off: each leaves a working house and not one lost row.
pub(super) fn faults(
    scene: &mut Scene,
    prepared: &Prepared,
    steps: &mut Steps,
) -> Result<(), LaneEnds> {
    let mut site = begin(scene, prepared, steps)?;
    steps.step("a container that never gets healthy", || bad::never_healthy(&site));
    steps.step("an image that cannot be pulled", || bad::cannot_be_pulled(&site));
    steps.step("the registry is away", || bad::no_registry(&mut site));
    steps.step("a file that Compose does not take", || bad::not_a_release(&site));
    steps.step("a secret is missing on the host", || bad::no_secret(&site));
    steps.step("a full disk", || bad::full_disk(&site));
    steps.step("a bundle that was cut, changed or made to harm", || bad::tampered(&site));
    steps.step("two deploys at once", || kills::two_at_once(&site));
    steps.step("the connection is lost", || kills::lost_connection(&site));
    steps.step("the power fails", || kills::power(&mut site));
    Ok(())
}

/// Migrations: one that takes long, one that a deploy leaves behind, one that fails.
pub(super) fn migrations(
    scene: &mut Scene,
    prepared: &Prepared,
    steps: &mut Steps,
) -> Result<(), LaneEnds> {
    let site = begin(scene, prepared, steps)?;
    steps.need("the house's contracts are those of the registry's images", || {
        migration::adopt(&site)
    })?;
    steps.step("a migration that takes longer than a route may", || migration::long(&site));
    steps.step(
        "what would stop a migration is refused, and a release that mends the rest waits",
        || migration::left_behind(&site),
    );
    steps.step("a migration that fails halfway", || migration::fails(&site));
    Ok(())
}

/// `kill -9` at a sample of the calls that a deploy makes.
pub(super) fn kills(
    scene: &mut Scene,
    prepared: &Prepared,
    steps: &mut Steps,
) -> Result<(), LaneEnds> {
    let site = begin(scene, prepared, steps)?;
    for whom in [Whom::Caller, Whom::Everybody] {
        steps.step(&format!("kill -9 at a sample of calls: {}", whom.name()), || {
            kills::at_some_calls(&site, whom)
        });
    }
    Ok(())
}
