//! The house as a release wants it, with the values of this host.

use std::path::{Path, PathBuf};
use std::process::Output;

use homelab_core::compose::File;
use homelab_core::dsl::contract::Contract;
use homelab_core::dsl::declaration::{DECLARATION, Declaration};
use homelab_core::dsl::variable::Fallback;
use homelab_core::release::Id;
use homelab_core::release::observe;
use homelab_core::release::plan::{self, After, Before, Plan};
use homelab_core::release::resolve::{self, Setting};
use indexmap::{IndexMap, IndexSet};

use super::bundle::Bundle;
use super::place::{self, HousePlace};
use super::release::{self, Manifest, RESOLVED};
use super::{declared, files, mounted};
use crate::docker::{self, seen::Seen};
use crate::error::Error;
use crate::program::Limit;
use crate::released;
use crate::settings::Settings;

/// A release with the values of this host.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) manifest: Manifest,
    /// Its Compose file as it was committed.
    pub(crate) raw: File,
    /// The same file with all values filled in, and what a plan needs besides.
    pub(crate) after: After,
    /// The text of the `.env` with those values; empty where there is no host.
    pub(crate) values: String,
    /// The values of that text, by name.
    pub(crate) dotenv: IndexMap<String, String>,
    /// What it declares.
    pub(crate) declared: Declaration,
    /// What the release before it says of images, then what it says itself: its own word does not make
    /// an image harmless that was known otherwise.
    known: Vec<Contract>,
}

/// Gives the contents of a file of a release, by its path there.
type Read<'a> = dyn Fn(&str) -> Option<Vec<u8>> + 'a;

/// A release, and how to read its files.
struct ReleaseFiles<'a> {
    manifest: Manifest,
    raw: File,
    /// The contents of one of its files.
    read: Box<Read<'a>>,
}

impl<'a> ReleaseFiles<'a> {
    /// A release that is on this host.
    fn release(place: &HousePlace, id: &Id) -> Result<Self, Error> {
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

    /// What it declares; of one that was made before releases did, what its Compose file shows.
    fn declaration(&self) -> Result<Declaration, Error> {
        let text = (self.read)(DECLARATION);
        if text.is_none() && self.manifest.files.contains_key(DECLARATION) {
            return Err(Error::Bundle(format!("`{DECLARATION}` cannot be read")));
        }
        released::declaration(text.as_deref(), &self.raw)
    }

    fn resolve(&self, with: &HostValues<'_>) -> Result<File, Error> {
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

/// The values that a release is read with.
struct HostValues<'a> {
    text: String,
    /// The host, where there is one.
    house: Option<&'a HousePlace>,
    dotenv: IndexMap<String, String>,
    profiles: Vec<String>,
    folder: &'a Path,
}

impl Wanted {
    /// Reads a release of this host; `current` is the one that runs.
    pub(crate) fn load(place: &HousePlace, id: &Id, current: Option<&Id>) -> Result<Self, Error> {
        let values = values(place, place.dotenv())?;
        Self::build(ReleaseFiles::release(place, id)?, older(place, current).as_ref(), values)
    }

    /// Reads a release with the values with which it was healthy the last time. The way back uses these, since
    /// an edit of `.env` may be what went wrong.
    pub(crate) fn as_it_ran(place: &HousePlace, id: &Id) -> Result<Self, Error> {
        Self::with_values(place, id, place.applied(id))
    }

    /// Reads a release with the values with which the deploy to it began, to end that deploy.
    pub(crate) fn as_staged(place: &HousePlace, id: &Id) -> Result<Self, Error> {
        Self::with_values(place, id, place.staged(id))
    }

    fn with_values(place: &HousePlace, id: &Id, path: PathBuf) -> Result<Self, Error> {
        let path = Some(path).filter(|it| it.is_file());
        let values = values(place, path.unwrap_or_else(|| place.dotenv()))?;
        Self::build(ReleaseFiles::release(place, id)?, None, values)
    }

    /// Writes the file for Compose and the values of today beside the release. A recovery reads those values,
    /// so that an edit of `.env` does not change what an interrupted deploy brings.
    pub(super) fn stage(&self, place: &HousePlace) -> Result<(), Error> {
        files::write(&place.staged(&self.manifest.release), self.values.as_bytes(), 0o600)?;
        self.write_resolved(place)
    }

    /// Writes the file for Compose: the resolved one, with our label on the services that mount files of the
    /// release.
    pub(super) fn write_resolved(&self, place: &HousePlace) -> Result<(), Error> {
        let mut file = self.after.file.clone();
        for (name, stamp) in &self.after.stamps {
            file.services[name].labels.insert(observe::STAMP.to_owned(), stamp.clone());
        }
        let path = place.release(&self.manifest.release).join(RESOLVED);
        // It holds values of `.env`.
        files::write(&path, resolve::text(&file).as_bytes(), 0o600)
    }

    /// Keeps the values with which the release became healthy.
    pub(super) fn keep_values(&self, place: &HousePlace) -> Result<(), Error> {
        files::write(&place.applied(&self.manifest.release), self.values.as_bytes(), 0o600)
    }

    /// Reads a release that was sent and is not on this host yet.
    pub(crate) fn of_bundle(
        place: &HousePlace,
        bundle: &Bundle,
        current: Option<&Id>,
    ) -> Result<Self, Error> {
        let values = values(place, place.dotenv())?;
        // A release is not compared with itself: its files on this host may have been edited.
        let other = current.filter(|it| **it != bundle.manifest.release);
        Self::build(ReleaseFiles::bundle(bundle), older(place, other).as_ref(), values)
    }

    /// What a checkout would run somewhere: every profile on, defaults for all values.
    pub(crate) fn anywhere(bundle: &Bundle, old: Option<&Bundle>) -> Result<Self, Error> {
        let source = ReleaseFiles::bundle(bundle);
        let mut profiles = IndexSet::new();
        for service in source.raw.services.values() {
            profiles.extend(service.profiles.iter().cloned());
        }
        let declared = source.declaration()?;
        let required = declared.variables.iter().filter(|it| it.fallback() == Fallback::Required);
        let dotenv = required.map(|it| (it.name().to_owned(), "/srv/data".to_owned())).collect();
        let profiles = profiles.into_iter().collect();
        let folder = Path::new(place::DEFAULT);
        let values = HostValues { text: String::new(), house: None, dotenv, profiles, folder };
        Self::build(source, old.map(ReleaseFiles::bundle).as_ref(), values)
    }

    fn build(
        source: ReleaseFiles<'_>,
        old: Option<&ReleaseFiles<'_>>,
        with: HostValues<'_>,
    ) -> Result<Self, Error> {
        let file = source.resolve(&with)?;
        let declared = source.declaration()?;
        let earlier = old.and_then(|it| it.declaration().ok());
        let ReleaseFiles { manifest, raw, .. } = source;
        let profiles: Vec<_> = with.profiles.iter().map(String::as_str).collect();
        // An old release that does not fit today's values is not compared.
        let before = old.and_then(|it| it.resolve(&with).ok());
        let mut warnings = declared::unjudged(&raw);
        warnings.extend(old.iter().flat_map(|it| declared::warnings(&it.raw, &raw)));
        let after = After {
            release: manifest.release.to_string(),
            stamps: mounted::stamps(&raw, &file, &manifest),
            files: mounted::changed(&raw, &file, old.map(|it| &it.manifest), &manifest),
            altered: with.house.map_or_else(IndexMap::new, |place| {
                mounted::altered(&raw, &file, &manifest, |path, hash| {
                    !release::is_file_with(&place.root.join(path), hash).unwrap_or(false)
                })
            }),
            declared: before.map(|it| declared::changes(&it, &file)).unwrap_or_default(),
            warnings,
            off: declared::off(&raw, &file, &profiles),
            folder: Some(with.folder.display().to_string()),
            file,
        };
        let HostValues { text: values, dotenv, .. } = with;
        let mut known = earlier.map(|it| it.contracts).unwrap_or_default();
        known.extend(declared.contracts.iter().cloned());
        Ok(Self { manifest, raw, after, values, dotenv, declared, known })
    }

    /// What this release would change where the other one runs, without asking Docker.
    pub(crate) fn against(&self, old: &Self) -> Plan {
        let before = Before {
            release: Some(old.after.release.clone()),
            file: old.after.file.clone(),
            containers: IndexMap::new(),
        };
        plan::plan(&before, &self.after, &self.known)
    }

    /// Runs `docker compose` with this release; a failure of Compose is in the output.
    pub(crate) fn compose(
        &self,
        place: &HousePlace,
        words: &[&str],
        limit: Limit,
    ) -> Result<Output, Error> {
        let file = place.release(&self.manifest.release).join(RESOLVED);
        docker::compose(&self.raw.name, &place.root, &file, words, limit)
    }

    /// The names of its networks as Docker knows them.
    pub(crate) fn networks(&self) -> Vec<&str> {
        self.after.file.networks.values().filter_map(|it| it.name.as_deref()).collect()
    }

    /// Asks Docker what runs, and compares it with this release.
    pub(crate) fn plan(&self, current: Option<&Id>) -> Result<(Seen, Plan), Error> {
        let mut seen = docker::see_project(&self.after.file.name)?;
        seen.networks = docker::see_networks(&self.after.file.name, &self.networks())?;
        let before = seen.before(&self.after.file, current);
        let plan = plan::plan(&before, &self.after, &self.known);
        Ok((seen, plan))
    }
}

/// The values of a `.env` of this host.
fn values(place: &HousePlace, path: PathBuf) -> Result<HostValues<'_>, Error> {
    let settings = Settings::load(path)?.readable()?;
    let Some(text) = settings.text.clone() else {
        return Err(Error::NoSettings(settings.path));
    };
    let entries = settings.dotenv.entries.iter();
    let dotenv = entries.map(|(name, it)| (name.clone(), it.value.clone())).collect();
    let profiles = settings.profiles().into_iter().map(str::to_owned).collect();
    let (house, folder) = (Some(place), place.root.as_path());
    Ok(HostValues { text, house, dotenv, profiles, folder })
}

/// The release that runs, when there is one that can be read.
fn older<'a>(place: &HousePlace, current: Option<&Id>) -> Option<ReleaseFiles<'a>> {
    ReleaseFiles::release(place, current?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A release of one image, which says that it starts as this user.
    fn release(image: &str, user: u32) -> Bundle {
        let declared = format!(
            r#"{{ "reserve": 0, "profiles": [], "variables": [], "secrets": [], "contracts": [
                {{ "repository": "{image}", "user": {{ "known":
                {{ "value": {user}, "confidence": "ran", "source": "tests" }} }} }}] }}"#
        );
        let compose = format!("name: house\nservices:\n  web:\n    image: \"{image}:1\"\n");
        let files = [("compose.yaml", compose), (DECLARATION, declared)];
        let files = files.map(|(path, text)| (path.to_owned(), text.into_bytes()));
        let files = IndexMap::from(files);
        let commit = "0123456789abcdef";
        let id = Id::of(commit, &release::content(&files), false).expect("both are digits");
        Bundle::of_contents(id, commit, files).expect("a valid file")
    }

    /// Whether the plan from one release to the other says that the service starts as root now.
    fn becomes_root(old: &Bundle, new: &Bundle) -> bool {
        let wanted = Wanted::anywhere(new, Some(old)).expect("it can be read");
        let plan = wanted.against(&Wanted::anywhere(old, None).expect("it can be read"));
        plan.power.iter().any(|it| it.what == "starts as root")
    }

    #[test]
    fn an_image_is_known_by_the_release_before_and_then_by_its_own() {
        assert!(becomes_root(&release("good", 1000), &release("bad", 0)));
        assert!(!becomes_root(&release("good", 1000), &release("other", 1000)));
    }
}
