//! What a deploy did to the containers, and where that is not what its plan said.

use homelab_core::plan::{Action, Plan};
use indexmap::IndexMap;

use crate::docker::seen::Seen;

/// What happened to each service's container.
pub(super) fn happened(before: &Seen, after: &Seen) -> IndexMap<String, String> {
    let (old, new) = (before.marks(), after.marks());
    let mut happened = IndexMap::new();
    for (name, (id, since)) in &new {
        let what = match old.get(name) {
            None => "created",
            Some((other, _)) if other != id => "recreated",
            Some((_, before)) if before != since => "started",
            Some(_) => continue,
        };
        happened.insert(name.clone(), what.to_owned());
    }
    for name in old.keys().filter(|it| !new.contains_key(*it)) {
        happened.insert(name.clone(), "stopped".to_owned());
    }
    happened
}

/// Where that is not what was planned.
pub(super) fn surprises(plan: &Plan, happened: &IndexMap<String, String>) -> Vec<String> {
    let word = |it: Action| match it {
        Action::Created => Some("created"),
        Action::Recreated => Some("recreated"),
        Action::Started => Some("started"),
        Action::Stopped => Some("stopped"),
        Action::Unchanged => None,
    };
    let planned: IndexMap<_, _> = plan
        .services
        .iter()
        .filter_map(|it| Some((it.service.as_str(), word(it.action)?)))
        .collect();
    let mut surprises = Vec::new();
    for (name, word) in &planned {
        let was = happened.get(*name).map_or("left alone", String::as_str);
        if was != *word {
            surprises.push(format!("`{name}` was to be {word}, and was {was}"));
        }
    }
    // One that its own policy restarts, because what it uses was away, is the same container.
    let same = |word: &str| word == "started";
    let others = happened.iter().filter(|it| !planned.contains_key(it.0.as_str()) && !same(it.1));
    for (name, word) in others {
        surprises.push(format!("`{name}` was {word}, which was not planned"));
    }
    surprises
}
