//! The engine keeps the logs and does not send them elsewhere.
//!
//! With drivers such as `syslog`, `gelf` or `fluentd` the engine sends every line to an address,
//! from the host's own network. So even a service without a way out can write to the internet, and
//! to programs that listen on the host alone.
//!
//! Fix: use `json-file` with a bound or `local`, which the DSL does. Where logs are collected, read
//! them from the engine, or say why with `.accept("log-driver", …)`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "log-driver",
    severity: Severity::Error,
    source: include_str!("log_driver.rs"),
    run,
};

/// Drivers that keep logs on the host; the empty name means the engine's default.
const LOCAL: &[&str] = &["", "json-file", "local", "none", "journald"];

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let driver = member.service.logging.as_ref().map(|it| project.resolve(&it.driver));
        if let Some(driver) = driver.filter(|it| !LOCAL.contains(&it.as_str())) {
            findings.on(
                &member,
                format!("`{}` sends its log away by the driver `{driver}`", member.name),
                "use `json-file` with `max-size`, or `local`".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    fn with(driver: &str) -> String {
        break_file(|file| {
            let logging = file.services["web"].logging.as_mut();
            driver.clone_into(&mut logging.expect("lowering sets it").driver);
        })
    }

    #[test]
    fn a_log_that_leaves_the_host_is_found() {
        insta::assert_snapshot!(with("syslog"), @"
        error[log-driver]: `web` sends its log away by the driver `syslog`
          --> web.rs
          help: use `json-file` with `max-size`, or `local`
        ");
    }

    #[test]
    fn a_log_that_stays_is_not_found() {
        assert_eq!(with("journald"), "");
    }
}
