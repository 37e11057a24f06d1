//! What is claimed of an image is what the image does.
//!
//! `cargo xtask e2e --images real` runs the pinned images and writes what they did to
//! `observed.json`. A contract that says something else is wrong about this version, and with it
//! everything that rests on it: networks, read-only roots, health checks, users. What was observed
//! of another digest says nothing about this one.
//!
//! Fix: correct the fact in the image's contract, then what the service makes of it. If the image
//! did it only for the way it was run, say so in the contract and observe it again.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::contract::observed::{Agreement, Claim};
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "contract-observed",
    severity: Severity::Error,
    source: include_str!("contract_observed.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let Some((contract, seen)) = member.contract().zip(project.observation(&member)) else {
            continue;
        };
        let claims = contract.compare(seen).into_iter();
        for claim in claims.filter(|it| it.agreement == Agreement::Contradicts) {
            let Claim { fact, claimed, seen, .. } = claim;
            let fact = fact.name();
            findings.on(
                &member,
                format!(
                    "`{}` runs `{}`, of which `{fact}` is claimed as `{claimed}` and was observed as \
                     `{seen}`",
                    member.name, contract.repository
                ),
                format!("correct `{fact}` in the contract of the image"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{CATALOGUE, break_stack, spec};
    use crate::dsl::contract::observed::{Observation, Observed};
    use crate::dsl::stack::Stack;

    /// What was observed of the image of `web`, by its digest or another one.
    fn observe(stack: &mut Stack, digest: Option<&str>, user: u32) {
        let image = spec(stack, "web").image;
        let contract = &CATALOGUE[0];
        let seen = Observation {
            user,
            ports: contract.ports.items().to_vec(),
            ships_health: contract.ships_health.get().copied().unwrap_or_default(),
            ..Observation::default()
        };
        let name = format!("{}@{}", image.repository(), digest.unwrap_or(image.digest()));
        *stack = stack.clone().observed(Observed { images: [(name, seen)].into() });
    }

    #[test]
    fn a_claim_that_the_image_contradicts_is_found() {
        let user = CATALOGUE[0].user.get().copied().expect("it is claimed");
        assert_eq!(break_stack(|it| observe(it, None, user)), "");
        insta::assert_snapshot!(break_stack(|it| observe(it, None, user + 7)), @r"
        error[contract-observed]: `web` runs `example/web`, of which `user` is claimed as `1000` and was observed as `1007`
          --> web.rs
          help: correct `user` in the contract of the image
        ");
    }

    #[test]
    fn another_digest_says_nothing() {
        assert_eq!(break_stack(|it| observe(it, Some("sha256:0"), 4711)), "");
    }
}
