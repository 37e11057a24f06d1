//! Deploys: through a real SSH server, from a real registry, onto a real engine.

mod checkout;
mod client;
pub(crate) mod host;
mod registry;

use self::checkout::Checkout;
use self::host::Door;
use self::registry::Registry;
use super::Scene;
use crate::report::{LaneEnds, Steps};
use crate::suite::Prepared;

/// What deploys need besides the host.
#[derive(Debug)]
pub(crate) struct Site<'a> {
    pub(crate) scene: &'a mut Scene,
    registry: Registry,
    door: Door,
    checkout: Checkout,
}

impl<'a> Site<'a> {
    fn open(scene: &'a mut Scene, prepared: &Prepared) -> anyhow::Result<Self> {
        let slot = scene.world.folder.clone();
        let registry = Registry::start(&slot)?;
        let images = registry.fill(&prepared.images)?;
        let door = Door::open(&slot)?;
        let checkout = Checkout::make(&prepared.repository, &slot.join("checkout"), &images)?;
        Ok(Self { scene, registry, door, checkout })
    }
}

pub(super) fn run(
    scene: &mut Scene,
    prepared: &Prepared,
    steps: &mut Steps,
) -> Result<(), LaneEnds> {
    let mut opened = None;
    steps.need("a registry with the images, an SSH server, a clone of the repository", || {
        let site = Site::open(scene, prepared)?;
        let said = format!("{} images", prepared.images.references.len());
        opened = Some(site);
        Ok(said)
    })?;
    let Some(site) = opened else { return Err(LaneEnds) };
    steps.step("the key", || {
        let said: client::Said = crate::run::attempt(&mut site.ssh("deploy", &["status"]))?.into();
        Ok(format!("{said:?}"))
    });
    Ok(())
}
