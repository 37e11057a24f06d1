//! Images that a service cannot work without run beside it and can be reached.
//!
//! A web application without its database starts, fails, and starts again.
//!
//! Fix: add a service with one of the images that the message names.

use indexmap::IndexMap;

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::contract::canonical;
use crate::model::project::{Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "contract-peer",
    severity: Severity::Error,
    source: include_str!("contract_peer.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let mut of_image: IndexMap<_, Vec<Member<'_>>> = IndexMap::new();
    for member in project.members() {
        of_image.entry(canonical(member.image().repository)).or_default().push(member);
    }
    for member in project.members() {
        for peer in member.contract().iter().flat_map(|it| it.peers.items()) {
            let peers = peer.any_of.iter().filter_map(|it| of_image.get(canonical(it)));
            if !peers.flatten().any(|it| serves(project, it, &member)) {
                findings.on(
                    &member,
                    format!(
                        "`{}` has no peer `{}`: {}",
                        member.name,
                        peer.any_of.join("` or `"),
                        peer.because
                    ),
                    "add a service with that image, in the same profile and on a common network"
                        .to_owned(),
                );
            }
        }
    }
}

/// Whether a peer runs whenever the service does, and the service can reach it.
fn serves(project: &Project<'_>, peer: &Member<'_>, member: &Member<'_>) -> bool {
    peer.runs_whenever(member) && project.shared(member, peer).next().is_some()
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
          help: add a service with that image, in the same profile and on a common network
        warning[contract-missing]: no contract knows `example/other`, which `db` runs
          --> db.rs
          help: write one: until then the rules about images find nothing here
        ");
    }

    #[test]
    fn a_peer_out_of_reach_is_none() {
        let found = break_file(|file| {
            file.services["db"].networks = vec!["socket".into()];
            file.services["dump"].networks = vec!["socket".into()];
        });
        assert!(found.contains("error[contract-peer]: `web` has no peer `example/db`"), "{found}");
    }
}
