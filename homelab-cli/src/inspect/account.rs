//! No account of the host has the user id of a container.
//!
//! To the kernel both are the same user: a process in the container can use the account's files and
//! what `sudo` lets the account do, and the account can read the container's data and secrets.
//! `useradd --system` takes a free number below 1000, and images use such numbers, too. The
//! household's own id, `PUID`, is meant to be shared, because the files are the household's.
//!
//! Fix: give the account another number with `usermod --uid`, above those that images use.

use homelab_core::model::access;

use super::{Context, Findings, HostRule};
use crate::host::Account;

pub(super) const RULE: HostRule =
    HostRule { id: "host-account", source: include_str!("account.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    let own = context.project.resolve("${PUID:-1000}").parse().ok();
    let accounts = context.house.host.accounts();
    let may_deploy = context.house.host.deployers();
    for member in context.enabled() {
        let Some((uid, _)) = access::ids(context.project, &member) else { continue };
        if uid == 0 || Some(uid) == own {
            continue;
        }
        for Account { name, shell, .. } in accounts.iter().filter(|it| it.uid == uid) {
            let message = format!(
                "the account `{name}` has the user id {uid}, as which `{}` runs: to the kernel they are the same user",
                member.name
            );
            let help =
                format!("give it another one: `sudo usermod --uid {} {name}`", context.free_uid());
            let logs_in = !shell.ends_with("/nologin") && !shell.ends_with("/false");
            if may_deploy.contains(name) || logs_in {
                findings.error(name, message, help);
            } else {
                findings.warning(name, message, help);
            }
        }
    }
}
