//! What the images do, next to what is claimed of them: the table claim by claim, and `observed.json`.
//!
//! With `--images real` these are the pinned images, and no claim may be contradicted. Otherwise they
//! are stand-ins under the names of the real ones, pulled by digest from a registry of the lane's own;
//! some break their contract, and exactly what they break must be named.

mod asked;
mod capabilities;
mod kernel;
pub(super) mod registry;
mod seen;
mod table;
mod writable;

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::Context as _;
use homelab_core::dsl::contract::observed::Observed;
use homelab_core::model::project::split_image;

use self::asked::Asked;
use self::seen::Seen;
use super::Scene;
use crate::docker;
use crate::images::{Source, broken};
use crate::report::{LaneEnds, Steps};
use crate::run::{output, program};

/// The file with what was observed, in the slot and then next to the suite's report.
pub(crate) const OBSERVED: &str = "observed.json";

/// How long everything rests before it is measured: long enough for a program's first round of work.
const fn rest(source: Source) -> Duration {
    match source {
        Source::StandIns => Duration::from_secs(5),
        Source::Real => Duration::from_secs(90),
    }
}

pub(super) fn run(scene: &Scene, source: Source, steps: &mut Steps) -> Result<(), LaneEnds> {
    let asked = Asked::watch(&scene.world);
    steps.need("every profile on, with the file as it is", || scene.everything_on())?;
    let mut seen = BTreeMap::new();
    steps.need("what they do at rest", || {
        std::thread::sleep(rest(source));
        seen = seen::at_rest(scene)?;
        let names = asked.told(&scene.model)?;
        let count: usize = names.values().map(std::collections::BTreeSet::len).sum();
        for (service, names) in names {
            seen.entry(service).or_insert_with(Seen::default).names = names;
        }
        Ok(format!("{} containers, {count} names asked", seen.len()))
    })?;
    steps.need("what they write where they can, and what they ask of the engine", || {
        writable::run(scene, source, &mut seen)
    })?;
    steps.need("which capabilities they need", || capabilities::run(scene, source, &mut seen))?;
    steps.step("what is claimed of them", || {
        let project = scene.model.project_with(&scene.house.dotenv())?;
        let observed = Observed { images: seen::by_image(&seen) };
        fs::write(scene.world.folder.join(OBSERVED), observed.text())?;
        let rows = table::rows(&project, &seen)?;
        let expected = match source {
            Source::StandIns => broken::BROKEN,
            Source::Real => &[],
        };
        let ours = expected.iter().copied().filter(|it| project.member(it.0).is_some());
        table::judge(&rows, &ours.collect::<Vec<_>>())
    });
    Ok(())
}

/// Pulls every image of the house by its digest, and nothing else is there.
pub(super) fn pull(scene: &Scene) -> anyhow::Result<String> {
    let house = &scene.house;
    house.compose(&["--profile", "*", "pull", "--quiet"])?;
    let listed = house.compose(&["--profile", "*", "config", "--images"])?;
    for image in listed.lines() {
        let digest = split_image(image).digest.with_context(|| format!("{image} has no digest"))?;
        let words = ["image", "inspect", "--format", "{{json .RepoDigests}}", image];
        let has = output(&mut program("docker", &words))?;
        anyhow::ensure!(has.contains(digest), "{image} was pulled with the digests {has}");
    }
    Ok(format!("{} images on Docker Engine {}", listed.lines().count(), docker::engine_version()?))
}
