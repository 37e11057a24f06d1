//! A deploy knows how to dump every database.
//!
//! Before it replaces a database, or a service that migrates one, a deploy dumps it: that is the way
//! back. A database of which it does not know how has none, and neither has one whose label it cannot
//! read.
//!
//! Fix: say it with the method for the database's program, such as `.postgres("postgres", "notes")`,
//! and for a file of `SQLite` with its path on a volume or a bind, as in `.sqlite("/data/notes.db")`.
//! Where there is none, say why it may go without, with `.accept("database-dump", …)`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::label;
use crate::dsl::contract::ImageKind;
use crate::dsl::database::{Database, NoDatabase};
use crate::dsl::resource::{Mount, Policy};
use crate::model::project::{Holder, Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "database-dump",
    severity: Severity::Error,
    source: include_str!("database_dump.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    // Nobody deploys a file that was not lowered from a stack.
    for member in project.members().filter(|it| it.facts().is_declared && !it.is_client()) {
        let kind = member.contract().and_then(|it| it.kind.get());
        let name = member.name;
        let says = member.service.labels.get(label::DATABASE);
        let fault = match says.map(|it| it.parse()) {
            Some(Err(NoDatabase)) => {
                format!(
                    "no deploy can read how to dump `{name}`: `{}` is `{}`",
                    label::DATABASE,
                    says.map_or("", String::as_str)
                )
            }
            Some(Ok(Database::Sqlite { path })) if !is_kept(project, &member, &path) => {
                let fault = format!(
                    "`{name}` keeps its database in `{path}`, which is no file of a volume that is kept"
                );
                let help = "mount a precious volume or host path above it that it may write to, or name \
                            the file that the image writes";
                findings.on(&member, fault, help.to_owned());
                continue;
            }
            None if kind == Some(&ImageKind::Database) => {
                format!("no deploy can dump the database `{name}`")
            }
            Some(Ok(_)) | None => continue,
        };
        let help = "say how: by `.postgres(…)`, `.mariadb(…)` or `.sqlite(…)`";
        findings.on(&member, fault, help.to_owned());
    }
}

/// Whether a file of a service is on a mount that outlives the container and can be written.
fn is_kept(project: &Project<'_>, member: &Member<'_>, file: &str) -> bool {
    let Some((at, Holder::Mount(mount))) = member.holder(project, file) else { return false };
    let is_scratch = |it: &Mount<()>| matches!(it.policy, Policy::Scratch(_));
    !mount.read_only && at != file && !member.declared(mount).is_some_and(is_scratch)
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack, spec};

    #[test]
    fn a_database_that_no_deploy_dumps_is_found() {
        let found = break_stack(|stack| spec(stack, "db").database = None);
        insta::assert_snapshot!(found, @r"
        error[database-dump]: no deploy can dump the database `db`
          --> db.rs
          help: say how: by `.postgres(…)`, `.mariadb(…)` or `.sqlite(…)`
        ");
    }

    #[test]
    fn a_file_of_sqlite_is_on_a_mount_that_lasts() {
        let on = |path: &'static str| {
            break_file(|file| {
                let labels = &mut file.services["web"].labels;
                labels.insert("homelab.database".to_owned(), format!("sqlite:{path}"));
            })
        };
        insta::assert_snapshot!(on("/var/web.db"), @r"
        error[database-dump]: `web` keeps its database in `/var/web.db`, which is no file of a volume that is kept
          --> web.rs
          help: mount a precious volume or host path above it that it may write to, or name the file that the image writes
        ");
        assert_eq!(on("/files/web.db"), "");
    }

    #[test]
    fn a_label_that_no_deploy_can_read_is_found() {
        let found = break_file(|file| {
            let labels = &mut file.services["db"].labels;
            labels.insert("homelab.database".to_owned(), "mysql:root/notes".to_owned());
        });
        insta::assert_snapshot!(found, @r"
        error[database-dump]: no deploy can read how to dump `db`: `homelab.database` is `mysql:root/notes`
          --> db.rs
          help: say how: by `.postgres(…)`, `.mariadb(…)` or `.sqlite(…)`
        ");
    }
}
