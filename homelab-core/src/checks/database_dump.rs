//! A deploy knows how to dump every database.
//!
//! Before it replaces a database, or a service that migrates one, a deploy dumps it: that is the way
//! back. A database of which it does not know how has none, and neither has one whose label it cannot
//! read.
//!
//! Fix: say it with the method for the database's program, such as `.postgres("postgres", "notes")`.
//! Where there is none, say why it may go without, with `.accept("database-dump", …)`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::label;
use crate::dsl::contract::ImageKind;
use crate::dsl::database::Database;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "database-dump",
    severity: Severity::Error,
    source: include_str!("database_dump.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    // Nobody deploys a file that was not lowered from a stack.
    for member in project.members().filter(|it| it.facts().is_declared && !it.is_dumper()) {
        let kind = member.contract().and_then(|it| it.kind.get());
        let name = member.name;
        let fault = match member.service.labels.get(label::DATABASE) {
            Some(value) if value.parse::<Database>().is_err() => {
                format!(
                    "no deploy can read how to dump `{name}`: `{}` is `{value}`",
                    label::DATABASE
                )
            }
            None if kind == Some(&ImageKind::Database) => {
                format!("no deploy can dump the database `{name}`")
            }
            Some(_) | None => continue,
        };
        findings.on(&member, fault, "say how: by `.postgres(…)` or `.mariadb(…)`".to_owned());
    }
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
          help: say how: by `.postgres(…)` or `.mariadb(…)`
        ");
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
          help: say how: by `.postgres(…)` or `.mariadb(…)`
        ");
    }
}
