//! Every setting of the file that a container could lose or gain, as the engine has it.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, anyhow, bail};
use homelab_core::compose::dotenv;
use homelab_core::compose::{File, Service};
use homelab_core::release::diff;
use homelab_core::release::observe::{self, Inspected};
use homelab_core::release::resolve::{self, Setting};
use serde_json::Value;

use crate::docker::{self, Container};
use crate::lanes::Scene;
use crate::run::{output, program};

type Set = BTreeSet<String>;

/// Compares `docker inspect` with the resolved file, field by field.
pub(super) fn run(scene: &Scene) -> anyhow::Result<String> {
    let file = resolved(scene)?;
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for container in docker::containers()? {
        let name = &container.service;
        let mut wanted = file.services.get(name).context("a foreign container")?.clone();
        // The stand-in; that nothing else differs is the first step of the lane `network`.
        wanted.image =
            container.all.pointer("/Config/Image").and_then(Value::as_str).map(str::to_owned);
        let id = observe::image_id(&container.all).context("a container without an image")?;
        let images = output(&mut program("docker", &["image", "inspect", id]))?;
        let images: Value = serde_json::from_str(&images)?;
        let inspected = Inspected { container: &container.all, image: images.get(0) };
        let found = observe::service(&inspected, Some(&wanted), &file);
        wrong.extend(diff::service(&found, &wanted).iter().map(|it| format!("{name}: {it}")));
        let (first, awaited) = (waits(&wanted), waited(&container));
        if first != awaited {
            wrong.push(format!("{name}: waits for {awaited:?}, expected {first:?}"));
        }
        compared += wanted.strings().len();
    }
    if !wrong.is_empty() {
        bail!("from what runs to what the file says:\n{}", wrong.join("\n"));
    }
    Ok(format!("{compared} settings"))
}

/// The house's file as the engine should have got it.
fn resolved(scene: &Scene) -> anyhow::Result<File> {
    let values = dotenv::parse(&fs::read_to_string(scene.house.dotenv())?).entries;
    let folder = &scene.house.folder;
    let setting = Setting {
        values: &values.into_iter().map(|(name, it)| (name, it.value)).collect(),
        profiles: &scene.model.together(),
        folder: &folder.to_string_lossy(),
        read: &|it| fs::read_to_string(folder.join(it)).ok(),
    };
    resolve::resolve(scene.model.project().file(), &setting).map_err(|it| anyhow!(it))
}

/// Whom it waits for: the condition is what Compose keeps in its label.
fn waits(service: &Service) -> Set {
    let condition = |it: &homelab_core::compose::Dependency| {
        serde_json::to_value(it.condition).ok().and_then(|it| Some(it.as_str()?.to_owned()))
    };
    let all = service.depends_on.iter();
    all.map(|(name, it)| format!("{name}:{}", condition(it).unwrap_or_default())).collect()
}

fn waited(container: &Container) -> Set {
    let label = "/Config/Labels/com.docker.compose.depends_on";
    let text = container.all.pointer(label).and_then(Value::as_str).unwrap_or_default();
    // `name:condition:restart`
    let pair = |it: &str| it.rsplit_once(':').map(|it| it.0.to_owned());
    text.split(',').filter_map(pair).collect()
}
