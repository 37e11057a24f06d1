//! Networks that are in the way of a release: those with other settings, and those that it does not have.
//!
//! Compose replaces a network only when no container is attached, never removes one that left the file, and
//! cannot use a subnet that another network still has.

use homelab_core::checks::finding::{Finding, Severity};
use homelab_core::compose::File;
use homelab_core::release::diff;
use homelab_core::release::observe;
use indexmap::{IndexMap, IndexSet};
use serde_json::Value;

use super::wanted::Wanted;
use crate::docker::{self, seen, seen::Seen};
use crate::error::Error;

/// Detaches all containers from those networks and removes them; Compose then makes the new ones.
///
/// The plan gives these containers new ones. A network that the release does not have stays while a container
/// of another project is attached. Networks of other projects are never touched: see `foreign`.
pub(super) fn clear(seen: &Seen, wanted: &Wanted) -> Result<(), Error> {
    let file = &wanted.after.file;
    let mut found = docker::see_networks(&file.name, &wanted.networks())?;
    found.retain(|_, it| is_own(it, &file.name));
    let own: IndexSet<_> = seen.containers.iter().filter_map(|it| seen::text(it, "/Id")).collect();
    for (name, fate) in fates(&found, file) {
        let strangers: Vec<_> = on(&found[name]).filter(|it| !own.contains(it)).collect();
        if fate == Fate::Gone && !strangers.is_empty() {
            continue;
        }
        // Also stopped containers: one would not start without the network that it was made for.
        let attached = seen.containers.iter().filter(|container| {
            let networks = container.pointer("/NetworkSettings/Networks");
            networks.is_some_and(|it| it.get(name).is_some())
        });
        let attached = attached.filter_map(|it| seen::text(it, "/Id"));
        for id in attached.chain(strangers) {
            docker::change(&["network", "disconnect", "--force", name, id])?;
        }
        docker::change(&["network", "rm", name])?;
    }
    Ok(())
}

/// Networks that the release names although they belong to somebody else, such as `bridge`.
pub(super) fn foreign(wanted: &Wanted, seen: &Seen) -> Vec<Finding> {
    let project = &wanted.after.file.name;
    let foreign = seen.networks.iter().filter(|it| !is_own(it.1, project));
    let finding = |(name, it): (&String, &Value)| {
        let owner = seen::text(it, PROJECT).map_or_else(
            || "of no project of Compose".to_owned(),
            |owner| format!("of the project `{owner}`"),
        );
        Finding {
            rule: "host-network".to_owned(),
            severity: Severity::Error,
            subject: name.clone(),
            place: None,
            accept: None,
            message: format!("the network `{name}` is there, and is {owner} instead of `{project}`"),
            help: "give the release's network another name; where nobody needs the one that is there: \
                   `docker network rm`"
                .to_owned(),
        }
    };
    foreign.map(finding).collect()
}

/// The label by which Compose knows its networks.
const PROJECT: &str = "/Labels/com.docker.compose.project";

fn is_own(network: &Value, project: &str) -> bool {
    seen::text(network, PROJECT) == Some(project)
}

/// Why a network has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The release wants it otherwise.
    Anew,
    /// The release has no such network.
    Gone,
}

fn fates<'a>(found: &'a IndexMap<String, Value>, file: &File) -> Vec<(&'a str, Fate)> {
    let fate = |name: &str, found: &Value| {
        let mut wanted = file.networks.iter();
        match wanted.find(|it| it.1.name.as_deref() == Some(name)) {
            None => Some(Fate::Gone),
            Some((key, it)) => {
                let changes = diff::network(key, &observe::network(found, it), it);
                (!changes.is_empty()).then_some(Fate::Anew)
            }
        }
    };
    found.iter().filter_map(|(name, it)| Some((name.as_str(), fate(name, it)?))).collect()
}

/// Ids of the containers that run on a network.
fn on(network: &Value) -> impl Iterator<Item = &str> {
    let containers = network.pointer("/Containers").and_then(Value::as_object);
    containers.into_iter().flatten().map(|it| it.0.as_str())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fs;
    use std::process::{ExitStatus, Output};
    use std::rc::Rc;

    use homelab_core::compose::{AddressRange, Ipam, Network, bridge};
    use serde_json::json;

    use super::super::bundle::Bundle;
    use super::super::place::HousePlace;
    use super::super::receipt::tests::id;
    use super::*;
    use crate::program::played;

    /// Networks that a release wants otherwise, and whose they are.
    const CLAIMED: [(&str, Option<&str>); 3] =
        [("bridge", None), ("shop_default", Some("shop")), ("house_front", Some("house"))];

    #[test]
    fn networks_of_another_project_are_left_alone_and_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = HousePlace::open(folder.path(), &crate::house_folder::house_of_tests())
            .expect("it exists");
        fs::write(place.dotenv(), "").expect("it is ours");
        let networks =
            CLAIMED.map(|(name, _)| format!("  {name}: {{name: {name}, internal: true}}\n"));
        let file = format!("name: house\nnetworks:\n{}services: {{}}\n", networks.concat());
        let files = [("compose.yaml".to_owned(), file.into_bytes())];
        let bundle = Bundle::of_contents(id("release1"), "release1", files.into());
        let wanted = Wanted::of_bundle(&place, &bundle.expect("a valid file"), None);
        let wanted = wanted.expect("the values are there");
        let deeds: Rc<RefCell<Vec<String>>> = Rc::default();
        let seen = Rc::clone(&deeds);
        let _docker = played::by(move |_, words, _| {
            let stdout = match words.iter().map(String::as_str).take(2).collect::<Vec<_>>()[..] {
                ["network", "ls"] => "house_front\n".to_owned(),
                ["network", "inspect"] => {
                    let all = CLAIMED.map(|(name, project)| {
                        json!({
                            "Name": name,
                            "Internal": false,
                            "Labels": { "com.docker.compose.project": project },
                            "Containers": { "somebody": {} },
                        })
                    });
                    Value::from(all.to_vec()).to_string()
                }
                _ => {
                    seen.borrow_mut().push(words.join(" "));
                    String::new()
                }
            };
            let status = ExitStatus::default();
            Some(Output { status, stdout: stdout.into_bytes(), stderr: Vec::new() })
        });
        clear(&Seen::default(), &wanted).expect("the engine answers");
        let expected =
            ["network disconnect --force house_front somebody", "network rm house_front"];
        assert_eq!(*deeds.borrow(), expected);
        let project = &wanted.after.file.name;
        let networks = docker::see_networks(project, &wanted.networks());
        let networks = networks.expect("the engine answers");
        let found = foreign(&wanted, &Seen { networks, ..Seen::default() });
        let found: Vec<_> = found.into_iter().map(|it| it.message).collect();
        assert_eq!(
            found,
            [
                "the network `bridge` is there, and is of no project of Compose instead of `house`",
                "the network `shop_default` is there, and is of the project `shop` instead of `house`",
            ]
        );
    }

    /// What Docker Engine 20.10 says of the networks of a house before this one had subnets of its
    /// own: cut to what is read.
    fn old_house() -> IndexMap<String, Value> {
        let all = include_str!("../../tests/fixtures/networks.json");
        let all: Vec<Value> = serde_json::from_str(all).expect("the fixture is JSON");
        let name = |it: &Value| it["Name"].as_str().expect("a name").to_owned();
        all.into_iter().map(|it| (name(&it), it)).collect()
    }

    fn wanted(name: &str, internal: bool, option: (&str, &str), subnet: &str) -> Network {
        let config = vec![AddressRange::of(subnet)];
        Network {
            name: Some(name.to_owned()),
            driver: None,
            internal,
            driver_opts: IndexMap::from([(option.0.to_owned(), option.1.to_owned())]),
            ipam: Some(Ipam { config }),
        }
    }

    fn fates_of(networks: Vec<Network>) -> Vec<String> {
        let keyed = networks.into_iter().map(|it| (it.name.clone().unwrap_or_default(), it));
        let file = File { networks: keyed.collect(), ..File::default() };
        let found = old_house();
        fates(&found, &file).iter().map(|(name, it)| format!("{name} {it:?}")).collect()
    }

    #[test]
    fn networks_that_a_release_wants_otherwise_or_not_at_all_have_to_go() {
        let closed = (bridge::NO_HOST_ADDRESS, "true");
        let pair = |subnet| wanted("homelab_caddy.homer", true, closed, subnet);
        // As it is: only what the release does not have goes.
        assert_eq!(
            fates_of(vec![pair("10.231.147.168/29")]),
            ["homelab_backend Gone", "homelab_socket-caddy Gone"]
        );
        // Other addresses, another option, a way out.
        for other in [
            pair("10.231.147.176/29"),
            wanted(
                "homelab_caddy.homer",
                true,
                (bridge::NO_HOST_ADDRESS, "false"),
                "10.231.147.168/29",
            ),
            wanted("homelab_caddy.homer", false, closed, "10.231.147.168/29"),
        ] {
            assert_eq!(
                fates_of(vec![other])[1..],
                ["homelab_caddy.homer Anew", "homelab_socket-caddy Gone"]
            );
        }
        // One of the engine's own pools gets addresses and an option.
        let backend = wanted("homelab_backend", true, closed, "10.231.79.0/24");
        assert_eq!(fates_of(vec![backend])[0], "homelab_backend Anew");
    }
}
