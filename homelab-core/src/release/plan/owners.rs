//! Services that have another one's network, and so follow it.

use super::downtime::at_most;
use super::{Action, After, Step};

/// Gives each service that has another one's network a new container when that one gets one or is
/// started: a network goes away with the process that it was made for.
pub(super) fn follow_owners(after: &After, steps: &mut [Step]) {
    loop {
        let moved = |name: &str, steps: &[Step]| {
            let step = steps.iter().find(|it| it.service == name);
            step.is_some_and(|it| it.action != Action::Unchanged)
        };
        let owner = |it: &Step| {
            let mode = after.file.services[&it.service].network_mode.as_deref()?;
            mode.strip_prefix("service:").filter(|owner| moved(owner, steps))
        };
        let follows = |it: &Step| matches!(it.action, Action::Unchanged | Action::Started);
        let next = steps.iter().position(|it| follows(it) && owner(it).is_some());
        let Some(at) = next else { return };
        let because = owner(&steps[at]).map(|it| format!("it has the network of `{it}`"));
        let to = &after.file.services[&steps[at].service];
        steps[at] = Step {
            action: Action::Recreated,
            because,
            down_at_most: at_most(to, to),
            ..steps[at].clone()
        };
    }
}
