//! The lanes: what is tried, grouped by what can share a host.

mod deploy;
mod faults;
mod hardening;
mod network;
mod observe;
mod photos;
mod profiles;

pub(crate) use self::observe::OBSERVED;
use std::collections::BTreeSet;
use std::net::TcpStream;
use std::path::Path;

use anyhow::Context as _;
use clap::ValueEnum;

use crate::docker;
use crate::engine::Engine;
use crate::house::House;
use crate::images::Source;
use crate::model::Model;
use crate::report::{self, Event, LaneEnds, Steps};
use crate::root::{self, Shared};
use crate::run::{output, program};
use crate::suite::Prepared;
use crate::way_out;
use crate::world::World;

/// A group of steps with a host of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lane {
    /// Combinations of profiles without the last profile
    ProfilesA,
    /// Combinations of profiles with the last profile
    ProfilesB,
    /// Reachability, socket proxies and routes
    Network,
    /// Read-only roots, capabilities, limits, secrets
    Hardening,
    /// What images do, compared with what is claimed of them
    Observe,
    /// Immich with its database and dumps, a slow database, a wrong secret
    Photos,
    /// Killed services, a restarted engine, a full disk
    Faults,
    /// Plans, deploys, rollbacks and drift, over SSH and from a registry
    Deploy,
    /// Deploys that fail or are cut off
    DeployFaults,
    /// Deploys that are killed at every step
    DeployKills,
    /// Deploys of an image that migrates its data for a while
    Migration,
    /// `network` on Docker Engine 20.10
    #[value(name = "network-20")]
    Network20,
    /// `deploy` on Docker Engine 20.10
    #[value(name = "deploy-20")]
    Deploy20,
}

impl Lane {
    /// In the order in which they begin: the longest come first, so that none is left alone at the end.
    pub(crate) const ALL: [Self; 13] = [
        Self::Deploy20,
        Self::Deploy,
        Self::Photos,
        Self::DeployKills,
        Self::Faults,
        Self::Network20,
        Self::Network,
        Self::DeployFaults,
        Self::Migration,
        Self::ProfilesA,
        Self::ProfilesB,
        Self::Hardening,
        Self::Observe,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ProfilesA => "profiles-a",
            Self::ProfilesB => "profiles-b",
            Self::Network => "network",
            Self::Hardening => "hardening",
            Self::Observe => "observe",
            Self::Photos => "photos",
            Self::Faults => "faults",
            Self::Deploy => "deploy",
            Self::DeployFaults => "deploy-faults",
            Self::DeployKills => "deploy-kills",
            Self::Migration => "migration",
            Self::Network20 => "network-20",
            Self::Deploy20 => "deploy-20",
        }
    }

    /// Services that its steps are about: in a house without one of them it is left out.
    const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::ProfilesA | Self::ProfilesB | Self::Hardening | Self::Observe => &[],
            Self::Network | Self::Network20 => {
                &["caddy", "filebrowser", "homer", "netdata", "syncthing", "watchtower"]
            }
            Self::Photos => &["immich-server", "pgbackups", "postgres", "redis"],
            Self::Faults => &["caddy", "immich-server", "pgbackups", "postgres", "syncthing"],
            Self::Migration => {
                &["caddy", "homer", "immich-server", "jellyfin", "pgbackups", "postgres", "redis"]
            }
            Self::Deploy | Self::DeployFaults | Self::DeployKills | Self::Deploy20 => {
                &["caddy", "homer", "immich-server", "pgbackups", "postgres", "redis"]
            }
        }
    }

    /// What it needs and these services lack.
    pub(crate) fn lacks(self, services: &BTreeSet<String>) -> Option<&'static str> {
        self.needs().iter().copied().find(|it| !services.contains(*it))
    }

    /// Whether it can run such images: with real ones those that run nothing inside of them.
    pub(crate) const fn takes(self, source: Source) -> bool {
        match source {
            Source::StandIns => true,
            Source::Real => matches!(self, Self::ProfilesA | Self::ProfilesB | Self::Observe),
        }
    }

    /// Whether its house is one that deploys go to.
    const fn is_deployed_to(self) -> bool {
        matches!(
            self,
            Self::Deploy
                | Self::DeployFaults
                | Self::DeployKills
                | Self::Migration
                | Self::Deploy20
        )
    }

    /// The engine that it runs on if nobody says another one. Those that are there twice measure
    /// where engines differ most: what a neighbour reaches, and what Compose makes them do.
    pub(crate) const fn engine(self) -> Engine {
        match self {
            Self::Network20 | Self::Deploy20 => Engine::V20,
            Self::ProfilesA
            | Self::ProfilesB
            | Self::Network
            | Self::Hardening
            | Self::Observe
            | Self::Photos
            | Self::Faults
            | Self::Deploy
            | Self::DeployFaults
            | Self::DeployKills
            | Self::Migration => Engine::V28,
        }
    }
}

/// What the steps of a lane work with.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) model: Model,
    pub(crate) world: World,
    pub(crate) house: House,
}

impl Scene {
    /// Switches every profile on and waits until everything is healthy.
    pub(crate) fn everything_on(&self) -> anyhow::Result<String> {
        let profiles = self.model.together();
        self.house.choose(&profiles)?;
        let containers = self.house.up(&self.model.enabled(&profiles))?;
        Ok(format!("{} containers healthy", containers.len()))
    }
}

/// Runs a lane as the first process of its namespaces.
pub(crate) fn run(
    lane: Lane,
    engine: Engine,
    slot: &Path,
    prepared: &Path,
) -> anyhow::Result<bool> {
    end_with_the_suite();
    let prepared = std::fs::read(prepared).context("cannot read what the suite prepared")?;
    let prepared: Prepared = serde_json::from_slice(&prepared)?;
    let mut steps = Steps::new(lane.name());
    let mut scene = None;
    let opened = steps.need("a host with an engine, and what `homelab init` makes", || {
        let Prepared { repository, homelab, images, caddy, .. } = &prepared;
        let shared = Shared { repository, slot, programs: &[caddy] };
        root::enter(prepared.root(engine)?, &shared)?;
        let pulls = prepared.source == Source::Real || lane == Lane::Observe;
        let socket = way_out::socket(slot);
        let loaded = (!lane.is_deployed_to() && !pulls).then_some(images);
        let world = World::open(slot, &prepared.stand_in, loaded, pulls.then_some(&*socket))?;
        engine.expect(&docker::engine_version()?)?;
        let house = if lane.is_deployed_to() {
            deploy::host::furnish(slot, homelab)?;
            House::await_deploys(Path::new(deploy::host::HOUSE), homelab)?
        } else {
            let images = match (prepared.source, lane) {
                (Source::Real, _) => &[][..],
                (Source::StandIns, Lane::Observe) => {
                    way_out::tunnel(&socket, |_| TcpStream::connect(observe::registry::ADDRESS))?;
                    observe::registry::start(slot, images)?;
                    &images.observed
                }
                (Source::StandIns, _) => &images.references,
            };
            House::set_up(repository, &slot.join("house"), homelab, images, prepared.source)?
        };
        let described = described()?;
        scene = Some(Scene { model: Model::new(), world, house });
        Ok(described)
    });
    let clean = opened.is_ok();
    let pulls = prepared.source == Source::Real || lane == Lane::Observe;
    let opened = opened.and_then(|()| match &scene {
        Some(scene) if pulls => {
            steps.need("every image, pulled by its digest", || observe::pull(scene))
        }
        _ => Ok(()),
    });
    if let (Ok(()), Some(mut scene)) = (opened, scene) {
        let ended = match lane {
            Lane::ProfilesA => profiles::run(&scene, &mut steps, false),
            Lane::ProfilesB => profiles::run(&scene, &mut steps, true),
            Lane::Network | Lane::Network20 => network::run(&scene, &mut steps),
            Lane::Hardening => hardening::run(&scene, &mut steps),
            Lane::Observe => observe::run(&scene, prepared.source, &mut steps),
            Lane::Photos => photos::run(&scene, &mut steps),
            Lane::Faults => faults::run(&mut scene, &mut steps),
            Lane::Deploy | Lane::Deploy20 => deploy::run(&mut scene, &prepared, &mut steps),
            Lane::DeployFaults => deploy::faults(&mut scene, &prepared, &mut steps),
            Lane::DeployKills => deploy::kills(&mut scene, &prepared, &mut steps),
            Lane::Migration => deploy::migrations(&mut scene, &prepared, &mut steps),
        };
        if let Err(LaneEnds) = ended {
            steps.rest_not_run();
        }
    } else {
        steps.rest_not_run();
    }
    report::emit(&Event::Finished { clean });
    Ok(!steps.failed())
}

/// Engine and Compose, for the report.
fn described() -> anyhow::Result<String> {
    let engine = docker::engine_version()?;
    let compose = output(&mut program("docker", &["compose", "version", "--short"]))?;
    Ok(format!("Docker Engine {engine}, Compose {}", compose.trim()))
}

/// Ends this process, and with it everything in its namespaces, when the suite has gone away.
fn end_with_the_suite() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        #[expect(clippy::exit, reason = "the kernel then ends every other process of the lane")]
        std::process::exit(1);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_left_out_where_a_service_that_it_is_about_is_missing() {
        let mut services: BTreeSet<_> =
            Lane::ALL.iter().flat_map(|it| it.needs()).map(|it| (*it).to_owned()).collect();
        assert!(Lane::ALL.iter().all(|it| it.lacks(&services).is_none()));
        services.remove("postgres");
        let left_out = Lane::ALL.iter().filter(|it| it.lacks(&services) == Some("postgres"));
        assert!(left_out.clone().any(|it| *it == Lane::Photos));
        assert!(left_out.clone().all(|it| *it != Lane::Network && *it != Lane::Hardening));
        assert!(Lane::ProfilesA.lacks(&BTreeSet::new()).is_none());
    }
}
