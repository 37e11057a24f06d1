//! A program and its arguments are a list of words, and the program's name has no space.
//!
//! `["redis-server --save 60 1"]` starts a program of that whole name, which no image has. A health
//! check whose list begins with `CMD` and `CMD-SHELL` asks for a program `CMD-SHELL`, and the service
//! is never healthy.
//!
//! Fix: make each argument a word of its own. Where a shell is meant, write `sh`, `-c` and the line;
//! for a health check `CMD-SHELL` and the line, in the DSL `Health::shell(…)`.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "command-words",
    severity: Severity::Error,
    source: include_str!("command_words.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let service = member.service;
        // What comes after an entry point are arguments, and the entry point of an image may be a
        // shell with `-c`. But a line without any other word is meant as a program.
        let program = match (service.entrypoint.as_slice(), service.command.as_slice()) {
            ([program, ..], _) => Some(program),
            ([], [line]) if !line.starts_with('-') => Some(line),
            ([], _) => None,
        };
        if let Some(line) = program.filter(|it| it.contains(char::is_whitespace)) {
            findings.on(
                &member,
                format!("`{}` starts a program of the name `{line}`", member.name),
                "make each argument a word of its own".to_owned(),
            );
        }
        let test = service.healthcheck.iter().find_map(|it| it.test.split_first());
        let Some((kind, words)) = test else { continue };
        let first = words.first().map(String::as_str).unwrap_or_default();
        let is_wrong = match kind.as_str() {
            "CMD" => is_kind(first) || first.contains(char::is_whitespace),
            other => !is_kind(other),
        };
        if is_wrong {
            let probe = if is_kind(kind) { first } else { kind };
            findings.on(
                &member,
                format!("the health check of `{}` is a program of the name `{probe}`", member.name),
                Help::new(
                    "make each argument a word of its own, or say `Health::shell(…)`",
                    "make each argument a word of its own, or begin with `CMD-SHELL` and a line",
                ),
            );
        }
    }
}

/// Whether a word says how a health check is run.
fn is_kind(word: &str) -> bool {
    matches!(word, "CMD" | "CMD-SHELL" | "NONE")
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;
    use crate::compose::Service;

    fn fetch(change: impl FnOnce(&mut Service)) -> String {
        break_file(|file| change(&mut file.services["fetch"]))
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn a_whole_line_as_a_program_is_found() {
        insta::assert_snapshot!(fetch(|it| it.command = words(&["fetch --every 5"])), @r"
        error[command-words]: `fetch` starts a program of the name `fetch --every 5`
          --> fetch.rs
          help: make each argument a word of its own
        ");
        let found = fetch(|it| it.entrypoint = words(&["fetch --every 5"]));
        assert!(found.starts_with("error[command-words]"), "{found}");
    }

    #[test]
    fn a_health_check_that_no_image_can_run_is_found() {
        let test =
            |test: &[&str]| fetch(|it| it.healthcheck.get_or_insert_default().test = words(test));
        insta::assert_snapshot!(test(&["CMD", "CMD-SHELL", "true"]), @r"
        error[command-words]: the health check of `fetch` is a program of the name `CMD-SHELL`
          --> fetch.rs
          help: make each argument a word of its own, or say `Health::shell(…)`
        ");
        for wrong in [&["CMD", "curl localhost"][..], &["curl", "localhost"]] {
            assert!(test(wrong).starts_with("error[command-words]"), "{wrong:?}");
        }
        assert_eq!(test(&["CMD-SHELL", "curl -f localhost || exit 1"]), "");
        assert_eq!(test(&["CMD", "probe", "with a space"]), "");
    }

    #[test]
    fn words_and_lines_for_a_shell_are_fine() {
        assert_eq!(fetch(|it| it.command = words(&["fetch", "--title", "My house"])), "");
        assert_eq!(fetch(|it| it.command = words(&["--title=My house"])), "");
        let shell = fetch(|it| {
            it.entrypoint = words(&["/bin/sh", "-c"]);
            it.command = words(&["sleep 600"]);
        });
        assert_eq!(shell, "");
    }
}
