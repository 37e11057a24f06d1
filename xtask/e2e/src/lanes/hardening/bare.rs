//! Images started without their variables: they must not pretend.

use anyhow::{Context as _, bail};

use crate::docker;
use crate::lanes::Scene;
use crate::run::{self, program};

/// Starts each image that requires something with nothing at all.
pub(super) fn run(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project();
    let mut told = 0;
    for container in docker::containers()? {
        let member = project.member(&container.service).context("a foreign container")?;
        let requires = member.contract().map_or(&[][..], |it| it.requires.items());
        let Some(first) = requires.first() else { continue };
        let image = container.all.pointer("/Config/Image").and_then(|it| it.as_str());
        let words = ["run", "--rm", "--network", "none", image.context("no image")?];
        let said = run::attempt(&mut program("docker", &words))?;
        let text = run::both(&said);
        if said.status.success() || !text.contains(first) {
            bail!("{}: {} without {first}: {text}", container.service, said.status);
        }
        told += 1;
    }
    if told == 0 {
        bail!("no image requires anything");
    }
    Ok(format!("{told} images"))
}
