//! Names of images as registries know them.

use std::fmt;

/// Docker Hub, by the name that images have.
const HUB: &str = "docker.io";

/// Docker Hub, by the address that answers.
const HUB_ADDRESS: &str = "registry-1.docker.io";

/// A repository: who keeps it, and its path there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    pub(super) registry: String,
    pub(super) path: String,
}

impl Name {
    /// The first part is a registry if it could be a host; if not, all of it is Docker Hub's.
    pub(crate) fn parse(repository: &str) -> Self {
        let is_host = |it: &str| it.contains(['.', ':']) || it == "localhost";
        let (registry, path) = match repository.split_once('/') {
            Some((first, rest)) if is_host(first) => (first, rest),
            Some(_) | None => (HUB, repository),
        };
        let registry = if registry == "index.docker.io" { HUB } else { registry };
        let library = if registry == HUB && !path.contains('/') { "library/" } else { "" };
        Self { registry: registry.to_owned(), path: format!("{library}{path}") }
    }

    /// Host and port to ask.
    pub(super) fn address(&self) -> &str {
        if self.registry == HUB { HUB_ADDRESS } else { &self.registry }
    }

    /// With a tag or a digest, for people.
    pub(super) fn with(&self, reference: &str) -> String {
        let sign = match reference {
            it if it.contains(':') => "@",
            it if it.contains('/') => " ",
            _ => ":",
        };
        format!("{self}{sign}{reference}")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

/// Whether this is the machine itself, which is asked without TLS, as Docker does.
pub(super) fn is_loopback(address: &str) -> bool {
    let host = match address.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => address.split(':').next().unwrap_or(address),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_docker_makes_of_them() {
        for (repository, registry, address, path) in [
            ("b4bz/homer", "docker.io", "registry-1.docker.io", "b4bz/homer"),
            ("debian", "docker.io", "registry-1.docker.io", "library/debian"),
            ("docker.io/valkey/valkey", "docker.io", "registry-1.docker.io", "valkey/valkey"),
            ("index.docker.io/debian", "docker.io", "registry-1.docker.io", "library/debian"),
            ("ghcr.io/immich-app/postgres", "ghcr.io", "ghcr.io", "immich-app/postgres"),
            ("localhost/a", "localhost", "localhost", "a"),
            ("127.0.0.1:5000/a/b/c", "127.0.0.1:5000", "127.0.0.1:5000", "a/b/c"),
        ] {
            let name = Name::parse(repository);
            let read = (&*name.registry, name.address(), &*name.path);
            assert_eq!(read, (registry, address, path), "{repository}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for it in ["localhost", "localhost:5000", "127.0.0.1:1", "127.8.9.1", "[::1]:5000"] {
            assert!(is_loopback(it), "{it}");
        }
        for it in
            ["ghcr.io", "localhost.example.org", "10.0.0.1:5000", "[::2]:1", "127.0.0.1.nip.io"]
        {
            assert!(!is_loopback(it), "{it}");
        }
    }
}
