//! A deploy knows how to dump every database.
//!
//! Before it replaces a database, or a service that migrates one, a deploy dumps it: that is the way
//! back. A database of which it does not know how has none.
//!
//! Fix: say it with the method for the database's program, such as `.postgres("postgres", "notes")`.
//! Where there is none, say why it may go without, with `.accept("database-dump", …)`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::label;
use crate::dsl::contract::ImageKind;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "database-dump",
    severity: Severity::Error,
    source: include_str!("database_dump.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    // Nobody deploys a file that was not lowered from a stack.
    for member in project.members().filter(|it| it.facts().is_declared) {
        let kind = member.contract().and_then(|it| it.kind.get());
        if kind == Some(&ImageKind::Database)
            && member.facts().dumps.is_empty()
            && !member.service.labels.contains_key(label::DATABASE)
        {
            findings.on(
                &member,
                format!("no deploy can dump the database `{}`", member.name),
                "say how, such as by `.postgres(…)`".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};

    #[test]
    fn a_database_that_no_deploy_dumps_is_found() {
        let found = break_stack(|stack| spec(stack, "db").postgres = None);
        insta::assert_snapshot!(found, @r"
        error[database-dump]: no deploy can dump the database `db`
          --> db.rs
          help: say how, such as by `.postgres(…)`
        ");
    }
    #[test]
    fn a_dumper_with_the_image_of_its_database_is_right() {
        let found = break_stack(|stack| spec(stack, "dump").image = spec(stack, "db").image);
        assert!(!found.contains("database-dump") && !found.contains("database-role"), "{found}");
    }
}
