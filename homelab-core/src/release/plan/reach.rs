//! Finds services that can open connections to others which they could not reach before.

use indexmap::IndexMap;

use super::{Way, WayKind};
use crate::model::project::Project;

/// Returns, for each service that came to a network, which already existing services it reaches
/// there.
pub(super) fn reach(before: &Project<'_>, after: &Project<'_>) -> Vec<Way> {
    let mut ways = Vec::new();
    for from in after.members() {
        let old = before.member(from.name);
        let was_on = |network: &str| {
            let own = old.is_some_and(|member| member.networks().iter().any(|it| it == network));
            own && before.connects_members(network)
        };
        let mut reached: IndexMap<String, Vec<&str>> = IndexMap::new();
        for to in after.neighbours(&from) {
            let Some(to_before) = before.member(to.name) else { continue };
            let could = old.is_some_and(|it| before.shared(&it, &to_before).next().is_some());
            let via: Vec<_> = after.shared(&from, &to).filter(|it| !was_on(it)).collect();
            if !could && !via.is_empty() {
                reached.entry(via.join(", ")).or_default().push(to.name);
            }
        }
        ways.extend(reached.into_iter().map(|(via, names)| Way {
            service: from.name.to_owned(),
            kind: WayKind::Inside,
            what: names.join(", "),
            how: format!("over {via}"),
        }));
    }
    ways
}
