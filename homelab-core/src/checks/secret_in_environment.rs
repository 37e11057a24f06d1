//! No password, token or key is part of an environment, a command or a label.
//!
//! What is in an environment can be read by `docker inspect`, by every process of the
//! container and by every crash report; what is literal in the file is in its history too.
//!
//! Fix: put the value into a file under `secrets/` and name its path in `<KEY>_FILE`; if the
//! image does not read that, accept the rule with the reason.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::compose::interpolate;
use crate::model::project::{Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "secret-in-environment",
    severity: Severity::Error,
    source: include_str!("secret_in_environment.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let name = member.name;
        for (key, value) in &member.service.environment {
            if is_secret(&member, key, value) {
                let origin = if interpolate::variables(value).is_empty() {
                    "its definition"
                } else {
                    "`.env`"
                };
                findings.on(
                    &member,
                    format!("`{name}` has the secret `{key}` in its environment, from {origin}"),
                    help(&member, key),
                );
            }
        }
        for option in member.service.entrypoint.iter().chain(&member.service.command) {
            if let Some(option) = secret_option(option) {
                findings.on(
                    &member,
                    format!("`{name}` has the secret `{option}` in its command"),
                    "give it in a secret's file, if the program has an option for one".to_owned(),
                );
            }
        }
        for (place, text) in member.program_texts().into_iter().chain(member.label_texts()) {
            if has_login(text) {
                findings.on(
                    &member,
                    format!("`{name}` has a password in a URL, in its {place}"),
                    "give the password in a secret's file instead of the URL".to_owned(),
                );
            }
        }
    }
}

fn is_secret(member: &Member<'_>, key: &str, value: &str) -> bool {
    let upper = key.to_ascii_uppercase();
    if names_a_file(member, key) {
        return false;
    }
    let known = member
        .contract()
        .is_some_and(|contract| contract.secrets.items().iter().any(|it| it.name == key));
    let holds = !value.is_empty() && !value.contains("/run/secrets/");
    // `DISABLE_PASSWORD=true` holds no password.
    let is_switch = matches!(value, "true" | "false" | "yes" | "no" | "on" | "off" | "0" | "1");
    holds && (known || is_credential(&upper) && !is_switch)
}

/// Returns an option such as `--api-token=…` whose value is a credential.
fn secret_option(word: &str) -> Option<&str> {
    let (option, value) = word.split_once('=')?;
    let name = option.strip_prefix("--")?.replace('-', "_").to_ascii_uppercase();
    // A path says where the secret is.
    (is_credential(&name) && !value.is_empty() && !value.starts_with('/')).then_some(option)
}

/// Whether a variable names a file: by the contract, else by the forms that images have.
pub(crate) fn names_a_file(member: &Member<'_>, key: &str) -> bool {
    let upper = key.to_ascii_uppercase();
    let is_known = member.contract().is_some_and(|it| it.names_a_file(key));
    is_known || upper.ends_with("_FILE") || upper.starts_with("FILE__")
}

/// Whether an upper-case name ends like the name of a credential; numbers, `HASH` and `BASE` may
/// follow.
pub(crate) fn is_credential(upper: &str) -> bool {
    let mut words: Vec<_> = upper.split('_').collect();
    let follows = |word: &&str| {
        matches!(*word, "HASH" | "BASE") || word.bytes().all(|it| it.is_ascii_digit())
    };
    while words.last().is_some_and(follows) {
        words.pop();
    }
    // Alone, `PWD` is the folder that a shell is in.
    matches!(
        words.as_slice(),
        [.., "PASSWORD" | "PASSWD" | "PASSPHRASE" | "SECRET" | "TOKEN" | "APIKEY" | "AUTHKEY"]
            | [_, .., "PASS" | "PWD" | "PW"]
            | [
                ..,
                "ACCESS"
                    | "API"
                    | "APP"
                    | "AUTH"
                    | "ENCRYPTION"
                    | "MASTER"
                    | "PRIVATE"
                    | "SECRET"
                    | "SESSION"
                    | "SIGNING",
                "KEY"
            ]
    )
}

fn help(member: &Member<'_>, key: &str) -> Help {
    let unknown = || Some(format!("{key}_FILE"));
    match member.contract().map_or_else(unknown, |it| it.file_variable(key)) {
        Some(variable) => Help::new(
            format!("say `.secret_env(\"{variable}\", SECRET)`"),
            format!("set `{variable}` to `/run/secrets/<name>`"),
        ),
        None => "accept the rule with a reason: the image reads it from no file".to_owned().into(),
    }
}

/// Whether a text contains `scheme://user:password@`; every variable counts as some text.
fn has_login(text: &str) -> bool {
    let Ok(filled) = interpolate::resolve(text, &|_| Some("x".to_owned())) else { return false };
    filled.split("://").skip(1).any(|rest| {
        let end = rest.find(|c: char| c.is_whitespace() || "/?#'\",".contains(c));
        let login = rest[..end.unwrap_or(rest.len())].rsplit_once('@');
        login.and_then(|it| it.0.split_once(':')).is_some_and(|it| !it.1.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{break_file, break_image};
    use crate::dsl::contract::{SecretKey, ran};

    #[test]
    fn an_option_is_found_and_not_printed() {
        let with =
            |word: &str| break_file(|file| file.services["fetch"].command.push(word.to_owned()));
        insta::assert_snapshot!(with("--api-token=hunter2"), @r"
        error[secret-in-environment]: `fetch` has the secret `--api-token` in its command
          --> fetch.rs
          help: give it in a secret's file, if the program has an option for one
        ");
        assert!(!with("--api-token=/run/secrets/token").contains("secret-in-environment"));
        assert_eq!(with("--log-level=debug"), "");
    }

    #[test]
    fn a_literal_is_found_and_not_printed() {
        let found = break_file(|file| {
            file.services["fetch"].environment.insert("API_TOKEN".to_owned(), "hunter2".to_owned());
        });
        insta::assert_snapshot!(found, @r#"
        error[secret-in-environment]: `fetch` has the secret `API_TOKEN` in its environment, from its definition
          --> fetch.rs
          help: say `.secret_env("API_TOKEN_FILE", SECRET)`
        "#);
    }

    #[test]
    fn a_variable_is_found() {
        let found = break_file(|file| {
            file.services["web"]
                .environment
                .insert("DB_PASSWORD".to_owned(), "${DOMAIN:-x}".to_owned());
        });
        insta::assert_snapshot!(found, @r#"
        error[secret-in-environment]: `web` has the secret `DB_PASSWORD` in its environment, from `.env`
          --> web.rs
          help: say `.secret_env("DB_PASSWORD_FILE", SECRET)`
        "#);
    }

    #[test]
    fn the_help_names_the_variable_that_the_image_reads() {
        let found = |key: SecretKey| {
            break_image(
                |file| {
                    let web = &mut file.services["web"].environment;
                    web.insert("API_TOKEN".to_owned(), "hunter2".to_owned());
                },
                |image| {
                    let by = ran("tests");
                    image.secrets = by.all([key]);
                    image.database = by.none();
                    image.requires = by.none();
                    image.file_variables = by.is("FILE__*".to_owned());
                },
            )
        };
        insta::assert_snapshot!(found(SecretKey::or_file("API_TOKEN")), @r#"
        error[secret-in-environment]: `web` has the secret `API_TOKEN` in its environment, from its definition
          --> web.rs
          help: say `.secret_env("FILE__API_TOKEN", SECRET)`
        "#);
        insta::assert_snapshot!(found(SecretKey::plain("API_TOKEN")), @r"
        error[secret-in-environment]: `web` has the secret `API_TOKEN` in its environment, from its definition
          --> web.rs
          help: accept the rule with a reason: the image reads it from no file
        ");
    }

    #[test]
    fn a_password_in_a_url_is_found() {
        let found = break_file(|file| {
            file.services["fetch"].command = vec!["--to=amqp://me:${DOMAIN:-x}@queue/".to_owned()];
        });
        insta::assert_snapshot!(found, @r"
        error[secret-in-environment]: `fetch` has a password in a URL, in its command
          --> fetch.rs
          help: give the password in a secret's file instead of the URL
        ");
    }

    #[test]
    fn names_and_values_that_are_no_secrets_are_fine() {
        for name in [
            "API_TOKEN",
            "SECRET",
            "SECRET_KEY_BASE",
            "ADMIN_PASSWORD_1",
            "MONGO_PASS",
            "MYSQL_PWD",
            "TS_AUTHKEY",
            "MEILI_MASTER_KEY",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in
            ["TOKEN_EXPIRY", "MONKEY", "SECRETARY", "TOKENS", "KEY", "PWD", "PASS", "BYPASS"]
        {
            assert!(!is_credential(name), "{name}");
        }
        for url in
            ["http://a:80/x@y:z", "ssh://git@host:22", "mailto:me@host", "http://${A:?set A}:1"]
        {
            assert!(!has_login(url), "{url}");
        }
    }
}
