//! What holds of the services that wait for each other.

use std::collections::BTreeMap;

use homelab_core::compose::Condition;

use super::{equal, holds_in_accepted_houses, unless};

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
