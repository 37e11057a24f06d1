//! The switch: makes what runs equal to a release, by exactly the steps of a plan.

use std::net::SocketAddr;
use std::time::Instant;

use homelab_core::compose::{File, Service};
use homelab_core::release::plan::{Action, Plan};
use indexmap::IndexSet;

use super::dump::Database;
use super::health::{self, Waiting};
use super::migration::Deadlines;
use super::place::HousePlace;
use super::probe::{self, Route};
use super::release::Manifest;
use super::run::Run;
use super::wanted::Wanted;
use super::{bundle, files, networks, receipt};
use crate::docker::{self, seen, seen::Seen};
use crate::error::Error;
use crate::program::Limit;

/// Pulls the images that are missing; no container changes.
pub(super) fn pull(run: &mut Run<'_>, wanted: &Wanted) -> Result<(), Error> {
    let missing = missing_images(wanted)?;
    if missing.is_empty() {
        return Ok(());
    }
    let is_missing = |it: &Service| it.image.as_ref().is_some_and(|image| missing.contains(image));
    let services = wanted.after.file.services.iter().filter(|it| is_missing(it.1));
    let services: Vec<_> = services.map(|it| it.0.as_str()).collect();
    run.tell(format_args!("pulling {}", services.join(", ")));
    let words = [&["pull", "--quiet", "--"][..], &services].concat();
    let output = wanted.compose(run.place, &words, Limit::PULL)?;
    if !output.status.success() {
        return Err(docker::failed("docker compose pull", &output));
    }
    match missing_images(wanted)?.first() {
        None => Ok(()),
        Some(image) => Err(Error::NotPulled(image.clone())),
    }
}

/// Images that Docker does not have yet. A pinned image never changes, so one that is there is not pulled
/// again.
pub(super) fn missing_images(wanted: &Wanted) -> Result<Vec<String>, Error> {
    let images: IndexSet<_> =
        wanted.after.file.services.values().filter_map(|it| it.image.as_deref()).collect();
    let words: Vec<_> = ["image", "inspect", "--format", "{{.Id}}"].into_iter().collect();
    let all: Vec<_> = words.iter().copied().chain(images.iter().copied()).collect();
    if docker::attempt(&all)?.status.success() {
        return Ok(Vec::new());
    }
    let mut missing = Vec::new();
    for image in images {
        if !docker::attempt(&[&words[..], &[image]].concat())?.status.success() {
            missing.push(image.to_owned());
        }
    }
    Ok(missing)
}

/// Puts the release's configuration files where containers mount them; each is replaced whole.
pub(super) fn sync_config(place: &HousePlace, manifest: &Manifest) -> Result<(), Error> {
    let release = place.release(&manifest.release);
    // First the files that stand where the release has a folder, and the reverse.
    for path in surplus(place, manifest)?.iter().filter(|it| is_in_the_way(it, manifest)) {
        files::remove(&place.root.join(path))?;
    }
    files::remove_empty_below(&place.root.join("config"))?;
    for (path, _) in manifest.config() {
        let source = release.join(path);
        let bytes = files::read(&source)?.ok_or_else(|| Error::NoRelease(path.to_owned()))?;
        let target = place.root.join(path);
        if files::read(&target)?.as_deref() != Some(&bytes) {
            files::make_folder(target.parent().unwrap_or(&place.root))?;
            files::write(&target, &bytes, 0o644)?;
        }
    }
    for path in surplus(place, manifest)? {
        files::remove(&place.root.join(path))?;
    }
    files::remove_empty_below(&place.root.join("config"))
}

/// Configuration files on the host that are not in the release.
fn surplus(place: &HousePlace, manifest: &Manifest) -> Result<Vec<String>, Error> {
    let mut paths = bundle::files_below(&place.root, "config")?;
    paths.retain(|it| !manifest.files.contains_key(it));
    Ok(paths)
}

/// Whether this path stands where the release has a folder, or the reverse.
fn is_in_the_way(path: &str, manifest: &Manifest) -> bool {
    let is_below =
        |it: &str, folder: &str| it.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    manifest.config().any(|(wanted, _)| is_below(wanted, path) || is_below(path, wanted))
}

/// Carries a plan out and waits until every service is well, except the excused ones; returns what Docker
/// shows then.
pub(super) fn carry_out(
    run: &mut Run<'_>,
    wanted: &Wanted,
    plan: &Plan,
    seen: &Seen,
    excused: &[String],
    migrating: &Deadlines,
) -> Result<Seen, Error> {
    sync_config(run.place, &wanted.manifest)?;
    bring_up(run, wanted, plan, seen, &wanted.after.file, excused, migrating)
}

/// Carries out a plan, or a part of one, and waits for the services of `file`.
pub(super) fn bring_up(
    run: &mut Run<'_>,
    wanted: &Wanted,
    plan: &Plan,
    seen: &Seen,
    file: &File,
    excused: &[String],
    migrating: &Deadlines,
) -> Result<Seen, Error> {
    networks::clear(seen, wanted)?;
    remove_containers(run, plan, seen)?;
    let made: Vec<_> = plan.with(Action::Created).chain(plan.with(Action::Recreated)).collect();
    let started: Vec<_> = plan.with(Action::Started).collect();
    start(run, wanted, "--no-recreate", &started)?;
    start(run, wanted, "--force-recreate", &made)?;
    run.tell("waiting until every service is healthy");
    for (name, deadline) in migrating {
        let left = receipt::words(deadline.saturating_duration_since(Instant::now()));
        run.tell(format_args!("`{name}` may migrate its data, and has {left}"));
    }
    let touched = made.into_iter().map(str::to_owned).collect();
    let logs = &run.place.unwell();
    let waiting = Waiting { excused, touched, migrating, logs };
    health::wait(file, &waiting, &mut |it| run.tell(it))
}

/// Stops and removes the containers of services that have to go: Compose would leave them running.
pub(super) fn remove_containers(run: &mut Run<'_>, plan: &Plan, seen: &Seen) -> Result<(), Error> {
    let gone: Vec<_> = plan.with(Action::Stopped).collect();
    let mut ids: Vec<_> = gone.iter().flat_map(|it| seen.of(it)).collect();
    // Where a service has two containers, Compose would keep both.
    for name in plan.with(Action::Recreated) {
        let mut all: Vec<_> = seen.of(name).collect();
        all.sort_by_key(|it| seen::text(it, "/State/Status") != Some("running"));
        ids.extend(all.into_iter().skip(1));
    }
    let ids: Vec<_> = ids.into_iter().filter_map(|it| seen::text(it, "/Id")).collect();
    if ids.is_empty() {
        return Ok(());
    }
    if !gone.is_empty() {
        run.tell(format_args!("removing {}; its data stays", gone.join(", ")));
    }
    docker::change(&[&["stop"][..], &ids].concat())?;
    docker::change(&[&["rm"][..], &ids].concat())
}

/// Stops the services that use a database by any of these files.
pub(super) fn stop_users<'a>(
    seen: &Seen,
    files: impl IntoIterator<Item = &'a File>,
    database: &'a Database,
) -> Result<(), Error> {
    let services = files.into_iter().flat_map(|it| &it.services);
    let mut users: IndexSet<_> = services
        .filter(|it| it.1.depends_on.contains_key(&database.service))
        .map(|it| it.0.as_str())
        .collect();
    if !database.has_server() {
        users.insert(&database.service);
    }
    let containers = users.into_iter().flat_map(|it| seen.of(it));
    let ids: Vec<_> = containers.filter_map(|it| seen::text(it, "/Id")).collect();
    if ids.is_empty() {
        return Ok(());
    }
    docker::change(&[&["stop"][..], &ids].concat())
}

/// Starts exactly these services, in the order of their dependencies.
fn start(run: &mut Run<'_>, wanted: &Wanted, how: &str, services: &[&str]) -> Result<(), Error> {
    if services.is_empty() {
        return Ok(());
    }
    run.tell(format_args!("starting {}", services.join(", ")));
    // The plan, not Compose, decides which containers are made anew.
    let words = ["up", "--detach", "--no-deps", "--no-build", "--pull", "never", how, "--"];
    let output = wanted.compose(run.place, &[&words[..], services].concat(), Limit::DEED)?;
    if output.status.success() { Ok(()) } else { Err(docker::failed("docker compose up", &output)) }
}

/// Asks every route. Those that were wrong before are only warned of, unless their service may be migrating.
pub(super) fn ask_routes(
    run: &mut Run<'_>,
    wanted: &Wanted,
    wrong_before: &[String],
    migrating: &Deadlines,
) -> Result<(), Error> {
    let (routes, proxy) = probe::routes(wanted);
    let Some(proxy) = proxy else { return Ok(()) };
    run.tell(format_args!("asking {} routes", routes.len()));
    let is_migrating = |host: &str| {
        routes.iter().any(|it| it.place == host && migrating.contains_key(&it.service))
    };
    let wrong = ask_until(run, &routes, proxy, &wanted.raw.name, migrating)?;
    let (old, new): (Vec<_>, Vec<_>) =
        wrong.into_iter().partition(|it| wrong_before.contains(&it.0) && !is_migrating(&it.0));
    for (host, said) in old {
        run.tell(format_args!("warning: {host} is as wrong as before: {said}"));
    }
    all_right(&new)
}

/// Asks the services that may be migrating until they are ready.
pub(super) fn ask_migrating(
    run: &mut Run<'_>,
    wanted: &Wanted,
    migrating: &Deadlines,
) -> Result<(), Error> {
    let (mut routes, proxy) = probe::routes(wanted);
    routes.retain(|it| migrating.contains_key(&it.service));
    let Some(proxy) = proxy.filter(|_| !routes.is_empty()) else { return Ok(()) };
    all_right(&ask_until(run, &routes, proxy, &wanted.raw.name, migrating)?)
}

fn all_right(wrong: &[(String, String)]) -> Result<(), Error> {
    let lines: Vec<_> = wrong.iter().map(|(host, said)| format!("{host}: {said}")).collect();
    if lines.is_empty() { Ok(()) } else { Err(Error::Unhealthy(lines.join("\n  "))) }
}

/// Asks routes until each is right or one is late. A service has as long to become ready as its health check
/// gives it, or its migration.
fn ask_until(
    run: &mut Run<'_>,
    routes: &[Route],
    proxy: SocketAddr,
    project: &str,
    migrating: &Deadlines,
) -> Result<Vec<(String, String)>, Error> {
    let seen = docker::see_project(project)?;
    let (now, logs) = (Instant::now(), run.place.unwell());
    let deadline = |service: &str| {
        migrating.get(service).copied().unwrap_or_else(|| now + health::patience(&seen, service))
    };
    let goes_on = |service: &str| health::goes_on(project, service, &logs);
    let waiting = probe::Waiting { deadline: &deadline, goes_on: &goes_on };
    probe::wait(routes, proxy, &waiting, &mut |it| run.tell(it))
}

/// Routes that are wrong before anything is touched.
pub(super) fn wrong_routes(wanted: &Wanted, plan: &Plan) -> Vec<String> {
    let (routes, proxy) = probe::routes(wanted);
    // Before a first deploy there are no routes.
    let Some(proxy) = proxy.filter(|_| plan.from.is_some()) else { return Vec::new() };
    let opened = |host: &str| plan.opens.iter().any(|it| it.what == host);
    let old: Vec<_> = routes.into_iter().filter(|it| !opened(&it.place)).collect();
    probe::wrong(&old, proxy).into_iter().map(|it| it.0).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::bundle::Bundle;
    use super::super::place::tests::host;
    use super::super::receipt::tests::id;
    use super::*;

    #[test]
    fn a_file_becomes_a_folder_and_a_folder_a_file() {
        let (_folder, place) = host();
        for (number, files) in [
            &["config/a", "config/b/c/d"][..],
            &["config/a/x", "config/b"],
            &["config/a/x/y", "config/z"],
            &["config/a"],
            &[],
        ]
        .into_iter()
        .enumerate()
        {
            let (name, file) = (format!("release{number}"), "name: house\nservices: {}\n");
            let all = files.iter().map(|it| ((*it).to_owned(), name.clone().into_bytes()));
            let all = all.chain([("compose.yaml".to_owned(), file.into())]).collect();
            let bundle = Bundle::of_contents(id(&name), &name, all).expect("a valid file");
            bundle.stage(&place).expect("there is room");
            for _ in 0..2 {
                sync_config(&place, &bundle.manifest).expect("there is room");
                // As Docker makes it in the place of a file that is missing.
                fs::create_dir_all(place.root.join("config/w/empty")).expect("it is ours");
            }
            assert_eq!(bundle::files_below(&place.root, "config").expect("listed"), files);
            for path in files {
                let text = fs::read_to_string(place.root.join(path)).expect("it is a file");
                assert_eq!(text, name);
            }
            sync_config(&place, &bundle.manifest).expect("there is room");
            assert!(!place.root.join("config/w").exists() && place.root.join("config").exists());
        }
    }
}
