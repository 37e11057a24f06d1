//! PostgreSQL still has its data after the power has failed.
//!
//! Without `fsync` or `full_page_writes` PostgreSQL is faster, and after a lost power or a crash of the
//! host its files may be damaged beyond repair. Of a service's command the last value counts. A file
//! system that never tears a page, such as ZFS, makes `full_page_writes` needless: say so with
//! `.accept("database-durable", …)`.
//!
//! Fix: remove the option. To write faster at the risk of the last moments alone, set
//! `synchronous_commit=off`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::contract::ImageKind;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "database-durable",
    severity: Severity::Error,
    source: include_str!("database_durable.rs"),
    run,
};

/// Settings of `PostgreSQL` without which a crash may damage its files, by its manual.
const SETTINGS: &[&str] = &["fsync", "full_page_writes"];

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let Some(contract) = member.contract() else { continue };
        let program = contract.major_of.get().map(String::as_str);
        if (program, contract.kind.get()) != (Some("PostgreSQL"), Some(&ImageKind::Database)) {
            continue;
        }
        let command = member.service.entrypoint.iter().chain(&member.service.command);
        let command = command.skip_while(|it| it.ends_with("docker-entrypoint.sh"));
        let command: Vec<_> = command.map(|it| project.resolve(it)).collect();
        // Other programs of the image have options of their own.
        if command.first().is_none_or(|it| it != "postgres" && !it.starts_with('-')) {
            continue;
        }
        let said: Vec<_> = said(&command).collect();
        for name in SETTINGS {
            let Some((_, value)) = said.iter().rfind(|it| it.0 == *name).filter(|it| is_off(&it.1))
            else {
                continue;
            };
            findings.on(
                &member,
                format!("`{}` sets `{name}` to `{value}`: a crash may damage it", member.name),
                format!("remove `{name}` from the command"),
            );
        }
    }
}

/// Returns the settings of a command: `-c name=value`, `-cname=value`, `--name=value`, and `-F`, which
/// is `fsync=off`.
fn said(command: &[String]) -> impl Iterator<Item = (String, String)> {
    let after = |at: usize| at > 0 && command[at - 1] == "-c";
    command.iter().enumerate().filter_map(move |(at, word)| {
        let setting = match word.as_str() {
            "-F" => "fsync=off",
            it if after(at) => it,
            it => it.strip_prefix("--").or_else(|| it.strip_prefix("-c"))?,
        };
        let (name, value) = setting.split_once('=')?;
        Some((name.trim().to_lowercase().replace('-', "_"), value.trim().to_owned()))
    })
}

/// Whether `PostgreSQL` reads a value as off: a `0`, or the beginning of a word for it.
fn is_off(value: &str) -> bool {
    let value = value.trim_matches('\'').to_lowercase();
    let begins = |it: &str, least| value.len() >= least && it.starts_with(&value);
    value == "0" || begins("off", 2) || begins("false", 1) || begins("no", 1)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::checks::check;
    use crate::compose::{File, Service};
    use crate::dsl::contract::{Contract, ImageKind, ran};
    use crate::model::project::Project;

    /// What is found of a server of `PostgreSQL` with this command.
    fn started(command: &[&str]) -> String {
        let by = ran("tests");
        let contract = Contract {
            kind: by.is(ImageKind::Database),
            major_of: by.is("PostgreSQL".to_owned()),
            ..Contract::of("postgres")
        };
        let db = Service {
            image: Some("postgres".to_owned()),
            command: command.iter().map(|it| (*it).to_owned()).collect(),
            ..Service::default()
        };
        let file = File { services: [("db".to_owned(), db)].into(), ..File::default() };
        let found = check(&Project::from_file(file, &[contract])).findings;
        let own = found.iter().filter(|it| it.rule == RULE.id);
        own.map(|it| format!("{}; {}", it.message, it.help)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_setting_that_risks_the_files_is_found() {
        insta::assert_snapshot!(started(&["postgres", "-c", "fsync=off", "--full-page-writes=0"]), @r"
        `db` sets `fsync` to `off`: a crash may damage it; remove `fsync` from the command
        `db` sets `full_page_writes` to `0`: a crash may damage it; remove `full_page_writes` from the command
        ");
        for option in ["-F", "-cfsync=no", "--fsync=false", "--FSYNC='of'"] {
            assert!(started(&["docker-entrypoint.sh", option]).contains("`fsync`"), "{option}");
        }
    }

    #[test]
    fn other_settings_are_fine_and_the_last_one_counts() {
        let fine = ["-c", "synchronous_commit=off", "-c", "fsync=on", "-c", "full_page_writes=o"];
        assert_eq!(started(&fine), "");
        assert_eq!(started(&["postgres", "-F", "-c", "fsync=on"]), "");
        assert_eq!(started(&["pg_dump", "-F", "c"]), "", "another program");
    }
}
