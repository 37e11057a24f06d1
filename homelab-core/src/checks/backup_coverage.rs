//! What is kept as dumps is dumped by a service, and dumps lie where they leave the house.
//!
//! A copy of a running database's files is no backup: it cannot be restored. A database with
//! `Backup::Dump` that nobody dumps is lost with the disk, and so is a dump that is not part
//! of the copy off the host.
//!
//! Fix: add an agent with `.dumps(&database)` that runs in every profile of the database, and
//! give it a bind or a volume with `Backup::Offsite`.

use indexmap::IndexMap;

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::resource::{Mount, Policy};
use crate::model::project::{Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "backup-coverage",
    severity: Severity::Error,
    source: include_str!("backup_coverage.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let mut dumped_by: IndexMap<_, Vec<Member<'_>>> = IndexMap::new();
    // A job dumps once.
    for member in project.members().filter(|it| !project.is_job(it)) {
        for database in &member.facts().dumps {
            dumped_by.entry(*database).or_default().push(member);
        }
    }
    for member in project.members() {
        let facts = member.facts();
        let dumpers = dumped_by.get(member.name);
        let is_covered = dumpers.into_iter().flatten().any(|it| it.runs_whenever(&member));
        for mount in facts.mounts.iter().filter(|it| it.policy == Policy::Dump) {
            if !is_covered {
                findings.on(
                    &member,
                    format!("`{}` keeps `{}` as dumps, and no service that runs whenever it does dumps it", member.name, mount.target),
                    format!("add an agent with `.dumps(&{})` and the same profiles", member.name),
                );
            }
        }
        let keeps = |it: &Mount<()>| it.policy == Policy::Offsite;
        if !facts.dumps.is_empty() && !facts.mounts.iter().any(keeps) {
            findings.on(
                &member,
                format!("the dumps of `{}` do not leave the host", member.name),
                "mount a bind or a volume with `Backup::Offsite` for them".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};
    use crate::dsl::resource::Policy;
    use crate::dsl::variable::{EnvVar, Kind};

    #[test]
    fn a_database_that_nobody_dumps_is_found() {
        let found = break_stack(|stack| spec(stack, "dump").dumps.clear());
        insta::assert_snapshot!(found, @r"
        error[backup-coverage]: `db` keeps `/db` as dumps, and no service that runs whenever it does dumps it
          --> db.rs
          help: add an agent with `.dumps(&db)` and the same profiles
        ");
    }

    #[test]
    fn a_dumper_that_may_be_switched_off_or_dumps_once_is_none() {
        const ON: EnvVar = EnvVar::new("DUMPS", Kind::Count(0, 1), "Whether.").or("1");
        let switched = break_stack(|stack| spec(stack, "dump").replicas = Some(ON));
        assert!(switched.contains("error[backup-coverage]: `db` keeps `/db`"), "{switched}");
        let once = break_stack(|stack| spec(stack, "dump").is_job = true);
        assert!(once.contains("error[backup-coverage]: `db` keeps `/db`"), "{once}");
    }

    #[test]
    fn a_database_that_runs_without_its_dumper_is_found() {
        let found = break_stack(|stack| spec(stack, "db").profiles.clear());
        insta::assert_snapshot!(found, @r"
        error[backup-coverage]: `db` keeps `/db` as dumps, and no service that runs whenever it does dumps it
          --> db.rs
          help: add an agent with `.dumps(&db)` and the same profiles
        ");
    }

    #[test]
    fn dumps_that_stay_on_the_host_are_found() {
        let found =
            break_stack(|stack| spec(stack, "dump").mounts[0].policy = Policy::Scratch("why"));
        insta::assert_snapshot!(found, @r"
        error[backup-coverage]: the dumps of `dump` do not leave the host
          --> dump.rs
          help: mount a bind or a volume with `Backup::Offsite` for them
        ");
    }
}
