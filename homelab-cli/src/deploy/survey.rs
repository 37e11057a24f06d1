//! The two sides of a plan: the state that the engine shows, and the one that a release wants with the
//! values of this host.

use std::path::{Path, PathBuf};

use homelab_core::compose::{File, MountKind, Service};
use homelab_core::dsl::contract::Contract;
use homelab_core::dsl::house::House;
use homelab_core::dsl::variable::Fallback;
use homelab_core::model::power;
use homelab_core::release::Id;
use homelab_core::release::diff::{self, Change};
use homelab_core::release::observe::{self, Inspected};
use homelab_core::release::plan::{self, After, Before, Container, Plan};
use homelab_core::release::resolve::{self, Setting};
use indexmap::{IndexMap, IndexSet};

use super::bundle::Bundle;
use super::engine::{self, Release, State};
use super::files;
use super::place::{self, Place};
use super::release::{self, Manifest};
use crate::error::Error;
use crate::settings::Settings;

/// A release as this host would run it.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) manifest: Manifest,
    /// As it was committed.
    pub(crate) raw: File,
    /// What the engine would get.
    pub(crate) after: After,
    /// The `.env` that its values come from, as it was read; empty without a host.
    pub(crate) values: String,
    /// Those values, by name.
    pub(crate) dotenv: IndexMap<String, String>,
    /// What is known of its images.
    pub(crate) catalogue: Vec<Contract>,
}

/// Gives the contents of a file of a release, by its path there.
type Read<'a> = dyn Fn(&str) -> Option<Vec<u8>> + 'a;

/// What a release is read from.
struct Source<'a> {
    manifest: Manifest,
    raw: File,
    /// The contents of one of its files.
    read: Box<Read<'a>>,
}

impl<'a> Source<'a> {
    /// A release of this host.
    fn release(place: &Place, id: &Id) -> Result<Self, Error> {
        let folder = place.release(id);
        Ok(Self {
            manifest: Manifest::load(place, id)?,
            raw: release::compose_of(place, id)?,
            read: Box::new(move |path| files::read(&folder.join(path)).ok().flatten()),
        })
    }

    fn bundle(bundle: &'a Bundle) -> Self {
        Self {
            manifest: bundle.manifest.clone(),
            raw: bundle.file.clone(),
            read: Box::new(|path| bundle.contents(path).map(<[u8]>::to_vec)),
        }
    }

    fn resolve(&self, with: &Values<'_>) -> Result<File, Error> {
        let profiles: Vec<_> = with.profiles.iter().map(String::as_str).collect();
        let folder = with.folder.display().to_string();
        let read = |path: &str| {
            let bytes = (self.read)(path.strip_prefix("./").unwrap_or(path))?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let setting =
            Setting { values: &with.dotenv, profiles: &profiles, folder: &folder, read: &read };
        resolve::resolve(&self.raw, &setting).map_err(|it| Error::Resolve(it.to_string()))
    }
}

/// With which values a release is read.
struct Values<'a> {
    text: String,
    /// The host, where there is one.
    house: Option<&'a Place>,
    dotenv: IndexMap<String, String>,
    profiles: Vec<String>,
    folder: &'a Path,
    catalogue: Vec<Contract>,
}

impl Wanted {
    /// Reads a release of this host; `current` is the one that runs.
    pub(crate) fn load(place: &Place, id: &Id, current: Option<&Id>) -> Result<Self, Error> {
        let values = values(place, place.dotenv())?;
        Self::build(Source::release(place, id)?, older(place, current).as_ref(), values)
    }

    /// The same with the values with which it was healthy, for the way back: `.env` may be what
    /// went wrong.
    pub(crate) fn as_it_ran(place: &Place, id: &Id) -> Result<Self, Error> {
        Self::with_values(place, id, place.applied(id))
    }

    /// The same with the values with which a deploy to it began, for its end.
    pub(crate) fn as_staged(place: &Place, id: &Id) -> Result<Self, Error> {
        Self::with_values(place, id, place.staged(id))
    }

    fn with_values(place: &Place, id: &Id, path: PathBuf) -> Result<Self, Error> {
        let path = Some(path).filter(|it| it.is_file());
        let values = values(place, path.unwrap_or_else(|| place.dotenv()))?;
        Self::build(Source::release(place, id)?, None, values)
    }

    /// Keeps its values beside the release, for the end of a deploy that is interrupted: an edit of `.env`
    /// does not change what it brings.
    pub(super) fn stage_values(&self, place: &Place) -> Result<(), Error> {
        files::write(&place.staged(&self.manifest.release), self.values.as_bytes(), 0o600)
    }

    /// The same of one that was sent and is not on this host yet.
    pub(crate) fn of_bundle(
        place: &Place,
        bundle: &Bundle,
        current: Option<&Id>,
    ) -> Result<Self, Error> {
        let values = values(place, place.dotenv())?;
        // The same release says the same: its file on this host may have been edited.
        let other = current.filter(|it| **it != bundle.manifest.release);
        Self::build(Source::bundle(bundle), older(place, other).as_ref(), values)
    }

    /// What a checkout would run somewhere: every profile on, defaults for all values.
    pub(crate) fn anywhere(
        own: &House,
        bundle: &Bundle,
        old: Option<&Bundle>,
    ) -> Result<Self, Error> {
        let source = Source::bundle(bundle);
        let mut profiles = IndexSet::new();
        for service in source.raw.services.values() {
            profiles.extend(service.profiles.iter().cloned());
        }
        let required =
            own.stack.site().variables.iter().filter(|it| it.fallback() == Fallback::Required);
        let dotenv = required.map(|it| (it.name().to_owned(), "/srv/data".to_owned())).collect();
        let profiles = profiles.into_iter().collect();
        let folder = Path::new(place::DEFAULT);
        let catalogue = own.stack.catalogue().to_vec();
        let values =
            Values { text: String::new(), house: None, dotenv, profiles, folder, catalogue };
        Self::build(source, old.map(Source::bundle).as_ref(), values)
    }

    fn build(
        source: Source<'_>,
        old: Option<&Source<'_>>,
        with: Values<'_>,
    ) -> Result<Self, Error> {
        let file = source.resolve(&with)?;
        let Source { manifest, raw, .. } = source;
        let profiles: Vec<_> = with.profiles.iter().map(String::as_str).collect();
        // One that cannot be read with the values of today says nothing.
        let before = old.and_then(|it| it.resolve(&with).ok());
        let after = After {
            release: manifest.release.to_string(),
            stamps: stamps(&raw, &file, &manifest),
            files: changed(&raw, &file, old.map(|it| &it.manifest), &manifest),
            altered: with
                .house
                .map_or_else(IndexMap::new, |it| altered(it, &raw, &file, &manifest)),
            declared: before.map(|it| declared(&it, &file)).unwrap_or_default(),
            warnings: old.map_or_else(Vec::new, |it| warnings(&it.raw, &raw)),
            off: off(&raw, &file, &profiles),
            folder: Some(with.folder.display().to_string()),
            file,
        };
        let Values { text: values, dotenv, catalogue, .. } = with;
        Ok(Self { manifest, raw, after, values, dotenv, catalogue })
    }

    /// What a checkout would change in another one's house, without an engine.
    pub(crate) fn against(&self, old: &Self) -> Plan {
        let before = Before {
            release: Some(old.after.release.clone()),
            file: old.after.file.clone(),
            containers: IndexMap::new(),
        };
        plan::plan(&before, &self.after, &self.catalogue)
    }

    /// The release for Compose.
    pub(crate) fn release(&self) -> Release<'_> {
        Release { id: &self.manifest.release, project: &self.raw.name }
    }

    /// Real names of its networks.
    pub(crate) fn networks(&self) -> Vec<&str> {
        self.after.file.networks.values().filter_map(|it| it.name.as_deref()).collect()
    }

    /// What the engine has, as this release would say it.
    pub(crate) fn before(&self, state: &State, current: Option<&Id>) -> Before {
        before(&self.after.file, state, current)
    }

    /// Asks the engine, and compares.
    pub(crate) fn plan(&self, current: Option<&Id>) -> Result<(State, Plan), Error> {
        let mut state = engine::state(&self.after.file.name)?;
        state.networks = engine::networks(&self.after.file.name, &self.networks())?;
        let plan = self.plan_for(&state, current);
        Ok((state, plan))
    }

    pub(crate) fn plan_for(&self, state: &State, current: Option<&Id>) -> Plan {
        plan::plan(&self.before(state, current), &self.after, &self.catalogue)
    }

    /// The file for Compose: as it was judged, with our label on the services that mount files of the
    /// release.
    pub(crate) fn for_compose(&self) -> String {
        let mut file = self.after.file.clone();
        for (name, stamp) in &self.after.stamps {
            file.services[name].labels.insert(observe::STAMP.to_owned(), stamp.clone());
        }
        resolve::text(&file)
    }
}

/// The values of a `.env` of this host.
fn values(place: &Place, path: PathBuf) -> Result<Values<'_>, Error> {
    let settings = Settings::load(path)?.readable()?;
    let Some(text) = settings.text.clone() else {
        return Err(Error::NoSettings(settings.path));
    };
    let entries = settings.dotenv.entries.iter();
    let dotenv = entries.map(|(name, it)| (name.clone(), it.value.clone())).collect();
    let profiles = settings.profiles();
    let (house, folder) = (Some(place), place.root.as_path());
    let catalogue = place.own.stack.catalogue().to_vec();
    Ok(Values { text, house, dotenv, profiles, folder, catalogue })
}

fn before(file: &File, state: &State, current: Option<&Id>) -> Before {
    let mut seen = File { services: IndexMap::new(), ..file.clone() };
    for network in seen.networks.values_mut() {
        let real = network.name.as_ref().and_then(|it| state.networks.get(it));
        *network = real.map_or_else(|| network.clone(), |it| observe::network(it, network));
    }
    let mut containers = IndexMap::new();
    for container in &state.containers {
        let Some(name) = engine::service(container) else { continue };
        let image = engine::text(container, "/Image").and_then(|it| state.images.get(it));
        let wanted = file.services.get(name);
        let mut service = observe::service(&Inspected { container, image }, wanted, file);
        if state.of(name).nth(1).is_some() {
            // More than one: all of them go, so that one comes.
            service.image = None;
        }
        // The engine does not know them, and a label of Compose may not either.
        service.depends_on = wanted.map(|it| it.depends_on.clone()).unwrap_or_default();
        // One that crashes again and again, or that somebody paused, is not to be started.
        let status = engine::text(container, "/State/Status").unwrap_or_default();
        let running = ["running", "restarting", "paused"].contains(&status);
        let stamp = observe::stamp(container).map(str::to_owned);
        seen.services.insert(name.to_owned(), service);
        containers.insert(name.to_owned(), Container { running, stamp });
    }
    // In the order of the file, whatever the engine's is.
    let position = |name: &String| file.services.get_index_of(name).unwrap_or(usize::MAX);
    seen.services.sort_by_key(|name, _| position(name));
    Before { release: current.map(ToString::to_string), file: seen, containers }
}

/// Files of the release that a service mounts; `raw` is the service before its paths were made absolute.
fn mounted<'a>(
    raw: &'a Service,
    manifest: &'a Manifest,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    manifest.config().filter(|(path, _)| {
        let binds = raw.volumes.iter().filter(|it| it.kind == MountKind::Bind);
        { binds }.any(|it| {
            // However it is written: `./config/./web` is `config/web`.
            let source = power::real(&it.source, "").unwrap_or_default();
            let below = source.strip_prefix('/').and_then(|it| path.strip_prefix(it));
            below.is_some_and(|it| it.is_empty() || it.starts_with('/'))
        })
    })
}

/// A fingerprint of the files that each service mounts, for those that mount any.
fn stamps(raw: &File, on: &File, manifest: &Manifest) -> IndexMap<String, String> {
    let mut stamps = IndexMap::new();
    for (name, service) in raw.services.iter().filter(|it| on.services.contains_key(it.0)) {
        let files: Vec<_> =
            mounted(service, manifest).map(|(path, hash)| format!("{path}\n{hash}\n")).collect();
        if !files.is_empty() {
            stamps.insert(name.clone(), release::sha256(files.concat().as_bytes()));
        }
    }
    stamps
}

/// Mounted files whose contents on this host are not the release's, by service: somebody edited them, or
/// a deploy was cut off between the files and the containers.
fn altered(
    place: &Place,
    raw: &File,
    on: &File,
    manifest: &Manifest,
) -> IndexMap<String, Vec<String>> {
    let is_other = |path: &str, hash: &str| {
        let bytes = files::read(&place.root.join(path)).ok().flatten();
        bytes.is_none_or(|it| release::sha256(&it) != hash)
    };
    let mut altered = IndexMap::new();
    for (name, service) in raw.services.iter().filter(|it| on.services.contains_key(it.0)) {
        let other = mounted(service, manifest).filter(|it| is_other(it.0, it.1));
        let other: Vec<_> = other.map(|it| it.0.to_owned()).collect();
        if !other.is_empty() {
            altered.insert(name.clone(), other);
        }
    }
    altered
}

/// Mounted files that the old release has otherwise or not at all, or that only it has, by service.
fn changed(
    raw: &File,
    on: &File,
    old: Option<&Manifest>,
    new: &Manifest,
) -> IndexMap<String, Vec<String>> {
    let Some(old) = old else { return IndexMap::new() };
    let mut changed = IndexMap::new();
    for (name, service) in raw.services.iter().filter(|it| on.services.contains_key(it.0)) {
        let before: IndexMap<_, _> = mounted(service, old).collect();
        let after: IndexMap<_, _> = mounted(service, new).collect();
        let paths = after.keys().chain(before.keys().filter(|it| !after.contains_key(*it)));
        let other = paths.filter(|it| before.get(*it) != after.get(*it));
        let other: Vec<_> = other.map(|it| (*it).to_owned()).collect();
        if !other.is_empty() {
            changed.insert(name.clone(), other);
        }
    }
    changed
}

/// The release that runs, when there is one that can be read.
fn older<'a>(place: &Place, current: Option<&Id>) -> Option<Source<'a>> {
    Source::release(place, current?).ok()
}

/// What two releases say differently that no container shows.
fn warnings(old: &File, new: &File) -> Vec<String> {
    let mut warnings = Vec::new();
    if old.name != new.name {
        warnings.push(format!(
            "the project's name changes from `{}` to `{}`: the containers of the old one go on and hold \
             its ports, and every volume of the new one is empty",
            old.name, new.name
        ));
    }
    let when = |it: &Service| match it.profiles.as_slice() {
        [] => "always on".to_owned(),
        profiles => format!("on with `{}`", profiles.join("`, `")),
    };
    for (name, service) in &new.services {
        if let Some(before) = old.services.get(name).filter(|it| it.profiles != service.profiles) {
            warnings.push(format!("`{name}` was {}, and is {} now", when(before), when(service)));
        }
    }
    warnings
}

/// What two releases say differently of a service.
fn declared(old: &File, new: &File) -> IndexMap<String, Vec<Change>> {
    let both = new.services.iter().filter_map(|(name, to)| {
        let changes = diff::service(old.services.get(name)?, to);
        (!changes.is_empty()).then(|| (name.clone(), changes))
    });
    both.collect()
}

/// Why a service of the file does not run.
fn off(raw: &File, on: &File, profiles: &[&str]) -> IndexMap<String, String> {
    let off = raw.services.iter().filter(|it| !on.services.contains_key(it.0));
    let reason = |(name, it): (&String, &Service)| {
        let enabled =
            it.profiles.is_empty() || it.profiles.iter().any(|it| profiles.contains(&it.as_str()));
        let because = if enabled {
            "its number of containers is 0".to_owned()
        } else {
            format!("its profile `{}` is off", it.profiles.join("`, `"))
        };
        (name.clone(), because)
    };
    off.map(reason).collect()
}
