//! What services may do to the host that they could not do before.

use super::{Gain, Step};
use crate::diff::Change;
use crate::power::{self, Power};
use crate::project::Project;

/// What each service may do to the host that it could not do before.
pub(super) fn gains(before: &Project<'_>, after: &Project<'_>, steps: &[Step]) -> Vec<Gain> {
    let mut gains = Vec::new();
    for member in after.members() {
        let old = before.member(member.name);
        let old_powers = old.map(|it| power::of(before, &it)).unwrap_or_default();
        let gained = power::gained(&old_powers, power::of(after, &member));
        let new_powers = gained.iter().map(Power::to_string);
        // One that gets the socket only now is told of that.
        let filters = old.is_some_and(|it| power::holds_engine(before, &it))
            && power::holds_engine(after, &member);
        let step = steps.iter().find(|it| filters && it.service == member.name);
        let of_filter = step.into_iter().flat_map(|it| &it.changes).filter(|it| is_of_filter(it));
        let changed = of_filter
            .map(|it| format!("has the engine's socket, and what it lets through changes: `{it}`"));
        let gain = |what| Gain { service: member.name.to_owned(), what };
        gains.extend(new_powers.chain(changed).map(gain));
    }
    gains
}

/// Whether a change of who has the engine's socket may change what it lets through. One that lets
/// through less looks like one that lets through more: only its program knows.
fn is_of_filter(change: &Change) -> bool {
    let field = change.field.split('.').next().unwrap_or_default();
    ["environment", "env_file", "entrypoint", "command"].contains(&field)
        || change.field.starts_with("config/")
}
