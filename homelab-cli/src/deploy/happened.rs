//! What a deploy did to the containers, and where that is not what its plan said.

use homelab_core::release::plan::{Action, Plan};
use indexmap::IndexMap;

use crate::docker::seen::Seen;

/// What happened to the containers, by service. Services to which nothing happened are left out.
pub(super) fn happened(before: &Seen, after: &Seen) -> IndexMap<String, Action> {
    let (old, new) = (before.marks(), after.marks());
    let mut happened = IndexMap::new();
    for (name, (id, since)) in &new {
        let action = match old.get(name) {
            None => Action::Created,
            Some((other, _)) if other != id => Action::Recreated,
            Some((_, before)) if before != since => Action::Started,
            Some(_) => continue,
        };
        happened.insert(name.clone(), action);
    }
    let gone = old.into_keys().filter(|it| !new.contains_key(it));
    happened.extend(gone.map(|name| (name, Action::Stopped)));
    happened
}

/// Where what happened differs from the plan.
pub(super) fn surprises(plan: &Plan, happened: &IndexMap<String, Action>) -> Vec<String> {
    let mut surprises = Vec::new();
    let planned: IndexMap<_, _> = plan.services.iter().map(|it| (&it.service, it.action)).collect();
    for (name, action) in planned.iter().filter(|it| *it.1 != Action::Unchanged) {
        let was = happened.get(*name).copied().unwrap_or(Action::Unchanged);
        if was != *action {
            surprises.push(format!("`{name}` was to be {}, and was {}", action.word(), was.word()));
        }
    }
    for (name, action) in happened {
        let is_planned = planned.get(name).is_some_and(|planned| *planned != Action::Unchanged);
        // A service may restart by its own policy while a service that it uses is away.
        if !is_planned && *action != Action::Started {
            surprises.push(format!("`{name}` was {}, which was not planned", action.word()));
        }
    }
    surprises
}
