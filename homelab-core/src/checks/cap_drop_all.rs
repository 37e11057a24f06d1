//! A service drops all capabilities and adds back those that it needs.
//!
//! Docker gives every container fourteen capabilities by default, most of which no service
//! of a household uses; each is a tool in the hands of whoever takes the process over.
//!
//! Fix: set `cap_drop: [ALL]` and list in `cap_add` what the image needs. The DSL does so.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "cap-drop-all",
    severity: Severity::Error,
    source: include_str!("cap_drop_all.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        if !member.drops_all_capabilities() {
            findings.on(
                &member,
                format!("`{}` does not drop `ALL` capabilities", member.name),
                "set `cap_drop: [ALL]` and add those that the image needs to `cap_add`".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn a_service_that_drops_one_only_is_found() {
        let found = break_file(|file| file.services["web"].cap_drop = vec!["MKNOD".to_owned()]);
        insta::assert_snapshot!(found, @r"
        error[cap-drop-all]: `web` does not drop `ALL` capabilities
          --> web.rs
          help: set `cap_drop: [ALL]` and add those that the image needs to `cap_add`
        ");
    }
}
