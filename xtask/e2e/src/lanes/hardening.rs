//! What a container may not do, tried from inside it while it works.

mod bare;
mod burden;
pub(super) mod privilege;
mod secrets;
mod settings;
mod writes;

use super::Scene;
use crate::docker;
use crate::health;
use crate::report::{LaneEnds, Steps};

pub(super) fn run(scene: &Scene, steps: &mut Steps) -> Result<(), LaneEnds> {
    steps.need("every profile on", || scene.everything_on())?;
    steps.step("every setting is that of the file", || settings::run(scene));
    steps.step("user, capabilities and no-new-privileges of every process", || {
        privilege::run(scene)
    });
    steps.step("a write outside the allowed paths fails", || writes::run(scene));
    steps.step("a secret is read by its readers and nobody else", || secrets::run(scene));
    steps.step("limits are those of the file", || burden::limits(scene));
    steps.step("a fork bomb stops at the PID limit", burden::fork_bombs);
    steps.step("memory beyond the limit kills only in that container", burden::memory);
    steps.step("an image without what it requires ends and says so", || bare::run(scene));
    steps.step("after all this everything is healthy", || {
        let profiles = scene.model.together();
        let containers = health::again(&scene.model.enabled(&profiles))?;
        let restarts: u64 = containers.iter().map(|it| it.restarts).sum();
        Ok(format!("{} containers, {restarts} restarts", docker::containers()?.len()))
    });
    Ok(())
}
