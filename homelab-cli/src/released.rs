//! Reads what a release says: its Compose file and its declaration.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use homelab_core::compose::{File, unjudged, yaml};
use homelab_core::dsl::declaration::{DECLARATION, Declaration};

use crate::error::Error;

/// The Compose file.
pub(crate) const COMPOSE: &str = "compose.yaml";

/// Files that Compose merges into it by itself; a release has none of them.
pub(crate) const OVERRIDES: [&str; 4] = [
    "compose.override.yaml",
    "compose.override.yml",
    "docker-compose.override.yaml",
    "docker-compose.override.yml",
];

/// Refuses a checkout with a file that Compose would merge into the generated one.
pub(crate) fn has_no_override(folder: &Path) -> Result<(), Error> {
    let found = OVERRIDES.iter().map(|it| folder.join(it)).find(|it| it.exists());
    found.map_or(Ok(()), |path| Err(Error::Override(path)))
}

/// Reads what a release declares; of one that was made before releases did, what its Compose file shows.
pub(crate) fn declaration(text: Option<&[u8]>, file: &File) -> Result<Declaration, Error> {
    let Some(text) = text else {
        let profiles: BTreeSet<_> = file.services.values().flat_map(|it| &it.profiles).collect();
        let secrets = file.secrets.keys().map(String::as_str);
        return Ok(Declaration::of_names(profiles.into_iter().map(String::as_str), secrets));
    };
    Declaration::parse(text)
        .map_err(|it| Error::Bundle(format!("`{DECLARATION}` is not valid: {it}")))
}

/// Reads a Compose file in the long forms that `cargo xtask gen` writes.
pub(crate) fn compose(bytes: &[u8]) -> Result<File, Error> {
    let broken = |it: &dyn fmt::Display| Error::Bundle(format!("`{COMPOSE}` is not valid: {it}"));
    let text = std::str::from_utf8(bytes).map_err(|it| broken(&it))?;
    let file: File = unjudged::parse(text).map_err(|it| broken(&it))?;
    let File { services, networks, volumes, secrets, .. } = &file;
    let names = services.keys().chain(networks.keys()).chain(volumes.keys()).chain(secrets.keys());
    // As Compose names services. `<<` would merge into its neighbours, and `-V` would be an option.
    let plain = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
    let is_name = |name: &String| {
        name.starts_with(|first: char| first.is_ascii_alphanumeric()) && name.chars().all(plain)
    };
    match { names }.find(|it| !is_name(it)) {
        Some(name) => Err(broken(&format_args!("`{name}` is no name"))),
        None => Ok(file),
    }
}

/// Fails when a service has a key that this program does not know; on a host that is no mistake.
pub(crate) fn has_no_unknown_key(bytes: &[u8]) -> Result<(), Error> {
    let strict = yaml::parse(&String::from_utf8_lossy(bytes));
    strict.map(drop).map_err(|it| Error::Bundle(format!("`{COMPOSE}` is not valid: {it}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_means_something_to_compose_is_refused() {
        for name in ["<<", "-V", "--remove-orphans", "a b", "_", ""] {
            let text = format!("name: house\nservices:\n  \"{name}\":\n    image: a\n");
            let said = compose(text.as_bytes()).expect_err(name).to_string();
            assert!(said.contains("is no name"), "{said}");
        }
        let text = "name: house\nservices: { a_b.c-1: { image: a } }\nnetworks: { ports_a: {} }\n";
        compose(text.as_bytes()).expect("all of them are names");
    }
}
