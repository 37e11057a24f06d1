//! A host that a service is told to connect to exists, and can be reached.
//!
//! A renamed service leaves its old name behind in the environment of others; two services
//! without a common network do not find each other's names. Both fail at run time only.
//!
//! `localhost` is always the container itself, so an extra host of that name is found by few programs.
//! A service whose name is also an extra host is not found by that name either, and the engine makes no
//! container with an extra host whose address is none. A mail server outside is reached by nobody who
//! has no way out.
//!
//! Fix: write the name of a service of the project, and put both on one network. In the DSL
//! `.uses(&other)` with `other.host()` or `other.url(…)` cannot be wrong.

use std::net::IpAddr;

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::dsl::name;
use crate::model::project::{Member, Project};

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
        extra_hosts(project, &member, findings);
        for (key, value) in &member.service.environment {
            let value = project.resolve(value);
            if is_mail_server(key, &value)
                && !member.networks().iter().any(|it| project.leads_out(it))
            {
                findings.on(
                    &member,
                    format!(
                        "`{}` sends mail by `{value}` in `{key}`, and has no way out",
                        member.name
                    ),
                    Help::new(
                        "give it a way out: `.egress(\"sends mail\")`",
                        "put it on a network that is not internal",
                    ),
                );
            }
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

fn extra_hosts(project: &Project<'_>, member: &Member<'_>, findings: &mut Findings) {
    for (host, address) in &member.service.extra_hosts {
        let address = project.resolve(address);
        let name = member.name;
        if host == "localhost" {
            findings.on(
                member,
                format!("`{name}` looks for `localhost`, which is itself, at `{address}`"),
                "give the extra host another name, and the program that name".to_owned(),
            );
        }
        if project.member(host).is_some() {
            findings.on(
                member,
                format!("`{name}` looks for the service `{host}` at `{address}`, an extra host"),
                format!("give the extra host `{host}` another name"),
            );
        }
        if address != HOST_GATEWAY && address.parse::<IpAddr>().is_err() {
            findings.on(
                member,
                format!("`{name}` has the extra host `{host}` at `{address}`, which is no address"),
                "write an address of IPv4 or IPv6".to_owned(),
            );
        }
    }
}

/// What Compose puts the host's own address in the place of.
const HOST_GATEWAY: &str = "host-gateway";

/// Whether a variable names a mail server by its domain.
fn is_mail_server(key: &str, value: &str) -> bool {
    let is_mail = ["SMTP", "MAIL"].iter().any(|it| key.contains(it));
    let is_domain = value.contains('.') && !value.contains(|it: char| it.is_whitespace());
    is_mail && (key.ends_with("HOST") || key.ends_with("SERVER")) && is_domain
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

/// Schemes of notifications to a service of the internet, with a token or a channel where others have
/// their host: <https://containrrr.dev/shoutrrr/services/overview/>.
const NAMELESS: &[&str] = &[
    "discord",
    "googlechat",
    "ifttt",
    "join",
    "logger",
    "pushbullet",
    "pushover",
    "slack",
    "teams",
    "telegram",
];

/// Returns the host that a variable names, without scheme, login and port.
fn host<'a>(key: &str, value: &'a str) -> Option<&'a str> {
    let is_host = key.ends_with("HOST") || key.ends_with("HOSTNAME");
    let authority = match value.split_once("://") {
        // `postgresql+asyncpg` is PostgreSQL by another driver.
        Some((scheme, _)) if NAMELESS.contains(&scheme) => return None,
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
    fn a_mail_server_without_a_way_out_is_found() {
        let found = break_with("web", "SMTP_HOST", "mail.example.org");
        insta::assert_snapshot!(found, @r#"
        error[dangling-host]: `web` sends mail by `mail.example.org` in `SMTP_HOST`, and has no way out
          --> web.rs
          help: give it a way out: `.egress("sends mail")`
        "#);
        assert_eq!(break_with("fetch", "SMTP_HOST", "mail.example.org"), "");
        assert_eq!(break_with("web", "MAIL_FROM", "me@example.org"), "");
    }

    #[test]
    fn an_extra_host_that_hides_a_service_or_is_no_address_is_found() {
        let with = |host: &str, address: &str| {
            break_file(|file| {
                let hosts = &mut file.services["fetch"].extra_hosts;
                hosts.insert(host.to_owned(), address.to_owned());
            })
        };
        insta::assert_snapshot!(with("web", "10.0.0.1"), @r"
        error[dangling-host]: `fetch` looks for the service `web` at `10.0.0.1`, an extra host
          --> fetch.rs
          help: give the extra host `web` another name
        ");
        insta::assert_snapshot!(with("nas", "10.0.0.333"), @r"
        error[dangling-host]: `fetch` has the extra host `nas` at `10.0.0.333`, which is no address
          --> fetch.rs
          help: write an address of IPv4 or IPv6
        ");
        insta::assert_snapshot!(with("localhost", "10.0.0.1"), @r"
        error[dangling-host]: `fetch` looks for `localhost`, which is itself, at `10.0.0.1`
          --> fetch.rs
          help: give the extra host another name, and the program that name
        ");
        assert_eq!(with("nas", "fd00::1"), "");
    }

    #[test]
    fn only_bare_names_are_hosts() {
        assert_eq!(host("DB_URL", "postgres://me@db:5432/notes"), Some("db"));
        assert_eq!(host("DB_HOST", "db:5432"), Some("db"));
        assert_eq!(host("PAPERLESS_DBHOST", "db"), Some("db"));
        assert_eq!(host("PAPERLESS_REDIS", "redis://broker:6379"), Some("broker"));
        assert_eq!(host("NOTIFICATION_URL", "gotify://gotify/token"), Some("gotify"));
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
            ("WATCHTOWER_NOTIFICATION_URL", "telegram://token@telegram?chats=@me"),
            ("NOTIFICATION_URL", "slack://token-a/token-b/token-c"),
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
