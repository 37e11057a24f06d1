//! The files of a database are kept as dumps.
//!
//! A copy of the files of a running database cannot be restored: it holds some pages from before a
//! write and some from after it. As scratch they are lost with the disk.
//!
//! Fix: mount them with `Backup::Dump`, and add a service that dumps the database. Where a database
//! really holds nothing that counts, say so with `.accept("database-backup", …)`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::contract::ImageKind;
use crate::dsl::resource::Policy;
use crate::model::project::{Holder, Project};

pub(super) const RULE: Rule = Rule {
    id: "database-backup",
    severity: Severity::Error,
    source: include_str!("database_backup.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        if member.contract().and_then(|it| it.kind.get()) != Some(&ImageKind::Database) {
            continue;
        }
        for (path, _) in member.data(project) {
            let Some((_, Holder::Mount(mount))) = member.holder(project, &path) else { continue };
            let Some(mount) = member.declared(mount) else { continue };
            let how = match mount.policy {
                Policy::Offsite => "by copying its files",
                Policy::Scratch(_) => "as scratch",
                Policy::Dump | Policy::ReadOnly => continue,
            };
            findings.on(
                &member,
                format!("the database `{}` keeps `{}` {how}", member.name, mount.target),
                "mount it with `Backup::Dump`, and let a service dump the database".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};
    use crate::dsl::resource::Policy;

    fn kept(policy: Policy, target: &'static str) -> String {
        break_stack(|stack| {
            let mount = &mut spec(stack, "db").mounts[0];
            (mount.policy, mount.target) = (policy, target);
        })
    }

    #[test]
    fn a_database_that_is_kept_by_copying_its_files_is_found() {
        insta::assert_snapshot!(kept(Policy::Offsite, "/db"), @r"
        error[database-backup]: the database `db` keeps `/db` by copying its files
          --> db.rs
          help: mount it with `Backup::Dump`, and let a service dump the database
        ");
    }

    #[test]
    fn a_database_that_is_called_scratch_is_found() {
        insta::assert_snapshot!(kept(Policy::Scratch("a try"), "/db"), @r"
        error[database-backup]: the database `db` keeps `/db` as scratch
          --> db.rs
          help: mount it with `Backup::Dump`, and let a service dump the database
        ");
    }

    #[test]
    fn other_files_of_a_database_may_be_copied() {
        assert!(!kept(Policy::Offsite, "/d").contains("database-backup"));
    }
}
