//! A stateful fake of `docker`: an engine that outlives who calls it, and data that has a version.
//!
//! It believes nothing of our own plans: when a service starts, its image changes the data to its own
//! version, and an older image on newer data is written down as wrong, unless a person has asked for it.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Output};

use homelab_core::compose::Service;

use super::injection::moment;
use super::{compose, psql, shown, sqlite};

/// The engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Docker {
    /// What the registry has; another image cannot be pulled.
    pub(super) registry: BTreeSet<String>,
    pub(super) images: BTreeSet<String>,
    pub(super) containers: Vec<Container>,
    /// Networks by name, and whether they are internal.
    pub(super) networks: BTreeMap<String, bool>,
    /// Databases of the server `db`, by name.
    pub(super) databases: BTreeMap<String, Data>,
    /// What the others keep, by service.
    pub(super) volumes: BTreeMap<String, Data>,
    /// Whether a person wants older images on newer data.
    pub(super) keep_data: bool,
    /// Whether who never got well is well now.
    pub(super) cured: bool,
    /// When everything was started, but for the nanoseconds.
    pub(super) today: String,
    /// How often who migrates slowly is looked at until it has ended.
    pub(super) slow: usize,
    /// Whether the server `db` answers nobody.
    pub(super) mute: bool,
    /// After how many `docker compose up` it answers nothing any more, and for how many calls.
    pub(super) away: Option<(usize, usize)>,
    /// By which digest the registry gave every image; without one they came from a file.
    pub(super) digest: Option<String>,
    /// Images that were stopped while they ran.
    pub(super) stops: Vec<String>,
    /// What must never have happened.
    pub(super) wrong: Vec<String>,
    made: usize,
}

/// Rows, and the version that each service's image has given them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Data {
    pub(super) versions: BTreeMap<String, u32>,
    pub(super) rows: BTreeSet<String>,
    /// The comment of a database.
    pub(super) mark: Option<String>,
}

/// A container of a service.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) definition: Service,
    /// Names of the networks that it is on.
    pub(super) networks: BTreeSet<String>,
    pub(super) runs: bool,
    pub(super) is_paused: bool,
    /// When it was last started.
    pub(super) started: Option<usize>,
    /// How often it was looked at since.
    looked: usize,
}

impl Container {
    pub(super) fn image(&self) -> &str {
        self.definition.image.as_deref().unwrap_or_default()
    }

    /// `app:2-sick` is version 2 and never gets healthy.
    pub(super) fn is_sick(&self) -> bool {
        self.image().contains("-sick")
    }

    /// `jelly:2-slow` is version 2 and is unhealthy until its data is migrated.
    pub(super) fn is_migrating(&self, docker: &Docker) -> bool {
        self.runs && self.image().contains("-slow") && self.looked < docker.slow
    }

    fn version(&self) -> u32 {
        let tagged = self.image().split('@').next().unwrap_or_default();
        let digits: String = tagged.chars().filter(char::is_ascii_digit).collect();
        digits.parse().unwrap_or_default()
    }
}

/// What a program that ended well or badly has written.
pub(super) fn ended(code: i32, out: impl Into<Vec<u8>>, err: impl Into<Vec<u8>>) -> Output {
    Output { status: ExitStatus::from_raw(code << 8), stdout: out.into(), stderr: err.into() }
}

/// It did what was asked.
pub(super) fn done(out: impl Into<Vec<u8>>) -> Output {
    ended(0, out, "")
}

/// It refused.
pub(super) fn refused(because: &str) -> Output {
    ended(1, "", because)
}

impl Docker {
    /// One call of `docker`. It can be killed before it, and after each of its effects.
    pub(super) fn call(&mut self, words: &[&str], input: &[u8]) -> Output {
        if let Some((ups, calls)) = &mut self.away {
            let is_up = words.contains(&"up");
            *ups = ups.saturating_sub(usize::from(is_up));
            if *ups == 0 && *calls > 0 {
                *calls -= 1;
                return refused("Cannot connect to the Docker daemon");
            }
        }
        match words {
            ["ps", ..] => {
                let ids: Vec<_> = self.containers.iter().map(|it| it.id.as_str()).collect();
                done(ids.join("\n"))
            }
            ["inspect", "--type", "container", ids @ ..] => {
                self.containers.iter_mut().for_each(|it| it.looked += 1);
                shown::containers(self, ids)
            }
            ["image", "inspect", "--format", _, images @ ..]
            | ["image", "inspect", images @ ..] => shown::images(self, images),
            ["image", "rm", image] => self.remove_image(image),
            ["build", "--quiet", "--pull=false", "--tag", image, context] => {
                self.build(image, context)
            }
            ["network", "ls", ..] => {
                let names: Vec<_> = self.networks.keys().map(String::as_str).collect();
                done(names.join("\n"))
            }
            ["network", "inspect", names @ ..] => shown::networks(self, names),
            ["network", "disconnect", "--force", name, id] => self.disconnect(name, id),
            ["network", "rm", name] => self.remove_network(name),
            ["stop", ids @ ..] => self.each(ids, Self::stop),
            ["start", ids @ ..] => self.each(ids, Self::start),
            ["pause", id] => self.each(&[id], |docker, id| docker.pause(id, true)),
            ["unpause", id] => self.each(&[id], |docker, id| docker.pause(id, false)),
            ["cp", rest @ ..] => sqlite::copy(self, rest, input),
            ["rm", ids @ ..] => self.each(ids, Self::remove),
            ["logs", ..] => done("a line of its log\n"),
            ["exec", rest @ ..] => psql::exec(self, rest, input),
            ["compose", rest @ ..] => compose::call(self, rest),
            other => refused(&format!("the fake does not know `docker {}`", other.join(" "))),
        }
    }

    /// A `Dockerfile` with the word `missing` takes something that no registry has.
    fn build(&mut self, image: &str, context: &str) -> Output {
        match std::fs::read_to_string(format!("{context}/Dockerfile")) {
            Ok(text) if !text.contains("missing") => {
                self.images.insert(image.to_owned());
                done("sha256:0\n")
            }
            Ok(_) => refused("missing: not found"),
            Err(error) => refused(&error.to_string()),
        }
    }

    pub(super) fn find(&self, id: &str) -> Option<&Container> {
        self.containers.iter().find(|it| it.id == id)
    }

    /// The containers of one service.
    pub(super) fn of(&self, service: &str) -> impl Iterator<Item = &Container> {
        self.containers.iter().filter(move |it| it.name == service)
    }

    pub(super) fn runs(&self, service: &str) -> bool {
        self.of(service).any(|it| it.runs)
    }

    fn each(&mut self, ids: &[&str], what: fn(&mut Self, &str) -> Result<(), String>) -> Output {
        for id in ids {
            if let Err(because) = what(self, id) {
                return refused(&because);
            }
            moment(&format!("after `docker` has touched {}", self.told(id)));
        }
        done("")
    }

    fn told(&self, id: &str) -> String {
        self.find(id).map_or_else(|| id.to_owned(), |it| it.name.clone())
    }

    pub(super) fn create(
        &mut self,
        name: &str,
        definition: Service,
        networks: BTreeSet<String>,
    ) -> String {
        self.made += 1;
        let (id, name) = (format!("{name}{:04}", self.made), name.to_owned());
        let (id_of_it, runs, started) = (id.clone(), false, None);
        let made = Container {
            id: id_of_it,
            name,
            definition,
            networks,
            runs,
            is_paused: false,
            started,
            looked: 0,
        };
        self.containers.push(made);
        id
    }

    pub(super) fn stop(&mut self, id: &str) -> Result<(), String> {
        if self.find(id).is_some_and(|it| it.is_migrating(self)) {
            self.wrong.push(format!("the migration of {id} was stopped halfway"));
        }
        let found = self.containers.iter_mut().find(|it| it.id == id);
        let found = found.ok_or_else(|| format!("no such container: {id}"))?;
        if found.is_paused {
            return Err(format!("{id} is paused"));
        }
        if found.runs {
            self.stops.push(found.image().to_owned());
        }
        found.runs = false;
        Ok(())
    }

    fn pause(&mut self, id: &str, is_paused: bool) -> Result<(), String> {
        let found = self.containers.iter_mut().find(|it| it.id == id);
        let found = found.ok_or_else(|| format!("no such container: {id}"))?;
        if !found.runs || found.is_paused == is_paused {
            return Err(format!("{id} does not run, or it is so already"));
        }
        found.is_paused = is_paused;
        Ok(())
    }

    pub(super) fn remove(&mut self, id: &str) -> Result<(), String> {
        let found = self.find(id).ok_or_else(|| format!("no such container: {id}"))?;
        if found.runs {
            return Err(format!("cannot remove a running container: {id}"));
        }
        self.containers.retain(|it| it.id != id);
        Ok(())
    }

    /// A start is where an image meets data.
    pub(super) fn start(&mut self, id: &str) -> Result<(), String> {
        self.made += 1;
        let now = self.made;
        let found = self.containers.iter_mut().find(|it| it.id == id);
        let found = found.ok_or_else(|| format!("no such container: {id}"))?;
        if found.runs {
            return Ok(());
        }
        if let Some(gone) = found.networks.iter().find(|it| !self.networks.contains_key(*it)) {
            return Err(format!("network {gone} not found"));
        }
        (found.runs, found.started, found.looked) = (true, Some(now), 0);
        let (name, image, version) =
            (found.name.clone(), found.image().to_owned(), found.version());
        if self.of(&name).filter(|it| it.runs).count() > 1 {
            self.wrong.push(format!("two containers of {name} run at once"));
        }
        if name == "db" {
            self.databases.entry("house".to_owned()).or_default();
        }
        let answers = self.of("db").any(|it| it.runs && !it.is_sick());
        let data = match name.as_str() {
            // A server that does not come up changes no file.
            "db" if !answers => None,
            // Its tables are in the database, and it waits until that answers.
            "app" if answers => self.databases.get_mut("house"),
            "db" | "jelly" | "notes" => Some(self.volumes.entry(name.clone()).or_default()),
            _ => None,
        };
        let Some(data) = data else { return Ok(()) };
        let has = data.versions.entry(name).or_insert(version);
        if version < *has && !self.keep_data {
            self.wrong.push(format!("{image} was started on data of version {has}"));
        }
        *has = version.max(*has);
        Ok(())
    }

    fn disconnect(&mut self, network: &str, id: &str) -> Output {
        let found = self.containers.iter_mut().find(|it| it.id == id);
        if !found.is_some_and(|it| it.networks.remove(network)) {
            return refused("it is not connected");
        }
        moment(&format!("after `docker` has taken {} off {network}", self.told(id)));
        done("")
    }

    /// Whether somebody runs on a network.
    pub(super) fn is_used(&self, network: &str) -> bool {
        self.containers.iter().any(|it| it.runs && it.networks.contains(network))
    }

    fn remove_network(&mut self, name: &str) -> Output {
        if self.is_used(name) || self.networks.remove(name).is_none() {
            return refused("network has active endpoints, or is none");
        }
        moment(&format!("after `docker` has removed the network {name}"));
        done("")
    }

    fn remove_image(&mut self, image: &str) -> Output {
        if self.containers.iter().any(|it| it.image() == image) {
            return refused("image is being used");
        }
        self.images.remove(image);
        moment("after `docker image rm`");
        done("")
    }
}
