//! What Docker showed of a project: reads answers of `docker inspect`, and calls nothing.

use homelab_core::compose::{File, Service};
use homelab_core::release::Id;
use homelab_core::release::observe::{self, Inspected};
use homelab_core::release::plan::{Before, Container};
use indexmap::IndexMap;
use serde_json::Value;

/// The answers about one project.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// `docker inspect` of all its containers, also those of `docker compose run`.
    pub(crate) containers: Vec<Value>,
    /// `docker image inspect`, by image id.
    pub(crate) images: IndexMap<String, Value>,
    /// `docker network inspect`, by name; empty unless a plan asked for it.
    pub(crate) networks: IndexMap<String, Value>,
}

impl Seen {
    /// The containers of one service.
    pub(crate) fn of(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.containers.iter().filter(move |it| service(it) == Some(name))
    }

    /// Id and time of start of each service's container, which show later what happened to it.
    pub(crate) fn marks(&self) -> IndexMap<String, (String, String)> {
        let mark = |container: &Value| {
            let started = text(container, "/State/StartedAt").unwrap_or_default().to_owned();
            Some((service(container)?.to_owned(), (text(container, "/Id")?.to_owned(), started)))
        };
        self.containers.iter().filter_map(mark).collect()
    }

    /// What runs, for a plan: the services as the resolved file of a release would write them.
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
            if let Some(lost) = self.lost_network(container, wanted) {
                service.network_mode = Some(lost.to_owned());
            }
            if self.of(name).nth(1).is_some() {
                // Where a service has several containers, the plan replaces it.
                service.image = None;
            }
            // Docker does not know dependencies.
            service.depends_on = wanted.map(|it| it.depends_on.clone()).unwrap_or_default();
            service.unjudged = wanted.map(|it| it.unjudged.clone()).unwrap_or_default();
            // A container that keeps crashing or is paused does not need a start.
            let status = text(container, "/State/Status").unwrap_or_default();
            let running =
                ["running", "restarting", "paused"].contains(&status) || is_done(container);
            let stamp = observe::stamp(container).map(str::to_owned);
            seen.services.insert(name.to_owned(), service);
            containers.insert(name.to_owned(), Container { running, stamp });
        }
        // Sorted as in the file.
        let position = |name: &String| file.services.get_index_of(name).unwrap_or(usize::MAX);
        seen.services.sort_by_key(|name, _| position(name));
        Before { release: current.map(ToString::to_string), file: seen, containers }
    }

    /// Returns the network mode of a container that should have another service's network, and has
    /// that of a container which is gone or has started anew since: it reaches nobody.
    fn lost_network<'a>(&self, container: &'a Value, wanted: Option<&Service>) -> Option<&'a str> {
        let owner = wanted?.network_mode.as_deref()?.strip_prefix("service:")?;
        let mode = text(container, "/HostConfig/NetworkMode")?;
        let id = mode.strip_prefix("container:")?;
        let since = text(container, "/State/StartedAt");
        let is_kept =
            |it: &Value| text(it, "/Id") == Some(id) && text(it, "/State/StartedAt") <= since;
        (!self.of(owner).any(is_kept)).then_some(mode)
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

/// Whether a container is a job's: nobody starts it again when it ends.
pub(crate) fn is_job(container: &Value) -> bool {
    matches!(text(container, "/HostConfig/RestartPolicy/Name"), None | Some("no"))
}

/// Whether a container is a job's that has ended with exit code 0.
pub(crate) fn is_done(container: &Value) -> bool {
    let code = container.pointer("/State/ExitCode").and_then(Value::as_i64);
    is_job(container) && text(container, "/State/Status") == Some("exited") && code == Some(0)
}

/// The service of a container, unless it is a one-off of `docker compose run`.
pub(crate) fn service(container: &Value) -> Option<&str> {
    let is_one_off = label(container, "com.docker.compose.oneoff") == Some("True");
    label(container, "com.docker.compose.service").filter(|_| !is_one_off)
}

#[cfg(test)]
mod tests {
    use homelab_core::compose::yaml;
    use homelab_core::release::diff;
    use serde_json::json;

    use super::*;

    const FILE: &str = "
name: house
services:
  vpn: { image: \"vpn:1\", network_mode: none }
  rider: { image: \"rider:1\", network_mode: \"service:vpn\" }
";

    /// What differs for the service in the other one's network, when these containers run.
    fn changes(id: &str, vpn_started: &str, rider_started: &str) -> Vec<String> {
        let container = |name: &str, id: &str, mode: &str, started: &str| {
            json!({
                "Id": id,
                "Config": { "Labels": { "com.docker.compose.service": name }, "Image": format!("{name}:1") },
                "HostConfig": { "NetworkMode": mode },
                "State": { "StartedAt": format!("2026-05-02T10:00:{started}Z"), "Status": "running" },
            })
        };
        let vpn = container("vpn", id, "none", vpn_started);
        let rider = container("rider", "r1", "container:v1", rider_started);
        let seen = Seen { containers: vec![vpn, rider], ..Seen::default() };
        let file = yaml::parse(FILE).expect("the file is valid");
        let before = seen.before(&file, None);
        let rider = |it: &File| it.services["rider"].clone();
        let changes = diff::service(&rider(&before.file), &rider(&file));
        let told = changes.iter().filter(|it| it.field == "network_mode");
        told.map(ToString::to_string).collect()
    }

    #[test]
    fn a_network_that_went_away_is_a_difference() {
        assert_eq!(changes("v1", "05.1", "06.2"), [""; 0]);
        let lost = ["network_mode: container:v1 → service:vpn"];
        assert_eq!(changes("v2", "05.1", "06.2"), lost, "another container");
        assert_eq!(changes("v1", "07.1", "06.2"), lost, "it was started again");
    }
}
