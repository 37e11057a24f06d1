//! One owner and mode lets all readers of a secret read its file, and nobody else.
//!
//! Compose mounts the host's file as it is: it ignores `uid`, `gid` and `mode`. A program that
//! runs as a user who may not read the file fails at its start, and a file that everybody may
//! read is no secret.
//!
//! Fix: give the readers one user or one group, with `user:`; for strangers make two secrets.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::access;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "secret-readable",
    severity: Severity::Error,
    source: include_str!("secret_readable.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for secret in project.file().secrets.keys() {
        if let Err(conflict) = access::required(project, secret) {
            let Some(reader) = project.readers(secret).next() else { continue };
            findings.on(
                &reader,
                format!("`{secret}` cannot be shared: {conflict}"),
                "give its readers the same user or group with `user:`".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};
    use crate::dsl::privilege::User;

    #[test]
    fn readers_without_a_common_group_are_found() {
        let found = break_stack(|stack| {
            spec(stack, "web").user = Some(User::Ids(1000, 1000));
            spec(stack, "dump").user = Some(User::Ids(999, 999));
        });
        insta::assert_snapshot!(found, @r"
        error[secret-readable]: `db-password` cannot be shared: no owner and group let `db` as `70:70`, `dump` as `999:999`, `web` as `1000:1000` read it
          --> db.rs
          help: give its readers the same user or group with `user:`
        ");
    }
}
