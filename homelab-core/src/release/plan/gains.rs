//! Finds what services may do to the host that they could not do before.

use std::fmt;

use super::{Gain, Step};
use crate::compose::MountKind;
use crate::model::power::{self, Power};
use crate::model::project::{Member, Project};
use crate::release::diff::Change;

/// Returns what each service may do to the host that it could not do before.
pub(super) fn gains(before: &Project<'_>, after: &Project<'_>, steps: &[Step]) -> Vec<Gain> {
    let mut gains = Vec::new();
    for member in after.members() {
        let old = before.member(member.name);
        let old_powers = old.map(|it| power::of(before, &it)).unwrap_or_default();
        let gained = power::gained(&old_powers, power::of(after, &member));
        let new_powers = gained.iter().map(Power::to_string);
        // A service that only now gets the socket is already among the new powers.
        let filters = old.is_some_and(|it| power::holds_engine(before, &it))
            && power::holds_engine(after, &member);
        let step = steps.iter().find(|it| filters && it.service == member.name);
        let of_filter = step.into_iter().flat_map(|it| &it.changes).filter(|it| is_of_filter(it));
        let changed = of_filter
            .map(|it| format!("has the engine's socket, and what it lets through changes: `{it}`"));
        let gain = |what| Gain { service: member.name.to_owned(), what };
        let others = of_others(before, after, &member);
        gains.extend(new_powers.chain(changed).chain(others).map(gain));
    }
    gains
}

/// Returns the secrets and volumes that this service gets now and that belonged to another service
/// or project.
fn of_others(before: &Project<'_>, after: &Project<'_>, member: &Member<'_>) -> Vec<String> {
    let had = before.member(member.name).map(|it| keeps(before, &it)).unwrap_or_default();
    let new = keeps(after, member).into_iter().filter(|it| !had.contains(it));
    let own = format!("{}_", after.file().name);
    let told = new.filter_map(|thing| {
        let mut others = before.members().filter(|other| other.name != member.name);
        let owner = others.find(|other| keeps(before, other).contains(&thing));
        match (owner, thing) {
            (Some(owner), thing) => Some(format!("gets {thing}, which `{}` has", owner.name)),
            (None, Keeps::Volume(name)) if !name.starts_with(&own) => {
                Some(format!("gets the volume `{name}`, which is not this project's"))
            }
            (None, _) => None,
        }
    });
    told.collect()
}

/// Something that a service has for itself, by its name on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Keeps {
    Secret(String),
    Volume(String),
}

impl fmt::Display for Keeps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(file) => write!(f, "the secret `{file}`"),
            Self::Volume(name) => write!(f, "the volume `{name}`"),
        }
    }
}

fn keeps(project: &Project<'_>, member: &Member<'_>) -> Vec<Keeps> {
    let service = member.service;
    let secrets = service.secrets.iter().filter_map(|it| project.file().secrets.get(&it.source));
    let secrets =
        secrets.filter_map(|it| power::real(&project.resolve(&it.file), project.folder()));
    let volumes = service.volumes.iter().filter(|it| it.kind == MountKind::Volume);
    let volumes =
        volumes.map(|it| Keeps::Volume(project.resolve(&project.file().volume_name(&it.source))));
    secrets.map(Keeps::Secret).chain(volumes).collect()
}

/// Whether a change of a service with the engine's socket may change which requests it lets
/// through. Nobody but its program can tell whether it lets through more or less.
fn is_of_filter(change: &Change) -> bool {
    let field = change.field.split('.').next().unwrap_or_default();
    ["environment", "env_file", "entrypoint", "command"].contains(&field)
        || change.field.starts_with("config/")
}
