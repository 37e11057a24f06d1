//! The time zone of a service exists.
//!
//! A program that does not know the zone takes UTC without a word: schedules run and logs are
//! written at another hour than the household's.
//!
//! Fix: write a name of the IANA database, such as `Europe/Berlin`, or pass the household's variable.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::variable::is_time_zone;
use crate::model::project::Project;

pub(super) const RULE: Rule =
    Rule { id: "time-zone", severity: Severity::Error, source: include_str!("time_zone.rs"), run };

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let Some(zone) = member.service.environment.get("TZ") else { continue };
        let zone = project.resolve(zone);
        if !zone.is_empty() && !is_time_zone(&zone) && !is_rule(&zone) {
            findings.on(
                &member,
                format!("`{}` has the time zone `{zone}`, which does not exist", member.name),
                "write a name of the IANA database, such as `Europe/Berlin`".to_owned(),
            );
        }
    }
}

/// Whether it may be a rule instead of a name, such as `CET-1CEST`, or has a variable in it.
fn is_rule(zone: &str) -> bool {
    zone.contains(|it: char| it.is_ascii_digit() || ",:<$".contains(it))
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    fn with(zone: &str) -> String {
        break_file(|file| {
            file.services["web"].environment.insert("TZ".to_owned(), zone.to_owned());
        })
    }

    #[test]
    fn a_zone_that_does_not_exist_is_found() {
        insta::assert_snapshot!(with("Europe/Berlim"), @r"
        error[time-zone]: `web` has the time zone `Europe/Berlim`, which does not exist
          --> web.rs
          help: write a name of the IANA database, such as `Europe/Berlin`
        ");
    }

    #[test]
    fn zones_rules_and_variables_are_right() {
        for zone in ["Europe/Berlin", "UTC", "", "CET-1CEST,M3.5.0,M10.5.0/3", "${NOBODY}"] {
            assert!(!with(zone).contains("time-zone"), "{zone}");
        }
    }
}
