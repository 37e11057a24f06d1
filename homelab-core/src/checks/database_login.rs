//! A client logs in to its database as the user, to the database and with the password that the server made.
//!
//! A database makes its user, its database and its password once, at its first start. A client that
//! says another name or reads another secret is refused at every start, and correcting the server's
//! side then changes nothing. And a server that trusts everybody gives its data to whoever reaches it,
//! whatever secret its clients have. A deploy is a client, too: by `.postgres("notes", "notes")` it
//! dumps before it changes anything, and it fails where there is no such database.
//!
//! Fix: give both sides the same constant: the server's variable and the client's, `.secret_env(…)`
//! with one secret.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::label;
use crate::dsl::contract::{DatabaseKeys, Setting};
use crate::dsl::database::{Database, Engine};
use crate::model::project::{Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "database-login",
    severity: Severity::Error,
    source: include_str!("database_login.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for client in project.members() {
        let Some(own) = keys(&client) else { continue };
        trust(project, &client, own, findings);
        dumped(project, &client, own, findings);
        let host = own.host.as_ref().and_then(|it| client.service.environment.get(it));
        let server = host.and_then(|it| project.member(&project.resolve(it)));
        let Some(server) = server else { continue };
        let Some(others) = keys(&server).filter(|it| it.host.is_none()) else { continue };
        // A client that dumps all databases only logs in to the one that it names.
        let dumps_all = own.dump_all.as_ref().and_then(|it| client.service.environment.get(it));
        let name = own.name.as_ref().filter(|_| dumps_all.is_none_or(|it| it != "TRUE"));
        let settings =
            [("user", own.user.as_ref(), &others.user), ("database", name, &others.name)];
        for (what, own, others) in settings {
            let (Some(own), Some(others)) = (own, others) else { continue };
            let said = value(project, &client, own).zip(value(project, &server, others));
            let Some((own_value, value)) = said.filter(|(one, other)| !names(one, other)) else {
                continue;
            };
            findings.on(
                &client,
                format!(
                    "`{}` names the {what} `{own_value}` to `{}`, where it is `{value}`",
                    client.name, server.name
                ),
                format!(
                    "set `{}` to `{value}`, or `{}` of `{}` to `{own_value}`",
                    own.key, others.key, server.name
                ),
            );
        }
        let (Some(own), Some(others)) = (&own.password, &others.password) else { continue };
        let variable = |member: &Member<'_>, key: &str| member.contract()?.file_variable(key);
        let variables = variable(&client, own).zip(variable(&server, others));
        let Some((own, others)) = variables else { continue };
        let read = client.secret_in(&own).zip(server.secret_in(&others));
        if let Some((own_secret, secret)) = read.filter(|(one, other)| one != other) {
            findings.on(
                &client,
                format!(
                    "`{}` logs in to `{}` with the secret `{own_secret}`, whose password is `{secret}`",
                    client.name, server.name
                ),
                format!("name one secret in `{own}` and in `{others}` of `{}`", server.name),
            );
        }
    }
}

/// Finds a server that asks nobody for a password.
fn trust(project: &Project<'_>, server: &Member<'_>, keys: &DatabaseKeys, findings: &mut Findings) {
    let Some(key) = &keys.trust else { return };
    let said = server.service.environment.get(key);
    if said.is_some_and(|it| project.resolve(it) == "trust") {
        findings.on(
            server,
            format!("`{}` lets in everybody: `{key}` is `trust`", server.name),
            format!("remove `{key}`; a database that was made so keeps it in `pg_hba.conf`"),
        );
    }
}

/// Finds a label by which a deploy dumps another database than the one that the server makes.
fn dumped(
    project: &Project<'_>,
    server: &Member<'_>,
    keys: &DatabaseKeys,
    findings: &mut Findings,
) {
    let says = server.service.labels.get(label::DATABASE).and_then(|it| it.parse().ok());
    let Some(Database::Server { engine, superuser, name }) = says else { return };
    // MariaDB is dumped as `root`, whom no variable names.
    let user = keys.user.as_ref().filter(|_| engine == Engine::Postgres);
    for (what, said, key) in [("user", superuser, user), ("database", name, keys.name.as_ref())] {
        let Some((key, value)) = key.and_then(|it| Some((it, value(project, server, it)?))) else {
            continue;
        };
        if value != said {
            findings.on(
                server,
                format!(
                    "a deploy dumps `{}` by the {what} `{said}`, and it makes `{value}`",
                    server.name
                ),
                format!("name the same in `{}` and where the dump is said", key.key),
            );
        }
    }
}

fn keys<'a>(member: &Member<'a>) -> Option<&'a DatabaseKeys> {
    member.contract().and_then(|it| it.database.get())
}

/// Whether a client's value is the server's, or a list that has it, as one that dumps may say.
fn names(own: &str, others: &str) -> bool {
    own.split([',', ' ']).any(|it| it == others)
}

/// Returns what a service says, or what holds when it says nothing.
fn value(project: &Project<'_>, member: &Member<'_>, setting: &Setting) -> Option<String> {
    let said = member.service.environment.get(&setting.key);
    said.map(|it| project.resolve(it)).or_else(|| setting.default.clone())
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_both, break_file, break_image, spec};
    use crate::compose::{Service, label};
    use crate::dsl::contract::{DatabaseKeys, ran};
    use crate::dsl::resource::Secret;
    use crate::dsl::text::Text;

    /// What is found after this change of `web`, the client, and `db`, its server.
    fn found(change: impl Fn(&mut Service, &mut Service)) -> String {
        break_file(|file| {
            let [web, db] =
                file.services.get_disjoint_mut(["web", "db"]).map(|it| it.expect("both are there"));
            change(web, db);
        })
    }

    fn set(service: &mut Service, key: &str, value: &str) {
        service.environment.insert(key.to_owned(), value.to_owned());
    }

    #[test]
    fn another_name_is_found_also_when_it_is_a_default() {
        insta::assert_snapshot!(found(|web, _| set(web, "DB_USER", "nots")), @r"
        error[database-login]: `web` names the user `nots` to `db`, where it is `admin`
          --> web.rs
          help: set `DB_USER` to `admin`, or `DB_USER` of `db` to `nots`
        ");
        insta::assert_snapshot!(found(|_, db| set(db, "DB_USER", "notes")), @r"
        error[database-login]: a deploy dumps `db` by the user `admin`, and it makes `notes`
          --> db.rs
          help: name the same in `DB_USER` and where the dump is said
        error[database-login]: `web` names the user `admin` to `db`, where it is `notes`
          --> web.rs
          help: set `DB_USER` to `notes`, or `DB_USER` of `db` to `admin`
        ");
        insta::assert_snapshot!(found(|web, db| {
            set(web, "DB_NAME", "notes");
            set(db, "DB_DATABASE", "web");
        }), @r"
        error[database-login]: a deploy dumps `db` by the database `notes`, and it makes `web`
          --> db.rs
          help: name the same in `DB_DATABASE` and where the dump is said
        error[database-login]: `web` names the database `notes` to `db`, where it is `web`
          --> web.rs
          help: set `DB_NAME` to `web`, or `DB_DATABASE` of `db` to `notes`
        ");
    }

    #[test]
    fn the_same_names_and_what_is_not_known_are_fine() {
        let same = |web: &mut Service, db: &mut Service| {
            for service in [web, db] {
                set(service, "DB_USER", "admin");
            }
        };
        assert_eq!(found(same), "");
        assert_eq!(found(|web, _| set(web, "DB_NAME", "notes")), "", "the server's is not known");
        let elsewhere = |web: &mut Service, _: &mut Service| {
            set(web, "DB_USER", "notes");
            set(web, "DB_HOST", "db.example.org");
        };
        assert_eq!(found(elsewhere), "");
    }

    #[test]
    fn a_client_that_dumps_may_name_several_databases_or_all() {
        let found = |name: &str, all: &str| {
            break_image(
                |file| {
                    let db = &mut file.services["db"];
                    set(db, "DB_DATABASE", "web");
                    db.labels.insert(label::DATABASE.to_owned(), "postgres:admin/web".to_owned());
                    set(&mut file.services["web"], "DB_NAME", name);
                    set(&mut file.services["web"], "ALL", all);
                },
                |image| {
                    let keys = DatabaseKeys::client("DB_HOST").name("DB_NAME", None);
                    image.database = ran("tests").is(keys.dumps_with("OPTIONS", "ALL"));
                },
            )
        };
        assert_eq!(found("notes,web", "FALSE") + &found("template1", "TRUE"), "");
        assert!(found("notes,webs", "FALSE").contains("database-login"));
    }

    #[test]
    fn a_server_that_trusts_everybody_is_found() {
        let found = |method: &str| {
            break_image(
                |file| set(&mut file.services["web"], "METHOD", method),
                |image| image.database = ran("tests").is(DatabaseKeys::server().trust("METHOD")),
            )
        };
        insta::assert_snapshot!(found("trust"), @r"
        error[database-login]: `web` lets in everybody: `METHOD` is `trust`
          --> web.rs
          help: remove `METHOD`; a database that was made so keeps it in `pg_hba.conf`
        ");
        assert_eq!(found("scram-sha-256"), "");
    }

    #[test]
    fn a_deploy_dumps_the_database_that_the_server_makes() {
        let found = break_file(|file| {
            let db = &mut file.services["db"];
            set(db, "DB_DATABASE", "notes");
            db.labels.insert(label::DATABASE.to_owned(), "postgres:admin/note".to_owned());
        });
        insta::assert_snapshot!(found, @r"
        error[database-login]: a deploy dumps `db` by the database `note`, and it makes `notes`
          --> db.rs
          help: name the same in `DB_DATABASE` and where the dump is said
        ");
    }

    #[test]
    fn another_password_is_found() {
        const OTHER: Secret = Secret::random("web-password");
        let found = break_both(
            |stack| {
                let web = spec(stack, "web");
                web.secrets = vec![(OTHER, "PASSWORD")];
                web.env.insert("DB_PASSWORD_FILE", Text::literal("/run/secrets/PASSWORD"));
            },
            |_| {},
        );
        insta::assert_snapshot!(found, @r"
        error[database-login]: `web` logs in to `db` with the secret `web-password`, whose password is `db-password`
          --> web.rs
          help: name one secret in `DB_PASSWORD_FILE` and in `DB_PASSWORD_FILE` of `db`
        ");
    }
}
