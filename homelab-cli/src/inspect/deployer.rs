//! A user who may deploy with a key cannot change what the key may do.
//!
//! The owner of a folder can rename what is in it: a user who owns the home can replace an
//! `authorized_keys` of root's together with its folder. And a user id that the system chose can
//! one day be a container's. The rule looks at every user whom `sudo` lets run `homelab receive`.
//! It runs only as root, because nobody else can read the rules of `sudo`.
//!
//! Fix: give the home to root, as `docs/runbooks/merge-is-deploy.md` makes it.

use std::os::unix::fs::MetadataExt as _;

use super::{Context, Findings, HostRule};
use crate::host::Account;

pub(super) const RULE: HostRule =
    HostRule { id: "host-deployer", source: include_str!("deployer.rs"), run };

/// The system gives out ids below this number: Debian's and Fedora's `/etc/login.defs`.
const FIRST_CHOSEN: u32 = 1000;

fn run(context: &Context<'_>, findings: &mut Findings) {
    let host = &context.house.host;
    let deployers = host.deployers();
    for Account { name, uid, home, .. } in host.accounts() {
        if !deployers.contains(&name) || uid == 0 {
            continue;
        }
        if uid < FIRST_CHOSEN {
            findings.warning(
                &name,
                format!("`{name}`, who may deploy, has the user id {uid}, which the system chose"),
                format!("give it a fixed one: `sudo usermod --uid {} {name}`", context.free_uid()),
            );
        }
        for path in [home.clone(), format!("{home}/.ssh"), format!("{home}/.ssh/authorized_keys")] {
            let Ok(metadata) = std::fs::metadata(host.path(&path)) else { continue };
            if metadata.uid() != 0 || metadata.mode() & 0o022 != 0 {
                let message = format!(
                    "`{path}` belongs to {} with mode {:04o}, expected root and no other writer: \
                     `{name}` can replace what its key may do",
                    metadata.uid(),
                    metadata.mode() & 0o7777
                );
                let help = format!("`sudo chown root:root {path} && sudo chmod go-w {path}`");
                findings.error(&name, message, help);
            }
        }
    }
}
