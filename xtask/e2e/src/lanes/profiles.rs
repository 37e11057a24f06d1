//! Sets of profiles, every one where there are few: each comes up in order, stays, goes away without its data.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::bail;
use homelab_core::model::profile_sets::profile_sets;
use tempfile::NamedTempFile;

use super::Scene;
use crate::docker::{self, Container};
use crate::report::{LaneEnds, Steps};
use crate::run::{output, program};

/// The sets with the last profile or those without, one profile changed at a time, as a household does it.
pub(super) fn run(scene: &Scene, steps: &mut Steps, last: bool) -> Result<(), LaneEnds> {
    let mut profiles = scene.model.switched_on();
    let divides = profiles.last().copied();
    // Those with most services change least.
    profiles.sort_by_key(|it| (Some(*it) == divides, scene.model.enabled(&[*it]).len()));
    let all = in_order_of_changes(&profiles, &scene.model.project().exclusive());
    let (count, possible) = (all.len(), 1_u128 << profiles.len());
    for on in all.into_iter().filter(|set| set.iter().any(|it| Some(*it) == divides) == last) {
        let name = if on.is_empty() { "no profile".to_owned() } else { on.join(" + ") };
        steps.need(&name, || change_to(scene, &on))?;
    }
    steps.need("everything off again: data of every profile is in place", || {
        change_to(scene, &[])?;
        let marks = marks(scene)?.len();
        let tried = if count as u128 == possible {
            "every one was tried"
        } else {
            "any two profiles were tried together and apart"
        };
        Ok(format!(
            "{marks} volumes and folders as they were; of {possible} sets of profiles {tried}"
        ))
    })
}

/// Sets of profiles in the order of Gray's code: where every set is tried, one change at a time, and the
/// first profiles change most.
fn in_order_of_changes<'a>(profiles: &[&'a str], exclusive: &[Vec<&str>]) -> Vec<Vec<&'a str>> {
    let mut sets = profile_sets(profiles, exclusive);
    sets.sort_by_key(|set| {
        let code =
            profiles.iter().rev().fold(0_u64, |code, it| code << 1 | u64::from(set.contains(it)));
        // The rank of a code: each bit with all those above it.
        (0..64).fold(0, |rank, shift| rank ^ code >> shift)
    });
    sets
}

/// Changes to a combination as `docs/runbooks/profiles.md` says, and checks what has to be true.
fn change_to(scene: &Scene, on: &[&str]) -> anyhow::Result<String> {
    let house = &scene.house;
    let expected = scene.model.enabled(on);
    house.choose(on)?;
    let before = docker::containers()?;
    let leaving: Vec<_> =
        before.iter().map(|it| it.service.as_str()).filter(|it| !expected.contains(*it)).collect();
    let data = marks(scene)?;
    if !leaving.is_empty() {
        let mut words = vec!["--profile", "*", "rm", "--stop", "--force"];
        words.extend(&leaving);
        house.compose(&words)?;
    }
    let events = Events::watch()?;
    let containers = house.up(&expected)?;
    kept(&before, &containers, &expected)?;
    in_order(scene, &events.told()?, &before, &containers)?;
    let left = marks(scene)?;
    if let Some(lost) = data.iter().find(|it| !left.contains(it)) {
        bail!("{lost} is gone or was replaced");
    }
    house.compose(&["up", "--detach"])?;
    let again = docker::containers()?;
    kept(&containers, &again, &expected)?;
    if again.len() != containers.len() {
        bail!("a second `up` left {} containers instead of {}", again.len(), containers.len());
    }
    Ok(format!("{} healthy, {} stopped", containers.len(), leaving.len()))
}

/// Containers that are in both are the same ones and were not started anew.
fn kept(before: &[Container], after: &[Container], stay: &BTreeSet<String>) -> anyhow::Result<()> {
    for old in before.iter().filter(|it| stay.contains(&it.service)) {
        let new = after.iter().find(|it| it.service == old.service);
        if !new.is_some_and(|it| it.id == old.id && it.started == old.started) {
            bail!("{} was recreated or restarted, although nothing about it changed", old.service);
        }
    }
    Ok(())
}

/// What the engine does meanwhile. Asked for afterwards it would be too late: the engine keeps the
/// last few hundred events only, and every health probe makes three.
struct Events {
    child: Child,
    file: NamedTempFile,
}

impl Events {
    fn watch() -> anyhow::Result<Self> {
        let file = NamedTempFile::new()?;
        let format = "{{.TimeNano}} {{.Action}} \
                      {{index .Actor.Attributes \"com.docker.compose.service\"}}";
        let mut command = program("docker", &["events", "--filter", "type=container"]);
        command.args(["--filter", "type=network", "--format"]);
        let child = command.arg(format).stdin(Stdio::null()).stdout(file.reopen()?).spawn()?;
        // Until it listens: networks are made and removed until one of them is told.
        crate::run::until(Duration::from_secs(20), || {
            for word in ["create", "rm"] {
                output(&mut program("docker", &["network", word, "homelab-e2e-listening"]))?;
            }
            anyhow::ensure!(file.as_file().metadata()?.len() > 0, "no event yet");
            Ok(())
        })?;
        Ok(Self { child, file })
    }

    fn told(mut self) -> anyhow::Result<String> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(std::fs::read_to_string(self.file.path())?)
    }
}

/// Whoever waits for another one started after that one was healthy.
fn in_order(
    scene: &Scene,
    events: &str,
    before: &[Container],
    after: &[Container],
) -> anyhow::Result<()> {
    let at = |service: &str, action: &str| -> Option<u64> {
        let line = events.lines().find(|it| {
            let rest = it.split_once(' ').map_or("", |it| it.1);
            rest == format!("{action} {service}")
        })?;
        line.split(' ').next()?.parse().ok()
    };
    let project = scene.model.project();
    let new = |name: &str| {
        after.iter().any(|it| it.service == name) && !before.iter().any(|it| it.service == name)
    };
    for member in project.members().filter(|it| new(it.name)) {
        for dependency in member.service.depends_on.keys().filter(|it| new(it)) {
            let (healthy, started) =
                (at(dependency, "health_status: healthy"), at(member.name, "start"));
            match (healthy, started) {
                (Some(healthy), Some(started)) if healthy < started => {}
                (Some(_), Some(_)) => {
                    bail!("{} started before {dependency} was healthy", member.name)
                }
                (None, _) => bail!("the engine did not tell when {dependency} was healthy"),
                (_, None) => bail!("the engine did not tell when {} started", member.name),
            }
        }
    }
    Ok(())
}

/// Files that a container makes once in each of its volumes and folders, with their inodes: in a
/// volume or folder that was replaced they are missing or others.
pub(super) fn marks(scene: &Scene) -> anyhow::Result<Vec<String>> {
    let volumes = scene.world.folder.join("engine/volumes");
    let mut find = program("find", &[]);
    find.arg(&volumes).arg(scene.house.folder.join("data"));
    find.args(["(", "-name", homelab_stand_in::STARTS, "-o", "-name", "PG_VERSION", "-o"]);
    find.args(["-name", "key.pem", "-o", "-name", "root.key", ")", "-printf", "%p %i\n"]);
    let mut marks: Vec<_> = output(&mut find)?.lines().map(str::to_owned).collect();
    marks.sort();
    Ok(marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_set_is_tried_once_one_change_at_a_time() {
        let sets = in_order_of_changes(&["a", "b", "c", "d", "e"], &[]);
        for pair in sets.windows(2) {
            let [before, after] = [0, 1].map(|at| pair[at].iter().collect::<BTreeSet<_>>());
            assert_eq!(before.symmetric_difference(&after).count(), 1, "{pair:?}");
        }
        assert_eq!(sets.iter().collect::<BTreeSet<_>>().len(), 32);
        assert_eq!(sets[0], [""; 0]);
    }
}
