//! What holds in every house that the rules accept, stated over the Compose file alone.
//!
//! The rules are not called here to judge: each invariant says once more, in other
//! words, what must be true of the file, so that a rule that is missing or looks
//! away is found.

use std::collections::BTreeMap;

use homelab_core::checks::check;
use homelab_core::compose::{Condition, File, MountKind, Service};
use homelab_core::finding::Severity;
use homelab_core::lower::lower;
use homelab_core::project::Project;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::house::{CATALOGUE, House, Plan, build, plan};
use crate::text::property;

type Holds = Result<(), String>;

/// Houses for each invariant; with a fault in a quarter of them, each of the
/// fifteen faults comes up a few times.
const CASES: u32 = 384;

/// Whether the rules let a house through.
fn is_accepted(house: &House) -> bool {
    !check(&Project::from_stack(&house.stack, CATALOGUE)).has_errors()
}

#[track_caller]
fn holds_in_accepted_houses(invariant: fn(&House, &File) -> Holds) {
    property(CASES, &plan(), |plan| {
        let house = build(&plan);
        if is_accepted(&house) {
            let file = lower(&house.stack);
            invariant(&house, &file).map_err(TestCaseError::fail)?;
        }
        Ok(())
    });
}

#[track_caller]
fn holds_in_every_service(invariant: fn(&House, &str, &Service) -> Holds) {
    property(CASES, &plan(), |plan| {
        let house = build(&plan);
        if is_accepted(&house) {
            for (name, service) in &lower(&house.stack).services {
                invariant(&house, name, service).map_err(TestCaseError::fail)?;
            }
        }
        Ok(())
    });
}

/// An invariant of nothing would always hold: a fair share of the houses is accepted.
#[test]
fn many_houses_are_accepted() {
    const HOUSES: usize = 300;
    let mut runner = TestRunner::deterministic();
    let mut accepted = 0;
    let mut refused: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for _ in 0..HOUSES {
        let plan: Plan = plan().new_tree(&mut runner).expect("no plan is rejected").current();
        let house = build(&plan);
        let verdict = check(&Project::from_stack(&house.stack, CATALOGUE));
        accepted += usize::from(!verdict.has_errors());
        let errors = verdict.findings.iter().filter(|it| it.severity == Severity::Error);
        for finding in errors.filter(|_| plan.fault.is_none()) {
            let example = || (0, finding.to_string());
            refused.entry(finding.rule.clone()).or_insert_with(example).0 += 1;
        }
    }
    let share = accepted * 100 / HOUSES;
    assert!(
        share > 30,
        "{share} % of the houses are accepted; in those without a fault, each with an example: {refused:#?}"
    );
}

#[test]
fn every_service_is_in_the_file() {
    holds_in_accepted_houses(|house, file| {
        let mut names: Vec<_> = file.services.keys().map(String::as_str).collect();
        let mut added = house.names.clone();
        names.sort_unstable();
        added.sort_unstable();
        equal("services", &names, &added)
    });
}

#[test]
fn databases_share_no_network_with_the_edge() {
    holds_in_accepted_houses(|house, file| {
        for data in &house.data {
            for edge in &house.edges {
                let (data, edge) = (&file.services[*data], &file.services[*edge]);
                let shared: Vec<_> =
                    data.networks.iter().filter(|it| edge.networks.contains(it)).collect();
                equal("networks of a database with the edge", &shared, &Vec::new())?;
            }
        }
        Ok(())
    });
}

#[test]
fn databases_have_no_port_on_the_host() {
    holds_in_every_service(|house, name, it| {
        unless(house.data.contains(&name) && !it.ports.is_empty(), name, "publishes a port")?;
        unless(house.data.contains(&name) && it.network_mode.is_some(), name, "has a network mode")
    });
}

#[test]
fn databases_have_no_route() {
    holds_in_every_service(|house, name, it| {
        let routed = it.labels.keys().any(|it| it.starts_with("caddy"));
        unless(house.data.contains(&name) && routed, name, "has a label for the proxy")
    });
}

#[test]
fn images_are_pinned_unless_opted_in() {
    holds_in_every_service(|house, name, it| {
        let image = it.image.as_deref().unwrap_or_default();
        let digest = image.split_once("@sha256:").map_or("", |it| it.1);
        let is_pinned = digest.len() == 64 && digest.bytes().all(|it| it.is_ascii_hexdigit());
        unless(!is_pinned && !house.unattended.contains(&name), name, "has no digest")?;
        unless(image.contains(":latest"), name, "follows `latest`")
    });
}

#[test]
fn services_have_no_privileges_by_default() {
    holds_in_every_service(|_, name, it| {
        unless(it.cap_drop != ["ALL"], name, "keeps capabilities")?;
        let no_new = it.security_opt.iter().any(|it| it == "no-new-privileges:true");
        unless(!no_new, name, "may gain privileges")?;
        unless(it.privileged, name, "is privileged")
    });
}

#[test]
fn services_come_back_after_a_crash() {
    holds_in_every_service(|_, name, it| {
        unless(it.restart.as_deref() != Some("unless-stopped"), name, "stays down")
    });
}

#[test]
fn logs_are_limited() {
    holds_in_every_service(|_, name, it| {
        let options = it.logging.as_ref().map(|it| &it.options);
        let has = |key: &str| options.is_some_and(|it| it.contains_key(key));
        unless(!has("max-size") || !has("max-file"), name, "has no limit of its logs")
    });
}

#[test]
fn memory_processor_and_processes_are_limited() {
    holds_in_every_service(|_, name, it| {
        let limits = it.deploy.as_ref().and_then(|it| it.resources.as_ref()?.limits.as_ref());
        let limits = limits.cloned().unwrap_or_default();
        unless(limits.memory.is_none(), name, "has no limit of memory")?;
        unless(limits.cpus.is_none(), name, "has no limit of processor time")?;
        unless(limits.pids.is_none(), name, "has no limit of processes")
    });
}

#[test]
fn dependencies_exist() {
    holds_in_accepted_houses(|_, file| {
        for (name, service) in &file.services {
            for target in service.depends_on.keys() {
                unless(!file.services.contains_key(target), name, "depends on what is not there")?;
            }
        }
        Ok(())
    });
}

#[test]
fn dependencies_are_not_circular() {
    holds_in_accepted_houses(|_, file| {
        // Take away what waits for nothing, until nothing is left or nothing can be taken.
        let mut waiting: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, service) in &file.services {
            let targets = service.depends_on.keys().map(String::as_str);
            waiting.insert(name, targets.filter(|it| file.services.contains_key(*it)).collect());
        }
        loop {
            let ready: Vec<_> =
                waiting.iter().filter(|it| it.1.is_empty()).map(|it| *it.0).collect();
            if ready.is_empty() {
                return equal("services that wait for each other", &waiting, &BTreeMap::new());
            }
            waiting.retain(|name, _| !ready.contains(name));
            for targets in waiting.values_mut() {
                targets.retain(|it| !ready.contains(it));
            }
        }
    });
}

#[test]
fn dependencies_run_whenever_their_dependants_do() {
    holds_in_accepted_houses(|_, file| {
        for (name, service) in &file.services {
            for target in service.depends_on.keys().filter_map(|it| file.services.get(it)) {
                let own = &service.profiles;
                let runs = target.profiles.is_empty()
                    || !own.is_empty() && own.iter().all(|it| target.profiles.contains(it));
                unless(!runs, name, "depends on what its profile does not start")?;
            }
        }
        Ok(())
    });
}

#[test]
fn healthy_dependencies_can_become_healthy() {
    holds_in_accepted_houses(|_, file| {
        for (name, service) in &file.services {
            for (target, dependency) in &service.depends_on {
                let target = file.services.get(target).and_then(|it| it.healthcheck.as_ref());
                let disabled = target.is_some_and(|it| it.disable);
                let waits = dependency.condition == Condition::ServiceHealthy;
                unless(waits && disabled, name, "waits for a check that is switched off")?;
            }
        }
        Ok(())
    });
}

#[test]
fn no_two_services_publish_one_port() {
    holds_in_accepted_houses(|_, file| {
        let all =
            || file.services.iter().flat_map(|it| it.1.ports.iter().map(move |port| (it.0, port)));
        for (at, (first, a)) in all().enumerate() {
            for (second, b) in all().skip(at + 1) {
                let everywhere = a.host_ip.is_none() || b.host_ip.is_none();
                let same = (&a.published, a.protocol) == (&b.published, b.protocol)
                    && (everywhere || a.host_ip == b.host_ip);
                unless(same, first, &format!("and `{second}` publish port {}", a.published))?;
            }
        }
        Ok(())
    });
}

#[test]
fn no_two_routes_have_one_host() {
    holds_in_accepted_houses(|_, file| {
        let mut hosts: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, service) in &file.services {
            let is_site =
                |key: &str| key == "caddy" || key.starts_with("caddy_") && !key.contains('.');
            let sites = service.labels.iter().filter(|it| is_site(it.0) && !it.1.starts_with('('));
            for (_, host) in sites {
                unless(hosts.insert(host, name).is_some(), name, "has another one's host name")?;
            }
        }
        Ok(())
    });
}

#[test]
fn secrets_are_files_under_secrets() {
    holds_in_accepted_houses(|_, file| {
        for (name, secret) in &file.secrets {
            unless(secret.file != format!("./secrets/{name}"), name, "lies elsewhere")?;
        }
        for (name, service) in &file.services {
            for secret in &service.secrets {
                unless(!file.secrets.contains_key(secret), name, "mounts an undeclared secret")?;
            }
        }
        Ok(())
    });
}

#[test]
fn secret_paths_in_the_environment_are_mounted() {
    holds_in_every_service(|_, name, it| {
        for value in it.environment.values() {
            if let Some(secret) = value.strip_prefix("/run/secrets/") {
                let mounted = it.secrets.iter().any(|it| it == secret);
                unless(!mounted, name, "names a secret that it does not mount")?;
            }
        }
        Ok(())
    });
}

#[test]
fn memory_of_all_profiles_fits() {
    holds_in_accepted_houses(|house, file| {
        let limit = |it: &Service| -> Option<u64> {
            let memory =
                it.deploy.as_ref()?.resources.as_ref()?.limits.as_ref()?.memory.as_ref()?;
            memory.strip_suffix('M')?.parse().ok()
        };
        let total: u64 = file.services.values().filter_map(limit).sum();
        unless(total > house.budget_mib, "the house", &format!("asks for {total} MiB"))
    });
}

#[test]
fn only_socket_proxies_have_the_docker_socket() {
    holds_in_every_service(|house, name, it| {
        if house.socket_proxies.contains(&name) {
            return Ok(());
        }
        for mount in it.volumes.iter().filter(|it| it.kind == MountKind::Bind) {
            // `${NAME:-path}` is the path, as long as nobody sets the variable.
            let default = mount.source.split_once(":-").map(|it| it.1.trim_end_matches('}'));
            let path = default.unwrap_or(&mount.source).trim_end_matches('/');
            let is_folder = matches!(path, "" | "/var" | "/run" | "/var/run");
            unless(is_folder || path.contains("docker.sock"), name, "has the Docker socket")?;
        }
        Ok(())
    });
}

#[test]
fn networks_and_volumes_are_declared() {
    holds_in_accepted_houses(|_, file| {
        for (name, service) in &file.services {
            unless(service.networks.is_empty(), name, "is on the default network")?;
            for network in &service.networks {
                unless(!file.networks.contains_key(network), name, "is on an undeclared network")?;
            }
            for mount in service.volumes.iter().filter(|it| it.kind == MountKind::Volume) {
                unless(
                    !file.volumes.contains_key(&mount.source),
                    name,
                    "has an undeclared volume",
                )?;
            }
        }
        Ok(())
    });
}

fn unless(wrong: bool, name: &str, what: &str) -> Holds {
    if wrong { Err(format!("`{name}` {what}")) } else { Ok(()) }
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, want: &T) -> Holds {
    if got == want { Ok(()) } else { Err(format!("{what}: {got:?}, expected {want:?}")) }
}
