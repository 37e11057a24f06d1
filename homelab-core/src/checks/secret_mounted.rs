//! A secret that a service reads is mounted in it, and a secret that is mounted is declared.
//!
//! A program that is told to read `/run/secrets/<name>` and finds nothing there stops, or
//! starts without a password. Compose refuses a project with a secret that is not declared.
//! A label is read by the proxy and not by the service that carries it: paths in labels count
//! on the proxy itself.
//!
//! Fix: add the name to the service's `secrets:` and to the top-level `secrets:`. In the DSL
//! `.secret_env(KEY, SECRET)` does all of it.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::service::RoleKind;
use crate::model::project::{Member, Project};
use std::path::Path;

pub(super) const RULE: Rule = Rule {
    id: "secret-mounted",
    severity: Severity::Error,
    source: include_str!("secret_mounted.rs"),
    run,
};

/// Where Compose mounts secrets.
const FOLDER: &str = "/run/secrets/";

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        for (place, text) in texts(&member) {
            for secret in paths(text).filter(|it| !is_mounted(&member, it)) {
                findings.on(
                    &member,
                    format!(
                        "`{}` names `{FOLDER}{secret}` in its {place}, which is not mounted",
                        member.name
                    ),
                    format!("add `{secret}` to `secrets:` of `{}`", member.name),
                );
            }
        }
        for secret in member.service.secrets.iter().map(|it| &it.source) {
            if !project.file().secrets.contains_key(secret) {
                findings.on(
                    &member,
                    format!(
                        "`{}` mounts the secret `{secret}`, which is not declared",
                        member.name
                    ),
                    format!("declare `{secret}` in the top-level `secrets:`"),
                );
            }
        }
    }
}

/// Returns the texts that are read inside the service's container; labels count only for the proxy.
fn texts<'a>(member: &Member<'a>) -> Vec<(String, &'a str)> {
    let mut texts = member.program_texts();
    if member.role() == Some(RoleKind::Edge) {
        texts.extend(member.label_texts());
    }
    texts
}

/// Returns the names of the secrets whose paths are in a text.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    text.split(FOLDER).skip(1).filter_map(|rest| {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        let name = rest.split(|c| !is_name(c)).next()?.trim_end_matches('.');
        (!name.is_empty()).then_some(name)
    })
}

/// Whether the secret is mounted: as a secret, or by a mount of the service at its path or above.
fn is_mounted(member: &Member<'_>, secret: &str) -> bool {
    let path = format!("{FOLDER}{secret}");
    member.service.secrets.iter().any(|it| it.path() == path)
        || member.service.volumes.iter().any(|it| Path::new(&path).starts_with(&it.target))
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn a_path_without_its_secret_is_found() {
        let found = break_file(|file| file.services["web"].secrets.clear());
        insta::assert_snapshot!(found, @r"
        error[secret-mounted]: `web` names `/run/secrets/db-password` in its variable `DB_PASSWORD_FILE`, which is not mounted
          --> web.rs
          help: add `db-password` to `secrets:` of `web`
        ");
    }

    #[test]
    fn a_path_in_a_label_of_the_proxy_is_found() {
        let found = break_file(|file| {
            let labels = &mut file.services["caddy"].labels;
            labels["caddy_1.basic_auth.import"] = "/run/secrets/attic".to_owned();
        });
        insta::assert_snapshot!(found, @r"
        error[secret-mounted]: `caddy` names `/run/secrets/attic` in its label `caddy_1.basic_auth.import`, which is not mounted
          --> caddy.rs
          help: add `attic` to `secrets:` of `caddy`
        ");
    }

    #[test]
    fn a_path_in_a_label_of_another_service_is_the_proxys() {
        let found = break_file(|file| {
            let path = "/run/secrets/login".to_owned();
            file.services["web"].labels.insert("caddy.basic_auth.import".to_owned(), path);
        });
        assert_eq!(found, "");
    }

    #[test]
    fn a_secret_that_is_not_declared_is_found() {
        let found = break_file(|file| {
            file.secrets.shift_remove("login");
        });
        insta::assert_snapshot!(found, @r"
        error[secret-mounted]: `caddy` mounts the secret `login`, which is not declared
          --> caddy.rs
          help: declare `login` in the top-level `secrets:`
        ");
    }
}
