//! Every service has a health check, of its own or of its image.
//!
//! Without one a container that hangs is `running` for ever: nothing waits for it, nothing
//! reports it, and an update that breaks it passes for a success.
//!
//! A check that always succeeds, such as `exit 0` or `curl … || true`, is none either.
//!
//! A job needs none: whoever uses it waits until it has ended.
//!
//! An image of which nobody knows that it ships a check counts as one that has none.
//!
//! Fix: set `healthcheck:`. For an image that ships one, say so in its contract; for an image
//! that cannot be probed, give the reason to `Health::unprobed`.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "health-check",
    severity: Severity::Error,
    source: include_str!("health_check.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let test = member.service.healthcheck.as_ref().map(|it| it.test.as_slice());
        if let Some(line) = test.and_then(always_succeeds) {
            findings.on(
                &member,
                format!("the health check of `{}` always succeeds: `{line}`", member.name),
                "let it end with another exit code than 0 when the program does not answer"
                    .to_owned(),
            );
        }
        let needs_none = member.facts().unprobed.is_some() || project.is_job(&member);
        if !member.has_health_check() && !needs_none {
            let own = member.service.healthcheck.as_ref();
            let is_of_image = own.is_none_or(|it| !it.disable && it.test.is_empty());
            let why =
                if is_of_image { ", and no contract says that its image brings one" } else { "" };
            findings.on(
                &member,
                format!("`{}` has no health check{why}", member.name),
                Help::new(
                    "say `Health::command(…)` with what the image contains",
                    "set `healthcheck.test` to what the image contains",
                ),
            );
        }
    }
}

/// Returns the line or the program of a health check that can never fail.
fn always_succeeds(test: &[String]) -> Option<&str> {
    let words: Vec<_> = test.iter().map(String::as_str).collect();
    let is_shell = |it: &str| matches!(it.rsplit('/').next(), Some("sh" | "ash" | "bash"));
    match words.as_slice() {
        ["CMD-SHELL", line] => Some(*line).filter(|it| line_succeeds(it)),
        ["CMD", shell, "-c", line] if is_shell(shell) => Some(*line).filter(|it| line_succeeds(it)),
        ["CMD", program, ..] => {
            let name = program.rsplit('/').next();
            Some(*program).filter(|_| matches!(name, Some("true" | "echo")))
        }
        _ => None,
    }
}

/// Whether a line of a shell ends with exit code 0, whatever happens: the whole of it does, or what
/// stands behind the last `||` or `;` and nothing before that ends the shell.
fn line_succeeds(line: &str) -> bool {
    let is_harmless = |line: &str| {
        // With these it is another command's exit code, or a file that may not open.
        let is_alone = !line.contains(['|', '&', ';', '>', '<', '\n']);
        let words: Vec<_> = line.split_whitespace().collect();
        is_alone && matches!(words.as_slice(), [":" | "true" | "echo", ..] | ["exit", "0"])
    };
    let ends = |line: &str| line.contains("exit") || line.contains("set -");
    let last = |at: &str| line.rsplit_once(at).is_some_and(|it| is_harmless(it.1) && !ends(it.0));
    is_harmless(line) || last("||") || last(";")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_check_without_a_program_is_none() {
        let found = break_file(|file| {
            let check = file.services["dump"].healthcheck.as_mut().expect("it has a check");
            check.test.truncate(1);
        });
        assert!(found.starts_with("error[health-check]: `dump`"), "{found}");
    }

    use crate::checks::testing::{break_file, break_stack, spec};
    use crate::compose::Healthcheck;
    use crate::dsl::health::Health;

    #[test]
    fn a_service_without_one_is_found() {
        let found = break_file(|file| file.services["fetch"].healthcheck = None);
        insta::assert_snapshot!(found, @r"
        error[health-check]: `fetch` has no health check, and no contract says that its image brings one
          --> fetch.rs
          help: say `Health::command(…)` with what the image contains
        ");
    }

    #[test]
    fn a_disabled_one_is_found() {
        let found = break_file(|file| {
            file.services["web"].healthcheck =
                Some(Healthcheck { disable: true, ..Healthcheck::default() });
        });
        insta::assert_snapshot!(found, @r"
        error[health-check]: `web` has no health check
          --> web.rs
          help: say `Health::command(…)` with what the image contains
        ");
    }

    #[test]
    fn a_check_that_always_succeeds_is_found() {
        let with = |test: &[&str]| {
            break_file(|file| {
                let check = file.services["fetch"].healthcheck.as_mut().expect("it has a check");
                check.test = test.iter().map(|it| (*it).to_owned()).collect();
            })
        };
        insta::assert_snapshot!(with(&["CMD-SHELL", "curl http://localhost || true"]), @r"
        error[health-check]: the health check of `fetch` always succeeds: `curl http://localhost || true`
          --> fetch.rs
          help: let it end with another exit code than 0 when the program does not answer
        ");
        for test in [
            &["CMD", "/bin/true"][..],
            &["CMD", "echo", "ok"],
            &["CMD", "sh", "-c", "exit 0"],
            &["CMD-SHELL", " echo ok "],
            &["CMD-SHELL", "a || b || :"],
        ] {
            assert!(with(test).starts_with("error[health-check]: "), "{test:?}");
        }
        for line in [
            "curl -f http://localhost || exit 1",
            "echo ruok | nc localhost 2181",
            "echo > /dev/tcp/localhost/80",
            "test -f /ready || exit 1; test -f /new || true",
            "true && probe",
            "exit 1",
        ] {
            assert_eq!(with(&["CMD-SHELL", line]), "", "{line}");
        }
    }

    #[test]
    fn a_reason_is_enough() {
        let found = break_stack(|stack| spec(stack, "fetch").health = Health::unprobed("no shell"));
        assert_eq!(found, "");
    }

    #[test]
    fn a_check_that_the_image_may_not_have_is_found() {
        let found = break_stack(|stack| spec(stack, "fetch").health = Health::from_image());
        insta::assert_snapshot!(found, @r"
        error[health-check]: `fetch` has no health check, and no contract says that its image brings one
          --> fetch.rs
          help: say `Health::command(…)` with what the image contains
        ");
    }
}
