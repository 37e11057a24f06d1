//! A database or cache has the role `Data`.
//!
//! As an app it may be published and routed, and as an agent nobody asks how its data is kept: the
//! rules about databases go by the role. A service that dumps another one with the programs of the same
//! image, and says so by an entry point of its own, is none.
//!
//! Fix: define the service with `Service::data(…)`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::contract::ImageKind;
use crate::dsl::role::RoleKind;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "database-role",
    severity: Severity::Error,
    source: include_str!("database_role.rs"),
    run,
};

/// In a file that was not lowered from a stack, the role follows from the image.
fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members().filter(|it| !it.is_client()) {
        let kind = member.contract().and_then(|it| it.kind.get());
        let what = match kind {
            Some(ImageKind::Database) => "a database",
            Some(ImageKind::Cache) => "a cache",
            _ => continue,
        };
        let constructor = match member.role() {
            Some(RoleKind::App) => "Service::app",
            Some(RoleKind::Agent) => "Service::agent",
            Some(RoleKind::Edge) => "Service::edge",
            Some(RoleKind::Data) | None => continue,
        };
        let (name, image) = (member.name, member.image().repository);
        findings.on(
            &member,
            format!("`{name}` is made by `{constructor}`, and its image `{image}` is {what}"),
            format!("define `{name}` with `Service::data(…)`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};
    use crate::dsl::role::RoleKind;
    use crate::dsl::stack::Stack;
    use crate::dsl::text::ToText;

    #[test]
    fn the_same_image_dumps_it() {
        let client = |stack: &mut Stack, own_entrypoint: bool| {
            let image = spec(stack, "db").image;
            let dump = spec(stack, "dump");
            dump.image = image;
            dump.entrypoint = own_entrypoint.then(|| "dump".to_text()).into_iter().collect();
        };
        let ours = ["database-role", "database-dump", "data-mounted"];
        let of_ours = |found: String| ours.map(|it| found.contains(&format!("error[{it}]")));
        assert_eq!(of_ours(break_stack(|stack| client(stack, true))), [false; 3]);
        assert_eq!(of_ours(break_stack(|stack| client(stack, false))), [true; 3]);
    }

    #[test]
    fn a_database_as_an_app_is_found() {
        let found = break_stack(|stack| spec(stack, "db").role = RoleKind::App);
        insta::assert_snapshot!(found, @r"
        error[database-role]: `db` is made by `Service::app`, and its image `example/db` is a database
          --> db.rs
          help: define `db` with `Service::data(…)`
        ");
    }
}
