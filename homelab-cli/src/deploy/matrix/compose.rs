//! `docker compose` of the fake: it makes all containers first, and then starts them.

use std::collections::BTreeSet;
use std::process::Output;

use homelab_core::compose::{File, Service};
use homelab_core::dotenv;
use homelab_core::resolve::{self, Setting};

use super::super::release;
use super::docker::{Docker, done, refused};
use super::injection::moment;

pub(super) fn call(docker: &mut Docker, words: &[&str]) -> Output {
    let value = |name: &str| {
        let at = words.iter().position(|it| *it == name)?;
        words.get(at + 1).copied()
    };
    let file = match file(words, &value) {
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

/// The file with the values and labels that it is given.
fn file<'a>(words: &[&'a str], value: &dyn Fn(&str) -> Option<&'a str>) -> Result<File, String> {
    let read = |path: &str| std::fs::read(path).map_err(|it| format!("open {path}: {it}"));
    let mut files = words.windows(2).filter(|it| it[0] == "--file").map(|it| it[1]);
    let main = files.next().ok_or("no configuration file provided")?;
    let main = release::compose(&read(main)?).map_err(|it| it.to_string())?;
    let values = read(value("--env-file").ok_or("no --env-file")?)?;
    let values = dotenv::parse(&String::from_utf8_lossy(&values));
    let values: indexmap::IndexMap<_, _> =
        values.entries.into_iter().map(|(name, it)| (name, it.value)).collect();
    let profiles = values.get("COMPOSE_PROFILES").cloned().unwrap_or_default();
    let profiles: Vec<_> = profiles.split(',').filter(|it| !it.is_empty()).collect();
    let folder = value("--project-directory").ok_or("no --project-directory")?;
    let setting = Setting { values: &values, profiles: &profiles, folder, read: &|_| None };
    let mut file = resolve::resolve(&main, &setting).map_err(|it| it.to_string())?;
    for more in files {
        let more = String::from_utf8_lossy(&read(more)?).into_owned();
        let more = release::compose(format!("name: house\n{more}").as_bytes());
        for (name, service) in more.map_err(|it| it.to_string())?.services {
            if let Some(own) = file.services.get_mut(&name) {
                own.labels.extend(service.labels);
            }
        }
    }
    Ok(file)
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
    for network in service.networks.iter().filter_map(|it| file.networks.get(it)) {
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
