//! A host that a service is told to connect to exists, and can be reached.
//!
//! A renamed service leaves its old name behind in the environment of others; two services
//! without a common network do not find each other's names. Both fail at run time only.
//!
//! Fix: write the name of a service of the project, and put both on one network. In the DSL
//! `.uses(&other)` with `other.host()` or `other.url(…)` cannot be wrong.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::name;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "dangling-host",
    severity: Severity::Error,
    source: include_str!("dangling_host.rs"),
    run,
};

/// Values that may stand where a host is expected but name none.
const WORDS: &[&str] =
    &["localhost", "true", "false", "yes", "no", "on", "off", "none", "all", "any", "auto"];

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        for (key, value) in &member.service.environment {
            let value = project.resolve(value);
            let Some(host) = host(key, &value) else { continue };
            match project.member(host) {
                None => findings.on(
                    &member,
                    format!(
                        "`{}` has the host `{host}` in `{key}`, which is no service",
                        member.name
                    ),
                    format!("name a service in `{key}`, or a host with its domain"),
                ),
                Some(other) if project.shared(&member, &other).next().is_none() => findings.on(
                    &member,
                    format!(
                        "`{}` has the host `{host}` in `{key}`, and shares no network with it",
                        member.name
                    ),
                    format!("put `{}` and `{host}` on one network", member.name),
                ),
                Some(_) => {}
            }
        }
    }
}

/// Schemes of addresses that lead to a service, whatever the variable's name is.
const SCHEMES: &[&str] = &[
    "amqp",
    "http",
    "https",
    "mariadb",
    "memcached",
    "mongodb",
    "mqtt",
    "mysql",
    "postgres",
    "postgresql",
    "redis",
    "rediss",
    "tcp",
    "ws",
    "wss",
];

/// Returns the host that a variable names, without scheme, login and port.
fn host<'a>(key: &str, value: &'a str) -> Option<&'a str> {
    let is_host = key.ends_with("HOST") || key.ends_with("HOSTNAME");
    let authority = match value.split_once("://") {
        // `postgresql+asyncpg` is PostgreSQL by another driver.
        Some((scheme, rest))
            if is_host
                || key.ends_with("_URL")
                || SCHEMES.contains(&scheme.split('+').next().unwrap_or_default()) =>
        {
            let authority = rest.split(['/', '?', '#']).next()?;
            authority.rsplit_once('@').map_or(authority, |it| it.1)
        }
        None if is_host => value,
        Some(_) | None => return None,
    };
    let host = authority.split_once(':').map_or(authority, |it| it.0);
    (name::fault(host).is_none() && !WORDS.contains(&host)).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::break_file;

    #[test]
    fn a_host_that_is_no_service_is_found() {
        let found = break_with("web", "DB_HOST", "postgres");
        insta::assert_snapshot!(found, @r"
        error[dangling-host]: `web` has the host `postgres` in `DB_HOST`, which is no service
          --> web.rs
          help: name a service in `DB_HOST`, or a host with its domain
        ");
    }

    #[test]
    fn a_service_on_other_networks_is_found() {
        let found = break_with("fetch", "REPORT_TO", "http://web:8080/weather");
        insta::assert_snapshot!(found, @r"
        error[dangling-host]: `fetch` has the host `web` in `REPORT_TO`, and shares no network with it
          --> fetch.rs
          help: put `fetch` and `web` on one network
        ");
    }

    #[test]
    fn only_bare_names_are_hosts() {
        assert_eq!(host("DB_URL", "postgres://me@db:5432/notes"), Some("db"));
        assert_eq!(host("DB_HOST", "db:5432"), Some("db"));
        assert_eq!(host("PAPERLESS_DBHOST", "db"), Some("db"));
        assert_eq!(host("PAPERLESS_REDIS", "redis://broker:6379"), Some("broker"));
        assert_eq!(host("DATABASE", "postgresql+asyncpg://me:it@db/notes"), Some("db"));
        for (key, value) in [
            ("APP_URL", "https://notes.home.arpa"),
            ("LISTEN_HOST", "0.0.0.0"),
            ("DB_HOST", "localhost"),
            ("DB_HOST", "$DB_HOST"),
            ("DB_HOST", ""),
            ("API_URL", "http://[::1]:80"),
            ("MODEL_URL", "small"),
            ("NAME", "db"),
            ("FORMAT", "urn://x"),
        ] {
            assert_eq!(host(key, value), None, "{key}={value}");
        }
    }

    fn break_with(service: &str, key: &str, value: &str) -> String {
        break_file(|file| {
            file.services[service].environment.insert(key.to_owned(), value.to_owned());
        })
    }
}
