//! Images that a service cannot work without are part of the project.
//!
//! A web application without its database starts, fails, and starts again.
//!
//! Fix: add a service with one of the images that the message names.

use indexmap::IndexSet;

use super::{Findings, Rule};
use crate::contract::canonical;
use crate::finding::Severity;
use crate::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "contract-peer",
    severity: Severity::Error,
    source: include_str!("contract_peer.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let present: IndexSet<_> =
        project.members().map(|it| canonical(it.image().repository)).collect();
    for member in project.members() {
        for peer in member.contract.iter().flat_map(|it| it.peers) {
            if !peer.any_of.iter().any(|it| present.contains(canonical(it))) {
                findings.on(
                    &member,
                    format!(
                        "`{}` has no peer `{}`: {}",
                        member.name,
                        peer.any_of.join("` or `"),
                        peer.because
                    ),
                    "add a service with that image".to_owned(),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn a_service_without_its_database_is_found() {
        let found = break_file(|file| {
            let image = file.services["db"].image.as_mut().expect("the good example has images");
            *image = image.replace("example/db", "example/other");
        });
        insta::assert_snapshot!(found, @r"
        error[contract-peer]: `web` has no peer `example/db`: it stores its notes there
          --> web.rs
          help: add a service with that image
        ");
    }
}
