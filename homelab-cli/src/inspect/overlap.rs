//! A folder of `.env` in which a service keeps data for itself is not inside another service's
//! folder.
//!
//! Films, synchronised folders and files may be shared: the explorer may show the films that
//! Jellyfin plays. Data that a service keeps for itself may not: when somebody deletes a photo
//! without Immich, Immich keeps an entry that leads nowhere, and a dump holds password hashes and
//! sessions. Two services that write to one folder as different users cannot change each other's
//! files. The rule follows links.
//!
//! Fix: name folders next to each other, as the defaults are.

use std::path::Path;

use homelab_core::checks::finding::{Finding, Severity};

use super::bind::{self, Use};
use super::path::real;
use super::{Context, Findings, HostRule};

pub(super) const RULE: HostRule =
    HostRule { id: "host-overlap", source: include_str!("overlap.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    let uses = bind::uses(context.house, context.project, context.profiles);
    let own: Vec<_> = uses.iter().filter(|it| it.is_own()).map(|it| (it, real(&it.path))).collect();
    for (at, (one, path)) in own.iter().enumerate() {
        for (other, other_path) in &own[at + 1..] {
            let found = if other_path.starts_with(path) {
                judge(context, (one, path), (other, other_path))
            } else if path.starts_with(other_path) {
                judge(context, (other, other_path), (one, path))
            } else {
                None
            };
            findings.list.extend(found);
        }
    }
}

/// Reports a folder that is another one, or contains it, if that does harm.
fn judge(
    context: &Context<'_>,
    (outer, outer_path): (&Use, &Path),
    (inner, inner_path): (&Use, &Path),
) -> Option<Finding> {
    let differ = outer.uid != inner.uid;
    let both_write = outer.writes && inner.writes;
    let keeper = [inner, outer].into_iter().find(|it| it.is_kept);
    let harm = match keeper {
        Some(_) if outer.service == inner.service => {
            format!("`{}` keeps something for itself among what it shares", outer.service)
        }
        Some(keeper) if both_write || differ => {
            let other = if keeper.service == inner.service { outer } else { inner };
            let can = if other.writes { "change" } else { "read" };
            format!("`{}` can {can} what `{}` keeps there", other.service, keeper.service)
        }
        None if both_write && differ => format!(
            "`{}` writes there as user {}, `{}` as {}",
            outer.service, outer.uid, inner.service, inner.uid
        ),
        Some(_) | None => return None,
    };
    let relation = if outer_path == inner_path { "is" } else { "contains" };
    let (one, two) = (outer.variable.as_ref()?, inner.variable.as_ref()?);
    let (one_is, two_is) = (&outer.source, &inner.source);
    let message = format!("`{one}`, `{one_is}`, {relation} `{two}`, `{two_is}`: {harm}");
    let help = format!("set `{one}` or `{two}` to a folder outside of the other");
    let severity = if differ { Severity::Error } else { Severity::Warning };
    let entries = &context.settings.dotenv.entries;
    let line = entries.get(one).or_else(|| entries.get(two)).map(|it| it.line);
    let finding = context.settings.finding(severity, line, message, help);
    Some(Finding { rule: RULE.id.to_owned(), ..finding })
}
