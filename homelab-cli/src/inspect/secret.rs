//! Every secret is a file that exactly its services can read.
//!
//! Compose ignores owner and mode of file secrets, so those of the file on the host count: a
//! service that runs as another user cannot read it and stops, and a file that everybody may read
//! is no secret. When the file is missing, Docker makes a folder in its place.
//!
//! The proxy checks the login at every request of a stranger. A flood of wrong logins takes the
//! processor away from every site when the hash is costly, or when the line does not say how its
//! user's credentials begin.
//!
//! A secret that comes from others, such as the key of a VPN's provider, is never invented:
//! `homelab init --secret NAME` takes it.
//!
//! Fix: `homelab init` makes what is missing and prints the commands for what is not its own.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use homelab_core::compose::limits;
use homelab_core::dsl::resource::{Secret, SecretContent};
use homelab_core::model::access::{self, Access};

use super::{Context, Findings, HostRule};
use crate::file;

pub(super) const RULE: HostRule =
    HostRule { id: "host-secret", source: include_str!("secret.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    for (name, secret) in &context.project.file().secrets {
        let path = context.house.source(&context.project.resolve(&secret.file));
        let shown = path.display().to_string();
        let mut readers = context.project.readers(name);
        let needed = readers.any(|it| it.is_enabled_by(context.profiles));
        let metadata = match std::fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if needed {
                    missing(context, name, &shown, findings);
                }
                continue;
            }
            Err(error) => {
                let help = format!("run `sudo {}`", context.house.command("doctor"));
                findings.error(&shown, format!("`{shown}` cannot be looked at: {error}"), help);
                continue;
            }
        };
        // A user who may not read the file cannot judge the login; its owner can.
        let is_login = |it: &Secret| it.name() == name && it.content() == SecretContent::ProxyLogin;
        if context.house.declared.secrets.iter().any(is_login)
            && let Ok(line) = file::text(&path, limits::TEXT)
        {
            judge_login(&shown, &line, findings);
        }
        match access::required(context.project, name) {
            Ok(wanted) => judge(&shown, Seen::from(&metadata), &wanted, findings),
            Err(conflict) => findings.error(
                &shown,
                format!("`{shown}`: {conflict}"),
                "give these services a user or a group in common, see PUID and PGID in `.env`"
                    .to_owned(),
            ),
        }
    }
}

/// Reports a secret that `homelab init` makes, or that the household has not given.
fn missing(context: &Context<'_>, name: &str, shown: &str, findings: &mut Findings) {
    let mut declared = context.house.declared.secrets.iter();
    let given = declared.find(|it| it.name() == name && it.content() == SecretContent::Given);
    if let Some(secret) = given {
        let init = context.house.command(&format!("init --secret {name}"));
        findings.error(
            shown,
            format!("`{shown}` is not given: {}", secret.meaning()),
            format!("run `{init}`, which asks for it, or `{init} < FILE`"),
        );
    } else {
        let help = format!("run `{}`", context.house.command("init"));
        findings.error(shown, format!("`{shown}` does not exist"), help);
    }
}

/// The parts of a file's metadata that the rule judges.
#[derive(Clone, Copy, Debug)]
struct Seen {
    is_file: bool,
    is_empty: bool,
    uid: u32,
    gid: u32,
    mode: u32,
}

impl From<&Metadata> for Seen {
    fn from(it: &Metadata) -> Self {
        Self {
            is_file: it.is_file(),
            is_empty: it.len() == 0,
            uid: it.uid(),
            gid: it.gid(),
            mode: it.mode() & 0o7777,
        }
    }
}

fn judge(shown: &str, seen: Seen, wanted: &Access, findings: &mut Findings) {
    if !seen.is_file {
        let help = format!("remove it (`sudo rmdir {shown}`) and run `homelab init`");
        findings.error(shown, format!("`{shown}` is not a file"), help);
        return;
    }
    if seen.is_empty {
        let help = format!("remove it (`sudo rm {shown}`) and run `homelab init`");
        findings.error(shown, format!("`{shown}` is empty"), help);
    }
    let mode = seen.mode;
    // The owner may do more than read; that does no harm.
    if mode & 0o7077 & !wanted.mode != 0 {
        let message = format!("`{shown}` has mode {mode:04o}: others than its services can use it");
        findings.error(shown, message, fix_mode(shown, wanted));
    }
    // The group only counts when the mode lets it read.
    let group_reads = wanted.mode & 0o040 != 0;
    if seen.uid != wanted.uid || group_reads && seen.gid != wanted.gid {
        let message = format!(
            "`{shown}` belongs to {}:{}, its services need {}:{}",
            seen.uid, seen.gid, wanted.uid, wanted.gid
        );
        findings.error(shown, message, format!("`{}`", fix(shown, wanted)));
    } else if wanted.mode & !mode != 0 {
        let message = format!("`{shown}` has mode {mode:04o}: its services cannot read it");
        findings.error(shown, message, fix_mode(shown, wanted));
    }
}

/// With a higher cost, one check of the hash takes more than a hundredth of a second.
const DEAREST: u32 = 6;

fn judge_login(shown: &str, line: &str, findings: &mut Findings) {
    let hash = line.split_whitespace().nth(1).unwrap_or_default();
    let cost = hash.split('$').nth(2).and_then(|it| it.parse::<u32>().ok()).unwrap_or(0);
    let message = if cost > DEAREST {
        format!("`{shown}` has a hash of cost {cost}: a flood of wrong logins stops every site")
    } else if !line.is_empty() && !line.contains(" # ") {
        format!(
            "`{shown}` does not say how its user's credentials begin: a flood of logins with other names stops every site"
        )
    } else {
        return;
    };
    let help = format!(
        "make a new password: `sudo rm {shown}`, `homelab init`, `docker compose up -d --force-recreate caddy`; one that you chose yourself can be guessed and needs its cost, so let `init` choose"
    );
    findings.warning(shown, message, help);
}

fn fix_mode(shown: &str, wanted: &Access) -> String {
    format!("`sudo chmod {:04o} {shown}`", wanted.mode)
}

/// Returns the command that gives a secret's file its owner and mode.
pub(crate) fn fix(shown: &str, wanted: &Access) -> String {
    let Access { uid, gid, mode } = wanted;
    format!("sudo chown {uid}:{gid} {shown} && sudo chmod {mode:04o} {shown}")
}

/// Whether exactly the services of a secret can read its file.
pub(crate) fn is_right(path: &Path, wanted: &Access) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| {
        let mut findings = Findings { rule: RULE.id, list: Vec::new() };
        judge("", Seen::from(&metadata), wanted, &mut findings);
        findings.list.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Access = Access { uid: 999, gid: 1000, mode: 0o440 };
    const GOOD: Seen = Seen { is_file: true, is_empty: false, uid: 999, gid: 1000, mode: 0o440 };

    fn found(seen: Seen, wanted: &Access) -> String {
        let mut findings = Findings { rule: RULE.id, list: Vec::new() };
        judge("secrets/a", seen, wanted, &mut findings);
        findings.list.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_owner_may_write_and_an_idle_group_does_not_count() {
        assert_eq!(found(GOOD, &WANTED), "");
        assert_eq!(found(Seen { mode: 0o640, ..GOOD }, &WANTED), "");
        let alone = Access { mode: 0o400, ..WANTED };
        assert_eq!(found(Seen { gid: 7, mode: 0o600, ..GOOD }, &alone), "");
    }

    #[test]
    fn a_login_that_a_flood_can_abuse_is_found() {
        let found = |line: &str| {
            let mut findings = Findings { rule: RULE.id, list: Vec::new() };
            judge_login("secrets/a", line, &mut findings);
            findings.list.iter().map(|it| it.message.clone()).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(found("admin $2b$04$x # YWRtaW46\n"), "");
        insta::assert_snapshot!(found("admin $2b$12$x # YWRtaW46\n"), @"`secrets/a` has a hash of cost 12: a flood of wrong logins stops every site");
        insta::assert_snapshot!(found("admin $2b$04$x\n"), @"`secrets/a` does not say how its user's credentials begin: a flood of logins with other names stops every site");
    }

    #[test]
    fn strangers_and_foreign_owners_are_found() {
        insta::assert_snapshot!(found(Seen { gid: 0, ..GOOD }, &WANTED), @r"
        error[host-secret]: `secrets/a` belongs to 999:0, its services need 999:1000
          --> secrets/a
          help: `sudo chown 999:1000 secrets/a && sudo chmod 0440 secrets/a`
        ");
        // One command sets both.
        insta::assert_snapshot!(found(Seen { uid: 0, mode: 0o400, ..GOOD }, &WANTED), @r"
        error[host-secret]: `secrets/a` belongs to 0:1000, its services need 999:1000
          --> secrets/a
          help: `sudo chown 999:1000 secrets/a && sudo chmod 0440 secrets/a`
        ");
        insta::assert_snapshot!(found(Seen { mode: 0o400, ..GOOD }, &WANTED), @r"
        error[host-secret]: `secrets/a` has mode 0400: its services cannot read it
          --> secrets/a
          help: `sudo chmod 0440 secrets/a`
        ");
        insta::assert_snapshot!(found(Seen { mode: 0o444, ..GOOD }, &WANTED), @r"
        error[host-secret]: `secrets/a` has mode 0444: others than its services can use it
          --> secrets/a
          help: `sudo chmod 0440 secrets/a`
        ");
    }
}
