//! The path of a secret stands only in a variable that is read as a path.
//!
//! `POSTGRES_PASSWORD: /run/secrets/db-password` makes the path itself the password: everybody
//! knows it, and whoever reads the file has another one.
//!
//! Fix: use the variable's `_FILE` form: `.secret_env("POSTGRES_PASSWORD_FILE", SECRET)`.

use super::secret_in_environment::{is_credential, names_a_file};
use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::{Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "secret-path",
    severity: Severity::Error,
    source: include_str!("secret_path.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let environment = member.service.environment.iter();
        for (key, _) in environment.filter(|it| it.1.starts_with("/run/secrets/")) {
            if is_value(&member, key) {
                let variable = member.contract().and_then(|it| it.file_variable(key));
                let variable = variable.unwrap_or_else(|| format!("{key}_FILE"));
                findings.on(
                    &member,
                    format!("`{}` sets `{key}` to the path of a secret", member.name),
                    format!("set `{variable}` to it: `{key}` is read as the secret itself"),
                );
            }
        }
    }
}

/// Whether the image reads the variable as the secret itself: by its contract, else by the
/// variable's name.
fn is_value(member: &Member<'_>, key: &str) -> bool {
    if names_a_file(member, key) {
        return false;
    }
    let known = member
        .contract()
        .and_then(|contract| contract.secrets.items().iter().find(|it| it.name == key));
    known.map_or_else(|| is_credential(&key.to_ascii_uppercase()), |it| it.file)
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn a_path_as_the_secret_itself_is_found() {
        let found = break_file(|file| {
            let environment = &mut file.services["dump"].environment;
            let path = environment.shift_remove("DB_PASSWORD_FILE").expect("it has a password");
            environment.insert("DB_PASSWORD".to_owned(), path);
        });
        insta::assert_snapshot!(found, @r"
        error[secret-path]: `dump` sets `DB_PASSWORD` to the path of a secret
          --> dump.rs
          help: set `DB_PASSWORD_FILE` to it: `DB_PASSWORD` is read as the secret itself
        ");
    }
}
