//! What holds of what services keep, and of what the house declares.

use std::collections::BTreeMap;

use homelab_core::compose::interpolate;
use homelab_core::compose::yaml::{Spacing, render};
use homelab_core::compose::{File, MountKind, Service};

use super::{equal, holds_in_accepted_houses, holds_in_every_service, unless};
use crate::house::ROOT;

#[test]
fn networks_and_volumes_are_declared() {
    holds_in_accepted_houses(|_, file| {
        for (name, service) in &file.services {
            unless(service.networks.is_empty(), name, "is on the default network")?;
            for network in &service.networks {
                unless(
                    !file.networks.contains_key(&network.key),
                    name,
                    "is on an undeclared network",
                )?;
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

#[test]
fn secret_paths_in_the_environment_are_mounted() {
    holds_in_every_service(|_, name, it| {
        for value in it.environment.values() {
            if value.starts_with("/run/secrets/") {
                let mounted = it.secrets.iter().any(|it| it.path() == *value);
                unless(!mounted, name, "names a secret that it does not mount")?;
            }
        }
        Ok(())
    });
}

#[test]
fn memory_is_limited() {
    holds_in_every_service(|_, name, it| {
        let limits = it.deploy.as_ref().and_then(|it| it.resources.as_ref()?.limits.as_ref());
        unless(limits.is_none_or(|it| it.memory.is_none()), name, "has no limit of memory")
    });
}

#[test]
fn memory_of_all_profiles_fits() {
    holds_in_accepted_houses(|house, file| {
        let mib = |text: &Option<String>| text.as_ref()?.strip_suffix('M')?.parse::<u64>().ok();
        let memory = |it: &Service| -> Option<(u64, u64)> {
            let resources = it.deploy.as_ref()?.resources.as_ref()?;
            let reserved = mib(&resources.reservations.as_ref()?.memory)?;
            Some((reserved, mib(&resources.limits.as_ref()?.memory)?))
        };
        let all = || file.services.values().filter_map(memory);
        let needs: u64 = all().map(|it| it.0).sum();
        let total = needs + all().map(|it| it.1 - it.0).max().unwrap_or(0);
        unless(total > house.budget_mib, "the house", &format!("asks for {total} MiB"))
    });
}

#[test]
fn volumes_kept_as_dumps_are_dumped_whenever_their_database_runs() {
    holds_in_accepted_houses(|house, file| {
        for name in &house.dumped {
            let database = &file.services[*name];
            let runs = |it: &Service| {
                it.profiles.is_empty()
                    || !database.profiles.is_empty()
                        && database.profiles.iter().all(|on| it.profiles.contains(on))
            };
            let reaches = |it: &Service| {
                it.depends_on.contains_key(*name)
                    && it.networks.iter().any(|on| database.networks.contains(on))
            };
            let dumpers = house.dumpers.iter().filter(|it| it.1 == *name);
            let mut dumpers = dumpers.filter_map(|it| file.services.get(it.0));
            let is_dumped = dumpers.any(|it| runs(it) && reaches(it));
            unless(!is_dumped, name, "is not dumped whenever it runs")?;
        }
        Ok(())
    });
}

#[test]
fn dumps_lie_on_the_host() {
    holds_in_accepted_houses(|house, file| {
        for (name, _) in &house.dumpers {
            let mut mounts = file.services[*name].volumes.iter();
            let keeps = mounts.any(|it| it.kind == MountKind::Bind && !it.read_only);
            unless(!keeps, name, "has no folder for its dumps")?;
        }
        Ok(())
    });
}

#[test]
fn no_two_services_write_one_volume() {
    holds_in_accepted_houses(|_, file| {
        let mut writers: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, source) in written(file, MountKind::Volume) {
            let other = writers.insert(source, name).filter(|it| *it != name);
            unless(other.is_some(), name, &format!("writes `{source}`, as {other:?} does"))?;
        }
        Ok(())
    });
}

#[test]
fn no_two_writable_folders_overlap() {
    holds_in_accepted_houses(|_, file| {
        let path = |text: &str| {
            let data_root = |it: &str| (it == ROOT.name()).then(|| "/srv".to_owned());
            interpolate::resolve(text, &data_root).map(|it| format!("{it}/"))
        };
        let written: Vec<_> =
            written(file, MountKind::Bind).map(|(name, it)| (name, path(it))).collect();
        for (at, (first, one)) in written.iter().enumerate() {
            let Ok(one) = one else { return Err(format!("`{first}` writes nobody knows where")) };
            for (second, other) in written[at + 1..].iter().filter(|it| it.0 != *first) {
                let overlap = other.iter().any(|it| it.starts_with(one) || one.starts_with(it));
                unless(overlap, first, &format!("and `{second}` write to one folder"))?;
            }
        }
        Ok(())
    });
}

/// What services write to, each with its source as it stands in the file.
fn written(file: &File, kind: MountKind) -> impl Iterator<Item = (&str, &str)> {
    let all = file.services.iter().flat_map(|it| it.1.volumes.iter().map(move |on| (it.0, on)));
    let written = all.filter(move |it| it.1.kind == kind && !it.1.read_only);
    written.map(|(name, it)| (name.as_str(), it.source.as_str()))
}

#[test]
fn nothing_is_declared_and_unused() {
    holds_in_accepted_houses(|house, file| {
        let services = || file.services.values();
        let site = house.stack.site();
        let text = render(file, "", Spacing::Dense);
        let mut idle: Vec<String> = Vec::new();
        let is_joined =
            |name: &String| services().any(|it| it.networks.iter().any(|it| it.key == *name));
        idle.extend(file.networks.keys().filter(|it| !is_joined(it)).cloned());
        let is_mounted =
            |name: &String| services().any(|it| it.volumes.iter().any(|it| it.source == *name));
        idle.extend(file.volumes.keys().filter(|it| !is_mounted(it)).cloned());
        let is_read =
            |name: &String| services().any(|it| it.secrets.iter().any(|it| it.source == *name));
        idle.extend(file.secrets.keys().filter(|it| !is_read(it)).cloned());
        let variables = site.variables.iter().map(|it| it.name().to_owned());
        let is_named =
            |it: &String| [":", "+"].iter().any(|rule| text.contains(&format!("${{{it}{rule}")));
        idle.extend(variables.filter(|it| !is_named(it)));
        let profiles = site.profiles.iter().map(|it| it.name().to_owned());
        idle.extend(profiles.filter(|it| !services().any(|of| of.profiles.contains(it))));
        equal("declared and not used", &idle, &Vec::new())
    });
}
