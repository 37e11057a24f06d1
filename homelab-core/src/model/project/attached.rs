//! On which networks services are, by whichever key the file says it.

use indexmap::IndexMap;

use crate::compose::{File, Service};

/// What stands for a network where `network_mode` puts a service on one that the file does not
/// have. No key of a network has a space.
pub(crate) const OUTSIDE: &str = "network_mode: ";

/// The network of the host itself.
pub(crate) const HOST: &str = "network_mode: host";

/// The networks of a service.
#[derive(Clone, Debug)]
pub(super) struct Attached {
    /// The service whose network it has, by its position in the file; mostly its own.
    pub(super) owner: usize,
    /// Keys of the file, `default`, or names that begin with [`OUTSIDE`].
    pub(super) networks: Vec<String>,
}

/// Whether it is a network that the file does not have, so that nobody can tell who is on it.
pub(super) fn is_outside(network: &str) -> bool {
    network.starts_with(OUTSIDE)
}

/// Finds the networks of each service, in the file's order. Without `networks` and `network_mode`
/// that is Compose's `default`.
pub(super) fn attached(file: &File, resolve: impl Fn(&str) -> String) -> Vec<Attached> {
    let mode = |it: &Service| resolve(it.network_mode.as_deref().unwrap_or_default());
    let modes: Vec<_> = file.services.values().map(mode).collect();
    let one = |at| {
        let owner = owner(&file.services, &modes, at);
        let networks = match modes[owner].as_str() {
            "none" => Vec::new(),
            "" => match &file.services[owner].networks {
                own if own.is_empty() => vec!["default".to_owned()],
                own => own.iter().map(|it| it.key.clone()).collect(),
            },
            other => vec![format!("{OUTSIDE}{other}")],
        };
        Attached { owner, networks }
    };
    (0..modes.len()).map(one).collect()
}

/// Follows `service:…` to a service with a network of its own.
fn owner(services: &IndexMap<String, Service>, modes: &[String], mut at: usize) -> usize {
    // Who is in a circle has nobody's network; Compose refuses it.
    for _ in modes {
        let next = modes[at].strip_prefix("service:").and_then(|it| services.get_index_of(it));
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}
