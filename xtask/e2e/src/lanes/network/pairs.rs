//! Every ordered pair of containers, every address, every port of the contract.

use std::collections::BTreeMap;
use std::sync::Mutex;

use anyhow::{Context as _, bail};
use homelab_core::model::project::{Member, Project};
use homelab_core::model::reach;
use homelab_stand_in::probe::{Outcome, Target};

use crate::docker::{self, Container};
use crate::lanes::Scene;

/// Containers that are asked at the same time.
const AT_ONCE: usize = 4;

/// One attempt and what the model says of it.
#[derive(Clone, Debug)]
struct Attempt {
    to: String,
    network: String,
    target: Target,
    predicted: bool,
}

pub(super) fn run(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project_with(&scene.house.dotenv())?;
    let containers: BTreeMap<_, _> =
        docker::containers()?.into_iter().map(|it| (it.service.clone(), it)).collect();
    let members: Vec<_> = project.members().collect();
    let queue = Mutex::new(members.iter());
    let told = Mutex::new((Vec::new(), 0_usize, 0_usize));
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                scope.spawn(|| -> anyhow::Result<()> {
                    loop {
                        let next = queue.lock().ok().and_then(|mut it| it.next());
                        let Some(from) = next else { return Ok(()) };
                        let (wrong, tried, open) = from_one(&project, from, &containers)?;
                        if let Ok(mut told) = told.lock() {
                            told.0.extend(wrong);
                            told.1 += tried;
                            told.2 += open;
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))??;
        }
        Ok(())
    })?;
    let (mut wrong, tried, open) = told.into_inner().unwrap_or_default();
    wrong.extend(silent_differences(&project, &containers)?);
    if !wrong.is_empty() {
        wrong.sort();
        bail!("{} of {tried} differ\n{}", wrong.len(), wrong.join("\n"));
    }
    Ok(format!("{tried} connections tried, {open} open, all as predicted"))
}

/// Tries everything from one container: what differs, how many were tried, how many were open.
fn from_one(
    project: &Project<'_>,
    from: &Member<'_>,
    containers: &BTreeMap<String, Container>,
) -> anyhow::Result<(Vec<String>, usize, usize)> {
    let attempts = attempts(project, from, containers)?;
    let targets: Vec<_> = attempts.iter().map(|it| it.target.clone()).collect();
    let probe = |it: &[Target]| containers[from.name].probe(it);
    let mut outcomes = probe(&targets)?;
    let predicted: Vec<_> = attempts.iter().map(|it| it.predicted).collect();
    again(&mut outcomes, &targets, &predicted, probe)?;
    let mut wrong = Vec::new();
    let mut open = 0;
    for (attempt, outcome) in attempts.iter().zip(&outcomes) {
        open += usize::from(outcome.open);
        if outcome.open == attempt.predicted || is_silent(&attempt.to, &attempt.target) {
            continue;
        }
        let Target { port, protocol, .. } = &attempt.target;
        let word = |it: bool| if it { "open" } else { "closed" };
        wrong.push(format!(
            "{} -> {} {port}/{protocol} via {}: predicted {}, measured {} ({})",
            from.name,
            attempt.to,
            attempt.network,
            word(attempt.predicted),
            word(outcome.open),
            outcome.because
        ));
    }
    Ok((wrong, attempts.len(), open))
}

/// Every address that every other container has, with every port that its contract names.
fn attempts(
    project: &Project<'_>,
    from: &Member<'_>,
    containers: &BTreeMap<String, Container>,
) -> anyhow::Result<Vec<Attempt>> {
    let matrix = reach::matrix(project);
    let mut attempts = Vec::new();
    for to in project.members().filter(|it| it.name != from.name) {
        let container =
            containers.get(to.name).with_context(|| format!("{} does not run", to.name))?;
        let pair = matrix.iter().find(|it| it.from == from.name && it.to == to.name);
        let contract = to.contract().with_context(|| format!("{} has no contract", to.name))?;
        for network in to.service.networks.iter().map(|it| &it.key) {
            let real = project.file().networks.get(network).and_then(|it| it.name.clone());
            let real = real.with_context(|| format!("{network} has no name"))?;
            let address = container.addresses.get(&real);
            let address = address.with_context(|| format!("{} is not on {real}", to.name))?;
            for port in contract.ports.items() {
                attempts.push(Attempt {
                    to: to.name.to_owned(),
                    network: network.clone(),
                    target: Target {
                        host: address.clone(),
                        port: port.number(),
                        protocol: port.protocol().to_string(),
                    },
                    predicted: pair.is_some_and(|it| it.via.contains(network)),
                });
            }
        }
    }
    Ok(attempts)
}

/// Ports that only listen, as Syncthing's discovery: the receiving side of the wire is asked.
pub(super) const SILENT: &[(&str, u16)] = &[("syncthing", 21_027)];

pub(super) fn is_silent(service: &str, target: &Target) -> bool {
    SILENT.contains(&(service, target.port))
}

/// Targets that make a count move, whatever else arrives.
pub(super) fn many(target: &Target) -> Vec<Target> {
    vec![target.clone(); 10]
}

/// Whether so many datagrams came by what `many` sent: three for each, and some get lost.
pub(super) const fn is_moved(count: u64) -> bool {
    count >= 20
}

/// What did not come out as predicted is tried once more: on a busy machine an answer may be late.
pub(super) fn again(
    outcomes: &mut [Outcome],
    targets: &[Target],
    predicted: &[bool],
    probe: impl Fn(&[Target]) -> anyhow::Result<Vec<Outcome>>,
) -> anyhow::Result<()> {
    let odd: Vec<_> =
        (0..targets.len()).filter(|it| outcomes[*it].open != predicted[*it]).collect();
    let some: Vec<_> = odd.iter().map(|it| targets[*it].clone()).collect();
    for (at, outcome) in odd.into_iter().zip(probe(&some)?) {
        outcomes[at] = outcome;
    }
    Ok(())
}

/// Datagrams that the kernel gave to a socket in this container's network.
pub(super) fn datagrams(container: &Container) -> anyhow::Result<u64> {
    let text = container.exec(&["cat", "/proc/net/snmp"])?;
    let numbers = text.lines().filter_map(|it| it.strip_prefix("Udp: ")).nth(1);
    let first = numbers.and_then(|it| it.split(' ').next()).context("no count of datagrams")?;
    Ok(first.parse()?)
}

/// Sends datagrams to who never answers, from one source at a time, and reads its count.
fn silent_differences(
    project: &Project<'_>,
    containers: &BTreeMap<String, Container>,
) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let matrix = reach::matrix(project);
    for name in SILENT.iter().map(|it| it.0).filter(|it| containers.contains_key(*it)) {
        for from in project.members().filter(|it| it.name != name) {
            let predicted = matrix.iter().any(|it| it.from == from.name && it.to == name);
            let attempts = attempts(project, &from, containers)?;
            let targets: Vec<_> = attempts
                .iter()
                .filter(|it| it.to == name && is_silent(name, &it.target))
                .flat_map(|it| many(&it.target))
                .collect();
            let measure = || -> anyhow::Result<u64> {
                let before = datagrams(&containers[name])?;
                containers[from.name].probe(&targets)?;
                Ok(datagrams(&containers[name])? - before)
            };
            let mut came = measure()?;
            // Once more: its own announcements come in bursts, and on a busy machine they meet.
            for _ in 0..2 {
                if is_moved(came) != predicted {
                    came = measure()?;
                }
            }
            if is_moved(came) != predicted {
                wrong.push(format!(
                    "{} -> {name} 21027/udp: predicted {predicted}, {came} datagrams came",
                    from.name
                ));
            }
        }
    }
    Ok(wrong)
}
