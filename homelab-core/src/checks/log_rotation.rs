//! Logs are kept, and are bounded in size.
//!
//! Docker's default driver `json-file` never deletes a line: a chatty service fills the disk
//! within months, and then everything stops. The driver `none` keeps nothing to look at.
//!
//! Fix: set `logging:` to `json-file` with `max-size` and `max-file`, or to `local`, which
//! rotates by itself. The DSL does so.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::Logging;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "log-rotation",
    severity: Severity::Warning,
    source: include_str!("log_rotation.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        if let Some(fault) = fault(member.service.logging.as_ref()) {
            findings.on(
                &member,
                format!("`{}` {fault}", member.name),
                "set `logging` to `json-file` with `max-size: 10m` and `max-file: \"3\"`"
                    .to_owned(),
            );
        }
    }
}

fn fault(logging: Option<&Logging>) -> Option<String> {
    let Some(logging) = logging else {
        return Some("has no `logging`: its log grows without bound".to_owned());
    };
    let size = logging.options.get("max-size").map_or("-1", String::as_str);
    match logging.driver.as_str() {
        "none" => Some("has the log driver `none`: it keeps no log".to_owned()),
        // Sizes below 0 mean without bound; `local` has a bound of 20 MB by default.
        "" | "json-file" if size.starts_with('-') => {
            Some("has a log without `max-size`: it grows without bound".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;
    use crate::compose::Logging;

    #[test]
    fn a_service_without_logging_is_found() {
        let found = break_file(|file| file.services["web"].logging = None);
        insta::assert_snapshot!(found, @r#"
        warning[log-rotation]: `web` has no `logging`: its log grows without bound
          --> web.rs
          help: set `logging` to `json-file` with `max-size: 10m` and `max-file: "3"`
        "#);
    }

    #[test]
    fn a_log_without_bound_is_found() {
        let found = break_file(|file| {
            let logging = file.services["web"].logging.as_mut();
            logging.expect("lowering sets it").options.shift_remove("max-size");
        });
        insta::assert_snapshot!(found, @r#"
        warning[log-rotation]: `web` has a log without `max-size`: it grows without bound
          --> web.rs
          help: set `logging` to `json-file` with `max-size: 10m` and `max-file: "3"`
        "#);
    }

    #[test]
    fn no_log_at_all_is_found() {
        let found = break_file(|file| {
            let none = Logging { driver: "none".to_owned(), ..Logging::default() };
            file.services["web"].logging = Some(none);
        });
        insta::assert_snapshot!(found, @r#"
        warning[log-rotation]: `web` has the log driver `none`: it keeps no log
          --> web.rs
          help: set `logging` to `json-file` with `max-size: 10m` and `max-file: "3"`
        "#);
    }
}
