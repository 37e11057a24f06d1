//! Plans a deploy: compares what runs with what should run.

mod data;
mod downtime;
mod gains;
mod owners;
mod reach;
mod ways;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::data::touched;
use self::downtime::at_most;
use self::gains::gains;
use self::owners::follow_owners;
use self::reach::reach;
use self::ways::ways;
use crate::compose::label;
use crate::compose::{File, Service};
use crate::dsl::contract::Contract;
use crate::model::project::{Project, split_image};
use crate::release::databases;
use crate::release::diff::{self, Change};

/// What runs now.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// The release that runs; absent before the first one.
    pub release: Option<String>,
    /// The services that have a container, with the networks that the engine has.
    pub file: File,
    /// More about the containers of these services; empty when no engine was asked.
    pub containers: IndexMap<String, Container>,
}

/// What is known of a service's container besides its settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// Whether it runs or, where nobody starts it again, has ended with exit code 0.
    pub running: bool,
    /// The fingerprint of the files that were mounted when it was made.
    pub stamp: Option<String>,
}

/// What should run.
#[derive(Clone, Debug, Default)]
pub struct After {
    /// The release.
    pub release: String,
    /// The resolved file: see [`crate::release::resolve`].
    pub file: File,
    /// The folder of the house; absent for [`crate::dsl::house::HOST_FOLDER`].
    pub folder: Option<String>,
    /// The fingerprint of the files that each service mounts, for those that mount any.
    pub stamps: IndexMap<String, String>,
    /// Files that changed, by the service that mounts them.
    pub files: IndexMap<String, Vec<String>>,
    /// Mounted files whose contents are now not those of the release, by the service that mounts
    /// them. A service may have read these contents when it started.
    pub altered: IndexMap<String, Vec<String>>,
    /// Fields that differ from the release that runs, by service. The engine alone cannot tell all
    /// of them: log options that the file no longer names could be its own.
    pub declared: IndexMap<String, Vec<Change>>,
    /// What one should know of the release, such as another project's name.
    pub warnings: Vec<String>,
    /// Services of the release that are not in `file` because their profile is off, with the reason
    /// as text.
    pub off: IndexMap<String, String>,
}

/// What a deploy would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// The release that runs; absent before the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The release that would run.
    pub to: String,
    /// Whether anything would happen to a container.
    pub changes: bool,
    /// Every service of the old and the new release, in the file's order; those that are removed
    /// come last.
    pub services: Vec<Step>,
    /// What services may do to the host that they could not do before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub power: Vec<Gain>,
    /// Ways in and out that appear, and ways to other services.
    pub opens: Vec<Way>,
    /// Ways in and out that vanish.
    pub closes: Vec<Way>,
    /// Volumes and folders of the services that are touched.
    pub data: Vec<Touched>,
    /// Databases that are dumped first.
    pub dumps: Vec<String>,
    /// What one should know before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What happens to one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Name.
    pub service: String,
    /// What happens.
    pub action: Action,
    /// Why it gets a new container, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Why, where no field says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// The image that runs, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_from: Option<String>,
    /// The image that would run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_to: Option<String>,
    /// Upper bound of the time in which it does not answer, in seconds: its grace for stopping,
    /// then the time after which the engine would call it unhealthy. Absent when nothing happens to
    /// it, or when its health check is only in the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_at_most: Option<u64>,
}

/// What happens to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It gets its first container.
    Created,
    /// Its container is replaced.
    Recreated,
    /// Its container is as it should be, but has to be started.
    Started,
    /// Its container is stopped and removed; its data stays.
    Stopped,
    /// Nothing happens to it.
    Unchanged,
}

impl Action {
    /// Returns its word in a sentence about a service, such as "the service was recreated".
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Recreated => "recreated",
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::Unchanged => "left alone",
        }
    }
}

/// Power over the host that a service gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gain {
    /// Service.
    pub service: String,
    /// What it may do, in words.
    pub what: String,
}

/// A way in or out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Way {
    /// Service.
    pub service: String,
    /// `port`, `host`, `out` or `inside`.
    pub kind: WayKind,
    /// Which: `all:443/tcp`, `photos.home.arpa`, `internet`, `db, cache`.
    pub what: String,
    /// Who asks for a login and which paths are closed, or over which networks.
    pub how: String,
}

/// Kind of a way.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum WayKind {
    /// A port of the host.
    Port,
    /// A host name at the proxy.
    Host,
    /// Connections to the internet.
    Out,
    /// New connections to services that already existed, because this service came to their
    /// network. A plan never lists that such a way vanishes.
    Inside,
}

/// A volume or folder of a service that is touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Touched {
    /// Real name of the volume, or the folder.
    pub source: String,
    /// Service.
    pub service: String,
    /// What happens to it; nothing is ever removed.
    pub fate: Fate,
}

/// What happens to data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// Used for the first time by this service.
    New,
    /// The new container gets it.
    Remounted,
    /// No container uses it any more; it stays.
    Left,
}

impl Plan {
    /// Returns the services to which this happens, in order.
    pub fn with(&self, action: Action) -> impl Iterator<Item = &str> {
        self.services.iter().filter(move |it| it.action == action).map(|it| it.service.as_str())
    }

    /// Returns the step of one service.
    pub fn step(&self, service: &str) -> Option<&Step> {
        self.services.iter().find(|it| it.service == service)
    }
}

/// Makes the plan; `catalogue` says which ports images listen on and what they may do.
pub fn plan(before: &Before, after: &After, catalogue: &[Contract]) -> Plan {
    let diverged = diverged(before, after);
    let mut services: Vec<_> =
        after.file.services.keys().map(|it| step(before, after, &diverged, it)).collect();
    follow_owners(after, &mut services);
    let gone = before.file.services.keys().filter(|it| !after.file.services.contains_key(*it));
    services.extend(gone.map(|it| stopped(before, after, it)));
    let project = |file: &File| {
        let project = Project::from_file(file.clone(), catalogue);
        after.folder.iter().fold(project, |project, it| project.in_folder(it))
    };
    let projects = (project(&before.file), project(&after.file));
    let (old, new) = (ways(&projects.0), ways(&projects.1));
    let only = |these: &[Way], those: &[Way]| {
        these.iter().filter(|it| !those.contains(it)).cloned().collect::<Vec<_>>()
    };
    let mut plan = Plan {
        from: before.release.clone(),
        to: after.release.clone(),
        power: gains(&projects.0, &projects.1, &services),
        changes: services.iter().any(|it| it.action != Action::Unchanged),
        opens: only(&new, &old),
        closes: only(&old, &new),
        data: Vec::new(),
        dumps: Vec::new(),
        warnings: after.warnings.clone(),
        services,
    };
    if before.release.is_none() && !before.containers.is_empty() {
        let text = "containers of this project run that no deploy has made: when this first one \
                    fails, there is no release to go back to";
        plan.warnings.push(text.to_owned());
    }
    plan.opens.extend(reach(&projects.0, &projects.1));
    plan.warnings.extend(unpinned(before, after));
    let replaced = plan.services.iter().flat_map(|it| data::replaced(before, after, it));
    plan.warnings.extend(replaced.collect::<Vec<_>>());
    plan.data = plan.services.iter().flat_map(|it| touched(before, after, it)).collect();
    plan.dumps = databases(before, after)
        .filter(|it| is_dumped(before, after, &plan, it))
        .cloned()
        .collect();
    plan
}

/// Warns of images that were pinned by digest and now follow a tag.
fn unpinned(before: &Before, after: &After) -> impl Iterator<Item = String> {
    after.file.services.iter().filter_map(|(name, to)| {
        let from = before.file.services.get(name)?.image.as_deref()?;
        let to = to.image.as_deref()?;
        let is_lost = split_image(from).digest.is_some() && split_image(to).digest.is_none();
        is_lost.then(|| {
            format!("`{name}` gets `{to}` without a digest: nobody reviews what comes next under that tag")
        })
    })
}

/// Returns the databases that run and can be dumped. It is enough that the new file says so,
/// because a container that was made by hand may lack the label.
fn databases<'a>(before: &'a Before, after: &'a After) -> impl Iterator<Item = &'a String> {
    let says = |file: &File, name: &str| {
        file.services.get(name).is_some_and(|it| it.labels.contains_key(label::DATABASE))
    };
    let names = before.file.services.keys();
    let known = names.filter(move |it| says(&before.file, it) || says(&after.file, it));
    known.filter(|name| before.containers.get(*name).is_none_or(|it| it.running))
}

/// Whether a database is dumped: its container is replaced or removed, or a service that migrates
/// its data gets another image. Either release can say that a service migrates data.
fn is_dumped(before: &Before, after: &After, plan: &Plan, database: &str) -> bool {
    let sides = || [&before.file, &after.file].into_iter();
    let migrates = |name: &str| {
        let says = |it: &Service| it.labels.contains_key(label::ONE_WAY);
        sides().any(|it| it.services.get(name).is_some_and(says))
    };
    plan.services.iter().any(|step| match step.action {
        Action::Recreated | Action::Stopped if step.service == database => true,
        Action::Created | Action::Recreated => {
            step.image_from != step.image_to
                && migrates(&step.service)
                && sides()
                    .any(|it| databases::migrated_by(it, &step.service).any(|it| it == database))
        }
        Action::Started | Action::Stopped | Action::Unchanged => false,
    })
}

fn step(before: &Before, after: &After, diverged: &[(String, Change)], name: &str) -> Step {
    let to = &after.file.services[name];
    let mut step = Step {
        service: name.to_owned(),
        action: Action::Created,
        changes: Vec::new(),
        because: None,
        image_from: None,
        image_to: to.image.clone(),
        down_at_most: None,
    };
    let Some(from) = before.file.services.get(name) else { return step };
    step.image_from.clone_from(&from.image);
    step.changes = diff::service(from, to);
    let known: Vec<_> = step.changes.iter().map(|it| it.field.clone()).collect();
    let declared = after.declared.get(name).into_iter().flatten();
    step.changes.extend(declared.filter(|it| !known.contains(&it.field)).cloned());
    let networks = diverged.iter().filter(|it| to.networks.iter().any(|on| on.key == it.0));
    step.changes.extend(networks.map(|it| it.1.clone()));
    let container = before.containers.get(name);
    let stamp = after.stamps.get(name);
    let altered = after.altered.get(name).into_iter().flatten();
    let altered = altered.filter(|it| !after.files.get(name).is_some_and(|all| all.contains(it)));
    step.changes.extend(altered.map(|it| contents(it)));
    let other_files =
        container.map_or_else(|| after.files.contains_key(name), |it| it.stamp.as_ref() != stamp);
    if other_files {
        let files = after.files.get(name).into_iter().flatten();
        step.changes.extend(files.map(|it| contents(it)));
        if step.changes.is_empty() {
            step.because = Some(if to.unjudged.is_empty() {
                "the files that it mounts are not those it was made with".to_owned()
            } else {
                "keys that nobody judges, or files, are not those it was made with".to_owned()
            });
        }
    }
    step.action = if other_files || !step.changes.is_empty() {
        Action::Recreated
    } else if container.is_some_and(|it| !it.running) {
        step.because = Some("it does not run".to_owned());
        Action::Started
    } else {
        return Step { action: Action::Unchanged, ..step };
    };
    step.down_at_most = at_most(from, to);
    step
}

/// Makes the change for a mounted file whose contents have to change.
fn contents(path: &str) -> Change {
    Change::new(path, Some("other contents"), Some("those of the release"))
}

fn stopped(before: &Before, after: &After, name: &str) -> Step {
    let because = after.off.get(name).cloned();
    Step {
        service: name.to_owned(),
        action: Action::Stopped,
        changes: Vec::new(),
        because: Some(because.unwrap_or_else(|| "the file has no such service".to_owned())),
        image_from: before.file.services[name].image.clone(),
        image_to: None,
        down_at_most: None,
    }
}

/// Returns the networks that have to be made anew, which interrupts every service on them.
fn diverged(before: &Before, after: &After) -> Vec<(String, Change)> {
    let both = after.file.networks.iter().filter_map(|(key, to)| {
        let from = before.file.networks.get(key)?;
        Some(diff::network(key, from, to).into_iter().map(|it| (key.clone(), it)))
    });
    both.flatten().collect()
}
