//! Services that read one secret have to do with each other.
//!
//! A password is made for one server and its clients. When two applications share one by accident,
//! such as by a copied constant, whoever breaks into one of them can log in to the other.
//!
//! Fix: make a secret for each server and its clients; where one password for both is meant, accept
//! the rule with the reason.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::{Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "secret-shared",
    severity: Severity::Error,
    source: include_str!("secret_shared.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for secret in project.file().secrets.keys() {
        let mut others: Vec<_> = project.readers(secret).collect();
        let Some(first) = (!others.is_empty()).then(|| others.remove(0)) else { continue };
        let mut circle = vec![first];
        let mut at = 0;
        while at < circle.len() {
            let one = circle[at];
            let knows = |other: &mut Member<'_>| are_connected(project, &one, other);
            circle.extend(others.extract_if(.., knows));
            at += 1;
        }
        let Some(stranger) = others.first() else { continue };
        findings.on(
            stranger,
            format!(
                "`{}` and `{}` share the secret `{secret}`, and neither uses the other",
                stranger.name, first.name
            ),
            format!("make a secret of its own for `{}`", stranger.name),
        );
    }
}

/// Whether one of two services uses the other: it starts after it, or has a network with it alone.
fn are_connected(project: &Project<'_>, one: &Member<'_>, other: &Member<'_>) -> bool {
    let starts_after =
        |one: &Member<'_>, other: &Member<'_>| one.service.depends_on.contains_key(other.name);
    let is_theirs = |network: &str| project.on_network(network).count() == 2;
    starts_after(one, other)
        || starts_after(other, one)
        || project.shared(one, other).any(is_theirs)
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack, spec};
    use crate::compose::{File, ServiceSecret};
    use crate::dsl::name::ServiceName;

    #[test]
    fn strangers_with_one_secret_are_found() {
        let share = |file: &mut File| {
            let secret = ServiceSecret { source: "db-password".to_owned(), target: None };
            file.services["fetch"].secrets.push(secret);
            file.services["fetch"].user = Some("70:70".to_owned());
        };
        insta::assert_snapshot!(break_file(share), @r"
        error[secret-shared]: `fetch` and `db` share the secret `db-password`, and neither uses the other
          --> fetch.rs
          help: make a secret of its own for `fetch`
        ");
    }

    #[test]
    fn who_only_knows_the_other_is_no_stranger() {
        let found = break_stack(|stack| {
            let dump = spec(stack, "dump");
            dump.depends.clear();
            dump.peers = vec![ServiceName::new("db")];
        });
        assert_eq!(found, "");
    }
}
