//! Services do not wait for each other in a circle.
//!
//! Compose refuses a file in which a service waits, through others, for itself. The DSL prevents
//! this, because a handle exists only after `Stack::add`; only a handle of another stack gets
//! around it.
//!
//! Fix: remove one of the circle's dependencies; the service has to try again by itself.

use indexmap::IndexSet;

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "depends-cycle",
    severity: Severity::Error,
    source: include_str!("depends_cycle.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let mut done = IndexSet::new();
    for member in project.members() {
        let mut path = IndexSet::new();
        if let Some(circle) = circle(project, member.name, &mut path, &mut done) {
            findings.on(
                &member,
                format!("services wait for each other: `{}`", circle.join("` -> `")),
                format!("remove `{}` from the dependencies of `{}`", circle[1], circle[0]),
            );
        }
    }
}

/// Returns the first circle that is reached from a service; each service is visited once.
fn circle(
    project: &Project<'_>,
    name: &str,
    path: &mut IndexSet<String>,
    done: &mut IndexSet<String>,
) -> Option<Vec<String>> {
    if let Some(at) = path.get_index_of(name) {
        let members = path.iter().skip(at).cloned();
        return Some(members.chain([name.to_owned()]).collect());
    }
    if !done.insert(name.to_owned()) {
        return None;
    }
    path.insert(name.to_owned());
    let dependencies = project.member(name)?.service.depends_on.keys();
    let found = dependencies.into_iter().find_map(|it| circle(project, it, path, done));
    path.pop();
    found
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;
    use crate::compose::{Condition, Dependency};

    #[test]
    fn a_circle_is_found_once() {
        let found = break_file(|file| {
            let wait = Dependency { condition: Condition::ServiceHealthy, restart: false };
            file.services["db"].depends_on.insert("web".to_owned(), wait);
        });
        insta::assert_snapshot!(found, @r"
        error[depends-cycle]: services wait for each other: `db` -> `web` -> `db`
          --> db.rs
          help: remove `web` from the dependencies of `db`
        ");
    }
}
