//! Who can read a secret's file.

use anyhow::{Context as _, bail};
use homelab_core::compose::ServiceSecret;

use crate::docker;
use crate::lanes::Scene;

/// A user that no service has.
const NOBODY: &str = "65533:65533";

pub(super) fn run(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project();
    let (mut wrong, mut read, mut refused) = (Vec::new(), 0, 0);
    for container in docker::containers()? {
        let member = project.member(&container.service).context("a foreign container")?;
        let listed = container.attempt_as("0:0", &["ls", "/run/secrets"])?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let mut found: Vec<_> = listed.lines().map(|it| format!("/run/secrets/{it}")).collect();
        found.sort_unstable();
        let mut expected: Vec<_> = member.service.secrets.iter().map(ServiceSecret::path).collect();
        expected.sort_unstable();
        if found != expected {
            wrong.push(format!("{}: has {found:?}, expected {expected:?}", container.service));
        }
        for path in found {
            // By the service itself; its start has read it too, or it would not be healthy.
            if container.exec(&["cat", &path]).is_err() {
                wrong.push(format!("{} cannot read {path}", container.service));
            }
            read += 1;
            if container.attempt_as(NOBODY, &["cat", &path])?.status.success() {
                wrong.push(format!("{}: any user can read {path}", container.service));
            }
            refused += 1;
        }
        let environment = container.all.pointer("/Config/Env").map(ToString::to_string);
        for name in project.file().secrets.keys() {
            let path = scene.house.folder.join("secrets").join(name);
            let value = std::fs::read_to_string(&path)?;
            let value = value.split_whitespace().last().unwrap_or_default();
            if value.len() > 8 && environment.as_ref().is_some_and(|it| it.contains(value)) {
                wrong.push(format!(
                    "{}: the value of {name} is in its environment",
                    container.service
                ));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(format!("read {read} times by its readers, refused {refused} times to another user"))
}
