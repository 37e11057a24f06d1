//! The files of a new household. What every household needs is this repository's own: the proxy with its
//! filter, workflows, newer pins.

use std::path::PathBuf;

use crate::pins::{Change, Pins};

/// A file of the new repository.
pub(super) struct File {
    pub(super) path: &'static str,
    pub(super) text: String,
    pub(super) mode: u32,
}

/// Where cargo finds the libraries.
pub(super) enum Libraries {
    /// In the clone to which this way leads.
    Path(PathBuf),
    Git {
        url: String,
        commit: String,
    },
}

impl Libraries {
    /// How `Cargo.toml` names one.
    fn named(&self, library: &str) -> String {
        match self {
            Self::Path(clone) => format!("path = \"{}\"", clone.join(library).display()),
            Self::Git { url, commit } => format!("git = \"{url}\", rev = \"{commit}\""),
        }
    }
}

/// What differs from household to household.
pub(super) struct Values<'a> {
    pub(super) project: &'a str,
    pub(super) libraries: &'a Libraries,
    /// Of the host, in GiB.
    pub(super) memory: u32,
    pub(super) cores: u32,
}

/// A template of the skeleton's own.
macro_rules! own {
    ($name:literal) => {
        include_str!(concat!("../../../skeleton/", $name))
    };
}

/// A file of this repository.
macro_rules! ours {
    ($name:literal) => {
        include_str!(concat!("../../../../", $name))
    };
}

const TEMPLATES: &[(&str, &str)] = &[
    ("Cargo.toml", own!("Cargo.toml.in")),
    ("Cargo.lock", ours!("Cargo.lock")),
    ("README.md", own!("README.md.in")),
    ("rustfmt.toml", ours!("rustfmt.toml")),
    (".gitignore", own!("gitignore.in")),
    (".cargo/config.toml", own!("cargo.toml.in")),
    ("house/Cargo.toml", own!("house/Cargo.toml.in")),
    ("house/src/lib.rs", own!("house/lib.rs.in")),
    ("house/src/site.rs", own!("house/site.rs.in")),
    ("house/src/env.rs", own!("house/env.rs.in")),
    ("house/src/networks.rs", own!("house/networks.rs.in")),
    ("house/src/profiles.rs", own!("house/profiles.rs.in")),
    ("house/src/groups.rs", own!("house/groups.rs.in")),
    ("house/src/services.rs", own!("house/services.rs.in")),
    ("house/src/services/caddy.rs", ours!("homelab-services/src/services/caddy.rs")),
    ("house/src/services/socket_proxy.rs", ours!("homelab-services/src/services/socket_proxy.rs")),
    ("house/src/services/uptime_kuma.rs", own!("house/uptime_kuma.rs.in")),
    ("house/src/contracts.rs", own!("house/contracts.rs.in")),
    ("house/tests/house.rs", own!("house/tests.rs.in")),
    ("homelab/src/main.rs", own!("homelab.rs.in")),
    ("xtask/src/main.rs", own!("xtask.rs.in")),
    (".github/known_hosts", ours!(".github/known_hosts")),
    (".github/workflows/deploy.yml", ours!(".github/workflows/deploy.yml")),
    (".github/workflows/drift.yml", ours!(".github/workflows/drift.yml")),
    (".github/workflows/update.yml", ours!(".github/workflows/update.yml")),
    (".github/workflows/validate.yml", ours!(".github/workflows/validate.yml")),
];

/// Programs of the shell.
const SCRIPTS: &[(&str, &str)] = &[
    (".ci/run", own!("ci.sh.in")),
    (".github/scripts/build.sh", ours!(".github/scripts/build.sh")),
    (".github/scripts/comment.sh", ours!(".github/scripts/comment.sh")),
    (".github/scripts/cut.sh", ours!(".github/scripts/cut.sh")),
    (".github/scripts/deploy.sh", ours!(".github/scripts/deploy.sh")),
    (".github/scripts/fenced.sh", ours!(".github/scripts/fenced.sh")),
    (".github/scripts/images.sh", ours!(".github/scripts/images.sh")),
    (".github/scripts/issue.sh", ours!(".github/scripts/issue.sh")),
    (".github/scripts/key.sh", ours!(".github/scripts/key.sh")),
    (".github/scripts/on-host.sh", ours!(".github/scripts/on-host.sh")),
    (".github/scripts/page.sh", ours!(".github/scripts/page.sh")),
    (".github/scripts/plan.sh", ours!(".github/scripts/plan.sh")),
    (".github/scripts/propose.sh", ours!(".github/scripts/propose.sh")),
    (".github/scripts/rust.sh", ours!(".github/scripts/rust.sh")),
    (".github/scripts/status.sh", ours!(".github/scripts/status.sh")),
    (".github/scripts/take.sh", ours!(".github/scripts/take.sh")),
];

/// Where the libraries' own house has a pin of the same image, that one is newer.
const PINS: &str = own!("house/images.rs.in");
const OUR_PINS: &str = ours!("homelab-services/src/images.rs");

/// The whole repository.
pub(super) fn files(values: &Values<'_>) -> Vec<File> {
    let rust = ours!("Cargo.toml").lines().find_map(|it| it.strip_prefix("rust-version = "));
    let fill = |text: &str| {
        ["homelab-core", "homelab-services", "homelab-cli", "xtask"]
            .into_iter()
            .fold(text.to_owned(), |text, it| {
                text.replace(&format!("@{it}@"), &values.libraries.named(it))
            })
            .replace("@project@", values.project)
            .replace("@rust@", rust.unwrap_or_default().trim_matches('"'))
            .replace("Memory::gib(8)", &format!("Memory::gib({})", values.memory))
            .replace("cores: 4", &format!("cores: {}", values.cores))
    };
    let program = |name: &str, library: &str| {
        own!("program.toml.in").replace("@name@", name).replace("@library@", library)
    };
    let made = [
        ("house/src/images.rs", pins()),
        ("homelab/Cargo.toml", program("homelab", "cli")),
        ("xtask/Cargo.toml", program("xtask", "xtask")),
    ];
    let filled = TEMPLATES.iter().map(|(path, text)| (*path, fill(text)));
    let texts = made.into_iter().chain(filled).map(|(path, text)| File { path, text, mode: 0o644 });
    let scripts = SCRIPTS
        .iter()
        .map(|(path, text)| (*path, text.replace("homelab-services/src", "house/src")));
    texts.chain(scripts.map(|(path, text)| File { path, text, mode: 0o755 })).collect()
}

fn pins() -> String {
    let parse = |text: &str| Pins::parse(text.to_owned(), []).expect("a test of its own says so");
    let (pins, ours) = (parse(PINS), parse(OUR_PINS).all);
    let newer = pins.all.iter().filter_map(|pin| {
        let our = ours.iter().find(|it| it.repository == pin.repository)?;
        let (tag, digest) = (our.tag.clone(), our.digest.clone());
        Some(Change { constant: pin.constant.clone(), tag, digest })
    });
    pins.with(&newer.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_name_the_folder_of_the_new_house() {
        let libraries = Libraries::Path(PathBuf::from("../homelab"));
        let values = Values { project: "a", libraries: &libraries, memory: 8, cores: 4 };
        let scripts =
            files(&values).into_iter().filter(|it| it.path.starts_with(".github/scripts"));
        let scripts: String = scripts.map(|it| it.text).collect();
        assert!(scripts.contains("house/src/images.rs"), "`propose.sh` allows it to change");
        assert!(!scripts.contains("homelab-services"), "it is of this repository");
    }

    #[test]
    fn a_pin_of_the_house_is_taken_and_others_stay() {
        let parse = |text: &str| Pins::parse(text.to_owned(), []).expect("it is well-formed").all;
        let (made, own, ours) = (parse(&pins()), parse(PINS), parse(OUR_PINS));
        assert_eq!(made.len(), own.len());
        for (made, own) in made.iter().zip(&own) {
            let from = ours.iter().find(|it| it.repository == own.repository).unwrap_or(own);
            let expected = (&own.constant, &from.tag, &from.digest);
            assert_eq!((&made.constant, &made.tag, &made.digest), expected);
        }
    }
}
