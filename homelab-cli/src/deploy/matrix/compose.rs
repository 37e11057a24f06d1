//! `docker compose` of the fake: it makes all containers first, and then starts them.

use std::collections::BTreeSet;
use std::process::Output;

use homelab_core::compose::{File, Service};
use homelab_core::release::resolve::{self, Setting};

use super::docker::{Docker, done, refused};
use super::injection::moment;
use crate::released;

pub(super) fn call(docker: &mut Docker, words: &[&str]) -> Output {
    let value = |name: &str| {
        let at = words.iter().position(|it| *it == name)?;
        words.get(at + 1).copied()
    };
    let file = match file(&value) {
        Ok(file) => file,
        Err(because) => return refused(&because),
    };
    let deed = words.iter().position(|it| ["config", "pull", "up", "version"].contains(it));
    let Some((deed, rest)) = deed.and_then(|it| words[it..].split_first()) else {
        return refused("the fake does not know this deed of Compose");
    };
    let services: Vec<_> =
        file.services.iter().filter(|it| rest.contains(&it.0.as_str())).collect();
    match *deed {
        "pull" => pull(docker, &services),
        "up" => up(docker, &file, &services, rest.contains(&"--force-recreate")),
        _ => done(""),
    }
}

/// The one file that it is given.
fn file<'a>(value: &dyn Fn(&str) -> Option<&'a str>) -> Result<File, String> {
    let read = |path: &str| std::fs::read(path).map_err(|it| format!("open {path}: {it}"));
    let text = read(value("--file").ok_or("no configuration file provided")?)?;
    let raw = released::compose(&text).map_err(|it| it.to_string())?;
    let folder = value("--project-directory").ok_or("no --project-directory")?;
    // As Compose has them, and the file must not use.
    let values = [("HOME", "/root"), ("COMPOSE_PROJECT_NAME", "house")];
    let values = values.map(|(name, it)| (name.to_owned(), it.to_owned())).into_iter().collect();
    let setting = Setting { values: &values, profiles: &[], folder, read: &|_| None };
    resolve::resolve(&raw, &setting).map_err(|it| it.to_string())
}

fn pull(docker: &mut Docker, services: &[(&String, &Service)]) -> Output {
    for (name, service) in services {
        let image = service.image.clone().unwrap_or_default();
        if !docker.registry.contains(&image) {
            return refused(&format!("{image}: not found"));
        }
        docker.images.insert(image);
        moment(&format!("after `docker compose pull` of {name}"));
    }
    done("")
}

/// Makes the networks of a service; what stands in its way is removed only where nobody runs on it.
fn connect(
    docker: &mut Docker,
    file: &File,
    service: &Service,
) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    for network in service.networks.iter().filter_map(|it| file.networks.get(&it.key)) {
        let name = network.name.clone().unwrap_or_default();
        if docker.networks.get(&name).is_some_and(|it| *it != network.internal)
            && docker.is_used(&name)
        {
            return Err(format!("network {name} has active endpoints"));
        }
        if docker.networks.insert(name.clone(), network.internal) != Some(network.internal) {
            moment(&format!("after `docker compose up` has made the network {name}"));
        }
        names.insert(name);
    }
    Ok(names)
}

fn up(
    docker: &mut Docker,
    file: &File,
    services: &[(&String, &Service)],
    recreate: bool,
) -> Output {
    let mut ids = Vec::new();
    for (name, service) in services {
        if !docker.images.contains(service.image.as_deref().unwrap_or_default()) {
            return refused(&format!("{name}: no such image"));
        }
        let networks = match connect(docker, file, service) {
            Ok(networks) => networks,
            Err(because) => return refused(&because),
        };
        let old: Vec<_> = docker.of(name).map(|it| it.id.clone()).collect();
        if !recreate && let Some(id) = old.first() {
            ids.push((*name, id.clone()));
            continue;
        }
        ids.push((*name, docker.create(name, (*service).clone(), networks)));
        moment(&format!("after `docker compose up` has made {name}"));
        for id in old {
            // Whatever it ran for so far is over.
            let _ = docker.stop(&id);
            moment(&format!("after `docker compose up` has stopped the old {name}"));
            let _ = docker.remove(&id);
            moment(&format!("after `docker compose up` has removed the old {name}"));
        }
    }
    for (name, id) in ids {
        if let Err(because) = docker.start(&id) {
            return refused(&because);
        }
        moment(&format!("after `docker compose up` has started {name}"));
    }
    done("")
}
