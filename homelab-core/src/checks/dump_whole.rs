//! A dump holds the whole database that it is said to hold.
//!
//! With `--schema-only` and its like the dump ends well, its file is there every night, and the rows
//! are missing. Which server is dumped is in the dumper's variables, and not in what its author says of
//! it.
//!
//! Fix: remove the option, or name the database's service in the variable. A service that dumps two
//! servers is two services.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "dump-whole",
    severity: Severity::Error,
    source: include_str!("dump_whole.rs"),
    run,
};

/// Options of `pg_dump` and `pg_dumpall` that leave out the data or what it is in, by the reference
/// pages of PostgreSQL 18.
const PARTIAL: &[&str] = &[
    "--data-only",
    "--globals-only",
    "--no-blobs",
    "--no-data",
    "--no-large-objects",
    "--no-schema",
    "--roles-only",
    "--schema-only",
    "--statistics-only",
    "--tablespaces-only",
];

/// The same as letters: `--data-only`, `--globals-only`, `--roles-only`, `--schema-only`.
const PARTIAL_LETTERS: &str = "agrs";

/// Letters behind which the rest of a word is their value.
const WITH_VALUE: &str = "dEefFhjlnNpStTUZ";

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let Some(keys) = member.contract().and_then(|it| it.database.get()) else { continue };
        let said = |key: &Option<String>| {
            let key = key.as_ref()?;
            let value = member.service.environment.get(key)?;
            Some((key.clone(), project.resolve(value)))
        };
        if let Some((key, options)) = said(&keys.dump_options) {
            for option in options.split_whitespace().filter(|it| is_partial(it)) {
                findings.on(
                    &member,
                    format!("`{}` dumps with `{option}`, which leaves a part out", member.name),
                    format!("remove it from `{key}`"),
                );
            }
        }
        let Some((key, host)) = said(&keys.host).filter(|it| project.member(&it.1).is_some())
        else {
            continue;
        };
        for database in member.facts().dumps.iter().filter(|it| **it != host) {
            findings.on(
                &member,
                format!("`{}` is said to dump `{database}`, and dumps `{host}`", member.name),
                format!("name `{database}` in `{key}`, or correct `.dumps(…)`"),
            );
        }
    }
}

/// Whether a word of the options makes a dump that is not whole.
fn is_partial(word: &str) -> bool {
    let letters = word.strip_prefix('-').filter(|it| !it.starts_with('-'));
    let mut letters = letters.unwrap_or_default().chars();
    PARTIAL.contains(&word)
        || letters
            .find(|it| PARTIAL_LETTERS.contains(*it) || WITH_VALUE.contains(*it))
            .is_some_and(|it| PARTIAL_LETTERS.contains(it))
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};
    use crate::dsl::contract::{DatabaseKeys, ran};
    use crate::dsl::text::Text;

    /// What is found when the dumper of `db` has these variables.
    fn dumped(host: &'static str, options: &'static str) -> String {
        break_stack(|stack| {
            let mut catalogue = stack.catalogue().to_vec();
            let image = catalogue.iter_mut().find(|it| it.repository == "example/dump");
            let keys = DatabaseKeys::client("HOST").dumps_with("OPTIONS", "ALL");
            image.expect("it is there").database = ran("tests").is(keys);
            *stack = stack.clone().knowing(catalogue);
            let env = &mut spec(stack, "dump").env;
            env.insert("HOST", Text::literal(host));
            env.insert("OPTIONS", Text::literal(options));
        })
    }

    #[test]
    fn options_that_leave_a_part_out_are_found() {
        insta::assert_snapshot!(dumped("db", "-Z1 --schema-only -Os"), @r"
        error[dump-whole]: `dump` dumps with `--schema-only`, which leaves a part out
          --> dump.rs
          help: remove it from `OPTIONS`
        error[dump-whole]: `dump` dumps with `-Os`, which leaves a part out
          --> dump.rs
          help: remove it from `OPTIONS`
        ");
    }

    #[test]
    fn other_options_are_fine() {
        let fine = "-Z1 --clean --if-exists -Fc -n public --schema=a -Tsessions";
        for options in ["", fine] {
            assert_eq!(dumped("db", options), "", "{options}");
        }
    }

    #[test]
    fn a_dump_of_another_server_is_found() {
        insta::assert_snapshot!(dumped("web", ""), @r"
        error[dump-whole]: `dump` is said to dump `db`, and dumps `web`
          --> dump.rs
          help: name `db` in `HOST`, or correct `.dumps(…)`
        error[dangling-host]: `dump` has the host `web` in `HOST`, and shares no network with it
          --> dump.rs
          help: put `dump` and `web` on one network
        ");
        assert!(!dumped("elsewhere", "").contains("dump-whole"), "its name may be another one");
    }
}
