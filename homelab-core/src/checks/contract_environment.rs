//! An image gets the variables that it cannot do without, under the names that it reads.
//!
//! A missing variable stops the container at its start, or starts it with a default that is
//! wrong. A misspelt one does nothing, and nothing says so.
//!
//! Fix: set the variable that the message names; a secret's as `<KEY>_FILE`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "contract-environment",
    severity: Severity::Error,
    source: include_str!("contract_environment.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let Some(contract) = member.contract() else { continue };
        let environment = &member.service.environment;
        for key in contract.requires.items() {
            let file = contract.file_variable(key);
            let is_set = environment.contains_key(key)
                || file.as_ref().is_some_and(|it| environment.contains_key(it))
                // The content of an environment file of any other project is not known here, so it
                // may set the variable.
                || !member.facts().is_declared && !member.service.env_file.is_empty();
            if !is_set {
                findings.on(
                    &member,
                    format!("`{}` does not set `{key}`, which its image requires", member.name),
                    match file {
                        Some(file) => format!("set `{key}`, or `{file}` to the path of a secret"),
                        None => format!("set `{key}`"),
                    },
                );
            }
        }
        let misspelt = contract.misspelt.get().into_iter().flatten();
        for (wrong, right) in misspelt.filter(|it| environment.contains_key(it.0)) {
            findings.on(
                &member,
                format!("`{}` sets `{wrong}`, which its image does not read", member.name),
                format!("set `{right}`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_image};
    use crate::dsl::contract::{SecretKey, ran};

    #[test]
    fn a_file_of_variables_is_no_excuse_for_our_own_services() {
        let found = break_file(|file| {
            let web = &mut file.services["web"];
            web.environment.shift_remove("DB_PASSWORD_FILE");
            web.env_file.push("./config/web.env".to_owned());
        });
        assert!(found.starts_with("error[contract-environment]: `web` does not set"), "{found}");
    }

    #[test]
    fn a_missing_variable_is_found() {
        let found = break_file(|file| {
            file.services["web"].environment.shift_remove("DB_PASSWORD_FILE");
        });
        insta::assert_snapshot!(found, @r"
        error[contract-environment]: `web` does not set `DB_PASSWORD`, which its image requires
          --> web.rs
          help: set `DB_PASSWORD`, or `DB_PASSWORD_FILE` to the path of a secret
        ");
    }

    #[test]
    fn the_variable_of_a_file_has_the_name_that_the_image_reads() {
        let found = |variable: &'static str, key: SecretKey| {
            break_image(
                |file| {
                    let web = &mut file.services["web"].environment;
                    let path = web.shift_remove("DB_PASSWORD_FILE").expect("it has a password");
                    web.insert(variable.to_owned(), path);
                },
                |image| {
                    image.secrets = ran("tests").all([key]);
                    image.file_variables = ran("tests").is("*__FILE".to_owned());
                },
            )
        };
        let key = || SecretKey::or_file("DB_PASSWORD");
        assert_eq!(found("DB_PASSWORD__FILE", key()), "");
        insta::assert_snapshot!(found("DB_PASSWORD_FILE", key()), @r"
        error[contract-environment]: `web` does not set `DB_PASSWORD`, which its image requires
          --> web.rs
          help: set `DB_PASSWORD`, or `DB_PASSWORD__FILE` to the path of a secret
        ");
        insta::assert_snapshot!(found("DB_PASSWORD__FILE", SecretKey::plain("DB_PASSWORD")), @r"
        error[contract-environment]: `web` does not set `DB_PASSWORD`, which its image requires
          --> web.rs
          help: set `DB_PASSWORD`
        ");
    }

    #[test]
    fn a_misspelt_variable_is_found() {
        let found = break_file(|file| {
            file.services["web"].environment.insert("DATABASE_HOST".to_owned(), "db".to_owned());
        });
        insta::assert_snapshot!(found, @r"
        error[contract-environment]: `web` sets `DATABASE_HOST`, which its image does not read
          --> web.rs
          help: set `DB_HOST`
        ");
    }
}
