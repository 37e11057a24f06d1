//! The time zone of a service exists, and so does a day of its schedule.
//!
//! A program that does not know the zone takes UTC without a word: schedules run and logs are
//! written at another hour than the household's. And what shall run on 30 February, `0 0 30 2 *`,
//! never does, and nothing says so.
//!
//! Fix: write a name of the IANA database, such as `Europe/Berlin`, or pass the household's variable;
//! in a schedule a day that the calendar has.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::variable::{is_time_zone, never_fires};
use crate::model::project::Project;

pub(super) const RULE: Rule =
    Rule { id: "time-zone", severity: Severity::Error, source: include_str!("time_zone.rs"), run };

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        for (key, value) in &member.service.environment {
            let value = project.resolve(value);
            if never_fires(&value) {
                findings.on(
                    &member,
                    format!(
                        "`{}` has in `{key}` the schedule `{value}`, which no day fits",
                        member.name
                    ),
                    "name a day that the calendar has".to_owned(),
                );
            }
        }
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
    fn a_schedule_without_a_day_is_found() {
        let with = |value: &str| {
            break_file(|file| {
                let environment = &mut file.services["fetch"].environment;
                environment.insert("CLEAN_UP".to_owned(), value.to_owned());
            })
        };
        insta::assert_snapshot!(with("0 0 30 2 *"), @r"
        error[time-zone]: `fetch` has in `CLEAN_UP` the schedule `0 0 30 2 *`, which no day fits
          --> fetch.rs
          help: name a day that the calendar has
        ");
        assert!(with("0 0 4 31 4,6 *").starts_with("error[time-zone]: "), "seconds come first");
        for right in ["0 0 29 2 *", "0 0 30 2 MON", "0 0 4 * * *", "30 2", "never", "$SCHEDULE"] {
            assert!(!with(right).contains("time-zone"), "{right}");
        }
    }

    #[test]
    fn zones_rules_and_variables_are_right() {
        for zone in ["Europe/Berlin", "UTC", "", "CET-1CEST,M3.5.0,M10.5.0/3", "${NOBODY}"] {
            assert!(!with(zone).contains("time-zone"), "{zone}");
        }
    }
}
