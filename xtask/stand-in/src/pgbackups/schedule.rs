//! When the next dump is due, as robfig/cron v3 sees it, which go-cron uses.

use anyhow::Context as _;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Five or six fields, a descriptor such as `@daily`, or `@every 6h`.
#[derive(Clone, Debug)]
pub(super) enum Schedule {
    Every(SignedDuration),
    Fields(Box<Cron>),
}

impl Schedule {
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        if let Some(every) = text.strip_prefix("@every ") {
            let every: SignedDuration = every.parse()?;
            // Whole seconds, one at least.
            return Ok(Self::Every(SignedDuration::from_secs(every.as_secs().max(1))));
        }
        let fields = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            _ if text.starts_with('@') => anyhow::bail!("unrecognized descriptor"),
            fields => fields,
        };
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed);
        let cron = parser.build().parse(fields).context("expected 5 or 6 fields")?;
        Ok(Self::Fields(Box::new(cron)))
    }

    /// The first time after this one.
    ///
    /// Walks the clock from one change of the offset to the next, and thereby does what robfig
    /// does: a time that the clock jumps over does not happen ("jobs scheduled during
    /// daylight-savings leap-ahead transitions will not be run!"), and one that it shows twice
    /// happens twice. croner alone would move the former and skip one of the latter.
    pub(super) fn after(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let cron = match self {
            Self::Every(every) => {
                return Timestamp::from_second(now.as_second()).ok()?.checked_add(*every).ok();
            }
            Self::Fields(cron) => cron,
        };
        let (mut from, mut inclusive) = (now, false);
        loop {
            let fixed = from.to_zoned(TimeZone::fixed(zone.to_offset(from)));
            let found = cron.find_next_occurrence(&fixed, inclusive).ok()?.timestamp();
            match zone.following(from).next() {
                Some(change) if change.timestamp() <= found => {
                    (from, inclusive) = (change.timestamp(), true);
                }
                _ => return Some(found),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schedule: &str, zone: &str, from: &str, expected: &[&str]) {
        let schedule = Schedule::parse(schedule).expect("a schedule");
        let zone = TimeZone::get(zone).expect("a zone");
        let mut time: Timestamp = from.parse().expect("a time");
        for expected in expected {
            time = schedule.after(time, &zone).expect("a time");
            assert_eq!(time.to_zoned(zone.clone()).strftime("%F %T %:z").to_string(), *expected);
        }
    }

    const BERLIN: &str = "Europe/Berlin";
    /// The default of `BACKUP_SCHEDULE`.
    const NIGHTLY: &str = "30 3 * * *";

    #[test]
    fn the_default_is_once_in_every_night() {
        let nights = ["2026-01-11 03:30:00 +01:00", "2026-01-12 03:30:00 +01:00"];
        check(NIGHTLY, BERLIN, "2026-01-10T12:00:00Z", &nights);
        // Right at the time it is the next one.
        check(NIGHTLY, BERLIN, "2026-01-11T02:30:00Z", &nights[1..]);
        check(NIGHTLY, "Etc/UTC", "2026-01-10T12:00:00Z", &["2026-01-11 03:30:00 +00:00"]);
        let spring = ["2026-03-29 03:30:00 +02:00", "2026-03-30 03:30:00 +02:00"];
        check(NIGHTLY, BERLIN, "2026-03-28T12:00:00Z", &spring);
        let autumn = ["2026-10-25 03:30:00 +01:00", "2026-10-26 03:30:00 +01:00"];
        check(NIGHTLY, BERLIN, "2026-10-24T12:00:00Z", &autumn);
    }

    #[test]
    fn half_past_two_is_left_out_in_spring_and_comes_twice_in_autumn() {
        let spring = ["2026-03-28 02:30:00 +01:00", "2026-03-30 02:30:00 +02:00"];
        check("30 2 * * *", BERLIN, "2026-03-27T12:00:00Z", &spring);
        let autumn = [
            "2026-10-25 02:30:00 +02:00",
            "2026-10-25 02:30:00 +01:00",
            "2026-10-26 02:30:00 +01:00",
        ];
        check("30 2 * * *", BERLIN, "2026-10-24T12:00:00Z", &autumn);
        // The jump lands on a time that matches.
        check("0 3 * * *", BERLIN, "2026-03-28T12:00:00Z", &["2026-03-29 03:00:00 +02:00"]);
    }

    #[test]
    fn minutes_seconds_and_descriptors() {
        let minutes = ["2026-01-01 00:01:00 +00:00", "2026-01-01 00:02:00 +00:00"];
        check("* * * * *", "UTC", "2026-01-01T00:00:30Z", &minutes);
        check("*/15 * * * * *", "UTC", "2026-01-01T00:00:31Z", &["2026-01-01 00:00:45 +00:00"]);
        check("@daily", BERLIN, "2026-01-01T00:00:00Z", &["2026-01-02 00:00:00 +01:00"]);
        check("@weekly", "UTC", "2026-01-01T00:00:00Z", &["2026-01-04 00:00:00 +00:00"]);
        let hours = ["2026-01-01 06:00:01 +00:00", "2026-01-01 12:00:01 +00:00"];
        check("@every 6h", "UTC", "2026-01-01T00:00:01.7Z", &hours);
        check("@every 1h30m", "UTC", "2026-01-01T00:00:00Z", &["2026-01-01 01:30:00 +00:00"]);
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in ["", "soon", "@often", "@every", "@every x", "* * * *", "61 * * * *"] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
    }
}
