//! A secret that an image needs from others is not invented.
//!
//! The key of a VPN or the token of a provider is made by that provider. `homelab init` would write
//! random text, with which the service starts and never gets a connection.
//!
//! Fix: make it `Secret::given(…)`, so that `homelab init` asks for it and `homelab doctor` misses it.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::resource::SecretContent;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "secret-given",
    severity: Severity::Error,
    source: include_str!("secret_given.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let Some(contract) = member.contract() else { continue };
        for key in contract.secrets.items().iter().filter(|it| it.given) {
            let Some(variable) = contract.file_variable(&key.name) else { continue };
            let Some(name) = member.secret_in(&variable) else { continue };
            let is_invented = |it: &SecretContent| {
                matches!(it, SecretContent::Random | SecretContent::ProxyLogin)
            };
            let own = member.facts().secrets.iter().filter(|it| it.0.name() == name);
            if own.map(|it| it.0.content()).any(|it| is_invented(&it)) {
                findings.on(
                    &member,
                    format!(
                        "`{}` reads `{variable}` from the secret `{name}`, which is invented; its image \
                         needs one that comes from others",
                        member.name
                    ),
                    format!("make it `Secret::given(\"{name}\", \"what it is and where to find it\")`"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::check;
    use crate::checks::testing::{CATALOGUE, good, spec};
    use crate::dsl::contract::{Fact, SecretKey, ran};
    use crate::dsl::resource::Secret;

    /// What is found when the image of `web` needs a password from others.
    fn found(secret: Secret) -> Vec<String> {
        found_by(secret, "*_FILE")
    }

    /// The same when the image has this name for variables of files.
    fn found_by(secret: Secret, pattern: &str) -> Vec<String> {
        let mut stack = good();
        for name in ["web", "db", "dump"] {
            let spec = spec(&mut stack, name);
            spec.secrets = vec![(secret, "db-password")];
            let path = spec.env.shift_remove("DB_PASSWORD_FILE").expect("it has a password");
            let variable = if name == "web" { pattern } else { "*_FILE" };
            spec.env.insert(variable.replace('*', "DB_PASSWORD").leak(), path);
        }
        let mut catalogue = CATALOGUE.to_vec();
        let key = SecretKey::or_file("DB_PASSWORD").given();
        catalogue[0].secrets = ran("tests").all::<SecretKey, _>([key]);
        catalogue[0].database = Fact::Unknown;
        catalogue[0].file_variables = ran("tests").is(pattern.to_owned());
        let stack = stack.knowing(catalogue);
        let found = check(&Project::from_stack(&stack)).findings;
        found
            .into_iter()
            .map(|it| format!("{}: {}\nhelp: {}", it.rule, it.message, it.help))
            .collect()
    }

    #[test]
    fn an_invented_secret_is_found() {
        insta::assert_snapshot!(found(Secret::random("db-password")).join("\n"), @r#"
        secret-given: `web` reads `DB_PASSWORD_FILE` from the secret `db-password`, which is invented; its image needs one that comes from others
        help: make it `Secret::given("db-password", "what it is and where to find it")`
        "#);
    }

    #[test]
    fn an_invented_secret_is_found_under_the_name_that_the_image_reads() {
        for pattern in ["*_SECRETFILE", "*__FILE", "FILE__*"] {
            let found = found_by(Secret::random("db-password"), pattern).join("\n");
            let variable = pattern.replace('*', "DB_PASSWORD");
            let expected = format!("secret-given: `web` reads `{variable}` from the secret");
            assert!(found.starts_with(&expected), "{found}");
            let given = Secret::given("db-password", "what the provider shows");
            assert_eq!(found_by(given, pattern), [""; 0]);
        }
    }

    #[test]
    fn a_given_secret_is_fine() {
        assert_eq!(found(Secret::given("db-password", "what the provider shows")), [""; 0]);
    }
}
