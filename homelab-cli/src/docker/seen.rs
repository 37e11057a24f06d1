//! What Docker showed of a project: read from the answers of `docker inspect`, without asking anything.

use homelab_core::compose::File;
use homelab_core::observe::{self, Inspected};
use homelab_core::plan::{Before, Container};
use homelab_core::release::Id;
use indexmap::IndexMap;
use serde_json::Value;

/// What the engine says of the project.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// `docker inspect` of every container of the project, one-off ones too.
    pub(crate) containers: Vec<Value>,
    /// `docker image inspect`, by image id.
    pub(crate) images: IndexMap<String, Value>,
    /// `docker network inspect`, by real name, when it was asked for.
    pub(crate) networks: IndexMap<String, Value>,
}

impl Seen {
    /// The containers of one service.
    pub(crate) fn of(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.containers.iter().filter(move |it| service(it) == Some(name))
    }

    /// Containers by service: identity and start, by which one can tell what happened to them.
    pub(crate) fn marks(&self) -> IndexMap<String, (String, String)> {
        let mark = |it: &Value| {
            let started = text(it, "/State/StartedAt").unwrap_or_default();
            Some((service(it)?.to_owned(), (text(it, "/Id")?.to_owned(), started.to_owned())))
        };
        self.containers.iter().filter_map(mark).collect()
    }

    /// The same as a plan wants it: the services in the words of `file`, the resolved file of a release.
    pub(crate) fn before(&self, file: &File, current: Option<&Id>) -> Before {
        let mut seen = File { services: IndexMap::new(), ..file.clone() };
        for network in seen.networks.values_mut() {
            let real = network.name.as_ref().and_then(|it| self.networks.get(it));
            *network = real.map_or_else(|| network.clone(), |it| observe::network(it, network));
        }
        let mut containers = IndexMap::new();
        for container in &self.containers {
            let Some(name) = service(container) else { continue };
            let image = text(container, "/Image").and_then(|it| self.images.get(it));
            let wanted = file.services.get(name);
            let mut service = observe::service(&Inspected { container, image }, wanted, file);
            if self.of(name).nth(1).is_some() {
                // More than one: all of them go, so that one comes.
                service.image = None;
            }
            // The engine does not know them, and a label of Compose may not either.
            service.depends_on = wanted.map(|it| it.depends_on.clone()).unwrap_or_default();
            // One that crashes again and again, or that somebody paused, is not to be started.
            let status = text(container, "/State/Status").unwrap_or_default();
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
}

/// A text in an answer of the engine.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|it| !it.is_empty())
}

/// A label of a container.
pub(crate) fn label<'a>(container: &'a Value, name: &str) -> Option<&'a str> {
    container.pointer("/Config/Labels")?.get(name)?.as_str()
}

/// The service of a container, unless it is a one-off of `docker compose run`.
pub(crate) fn service(container: &Value) -> Option<&str> {
    let is_one_off = label(container, "com.docker.compose.oneoff") == Some("True");
    label(container, "com.docker.compose.service").filter(|_| !is_one_off)
}
