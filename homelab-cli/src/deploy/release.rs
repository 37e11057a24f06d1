//! A release: the generated files of one commit, with a manifest of their hashes.

use std::path::Path;

use homelab_core::compose::{File, Service};
use homelab_core::dsl::declaration::DECLARATION;
use homelab_core::release::Id;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::files;
use super::place::HousePlace;
use crate::bytes::sha256;
use crate::error::Error;
use crate::released::{self, COMPOSE};

/// The manifest's name in a release's folder.
pub(crate) const MANIFEST: &str = "release.json";

/// The file that Compose gets: that of the release with the values of the host filled in.
pub(crate) const RESOLVED: &str = "resolved.yaml";

/// Format of manifest and bundle. Every other one is refused.
///
/// Format 1 named a release by its commit alone.
pub(crate) const FORMAT: u32 = 2;

/// What a release consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// [`FORMAT`].
    pub(crate) format: u32,
    /// Name of the release.
    pub(crate) release: Id,
    /// The commit that it was made from.
    pub(crate) commit: String,
    /// `sha256` of every file, by its path.
    pub(crate) files: IndexMap<String, String>,
    /// The image of every service, profiles that are off included.
    pub(crate) images: IndexMap<String, String>,
}

impl Manifest {
    /// The manifest of these files.
    pub(crate) fn of(
        release: Id,
        commit: &str,
        contents: &IndexMap<String, Vec<u8>>,
        file: &File,
    ) -> Self {
        let image = |(name, it): (&String, &Service)| Some((name.clone(), it.image.clone()?));
        Self {
            format: FORMAT,
            release,
            commit: commit.to_owned(),
            files: contents.iter().map(|(path, it)| (path.clone(), sha256(it))).collect(),
            images: file.services.iter().filter_map(image).collect(),
        }
    }

    /// The manifest of a release that is on this host.
    pub(crate) fn load(place: &HousePlace, id: &Id) -> Result<Self, Error> {
        let path = place.release(id).join(MANIFEST);
        let bytes = files::read(&path)?.ok_or_else(|| Error::NoRelease(id.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|source| Error::Manifest { path, source })
    }

    /// Fails unless these are exactly the files of the manifest.
    pub(crate) fn matches(&self, contents: &IndexMap<String, Vec<u8>>) -> Result<(), Error> {
        let refuse = |what: String| Err(Error::Bundle(what));
        if self.format != FORMAT {
            return Err(Error::Format { found: self.format, expected: FORMAT });
        }
        if !self.commit.bytes().all(|it| it.is_ascii_hexdigit()) {
            return refuse("its commit has other digits than a commit has".to_owned());
        }
        for (path, hash) in &self.files {
            if !is_allowed(path) {
                return refuse(format!("it has a file `{path}`, which no release has"));
            }
            match contents.get(path) {
                None => return refuse(format!("`{path}` is missing")),
                Some(bytes) if &sha256(bytes) != hash => {
                    return refuse(format!("`{path}` is not the file that was sent"));
                }
                Some(_) => {}
            }
        }
        match contents.keys().find(|it| !self.files.contains_key(*it)) {
            Some(path) => refuse(format!("`{path}` is not in its manifest")),
            None if !self.files.contains_key(COMPOSE) => refuse(format!("it has no `{COMPOSE}`")),
            None => Ok(()),
        }
    }

    /// Fails unless the release's name is made of these files' hash.
    pub(crate) fn is_named_by(&self, contents: &IndexMap<String, Vec<u8>>) -> Result<(), Error> {
        let name = Id::of(&self.commit, &content(contents), self.release.is_dirty())?;
        if self.release == name {
            return Ok(());
        }
        let named = &self.release;
        Err(Error::Bundle(format!("it is named `{named}`, and its files are `{name}`")))
    }

    /// Paths of the configuration files that containers mount.
    pub(crate) fn config(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter().map(|(path, hash)| (path.as_str(), hash.as_str()));
        files.filter(|it| it.0.starts_with("config/"))
    }
}

/// The Compose file of a release on this host.
pub(crate) fn compose_of(place: &HousePlace, id: &Id) -> Result<File, Error> {
    let path = place.release(id).join(COMPOSE);
    let bytes = files::read(&path)?.ok_or_else(|| Error::NoRelease(id.to_string()))?;
    released::compose(&bytes)
}

/// Whether a release may have a file at this path: only generated files, and none outside of its folder.
pub(crate) fn is_allowed(path: &str) -> bool {
    // Names with a dot at the beginning are hidden or temporary.
    let plain = |part: &str| !part.is_empty() && !part.starts_with('.');
    let known = [COMPOSE, ".env.example"].contains(&path) || path.starts_with("config/");
    let is_below_a_file = path.starts_with(&format!("{DECLARATION}/"));
    known
        && !is_below_a_file
        && path.split('/').skip(1).all(plain)
        && path.len() < 200
        && !path.contains(char::is_control)
}

/// The hash of what a release consists of: of every path and every file's bytes.
pub(crate) fn content(contents: &IndexMap<String, Vec<u8>>) -> String {
    let mut lines: Vec<_> =
        contents.iter().map(|(path, bytes)| format!("{path}\n{}\n", sha256(bytes))).collect();
    lines.sort();
    sha256(lines.concat().as_bytes())
}

/// Whether there is a file with this hash at the path.
pub(crate) fn is_file_with(path: &Path, hash: &str) -> Result<bool, Error> {
    Ok(files::read(path)?.is_some_and(|bytes| sha256(&bytes) == hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_generated_files_are_allowed() {
        for path in ["compose.yaml", ".env.example", "config/homer/config.yml"] {
            assert!(is_allowed(path), "{path}");
        }
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "config/../.env",
            "config/",
            ".env",
            "secrets/x",
            "config//x",
            "./compose.yaml",
            "config/./x",
            "config/.",
            "config/..",
            "config/.hidden",
            "config/.d/x",
            "config/house.json/x",
            "config/a\nb",
            "config/a\u{1b}[2J",
        ] {
            assert!(!is_allowed(path), "{path}");
        }
    }
}
