//! Reads the health check and compares it field by field, with the image's check for what is
//! absent.

use serde_json::Value;

use super::json::{number, texts};
use super::words::{duration, nanoseconds};
use crate::compose::Healthcheck;

/// A check as the engine has it; zero and an empty test mean "not given".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Check {
    test: Vec<String>,
    interval: u128,
    timeout: u128,
    start_period: u128,
    retries: u128,
}

impl Check {
    fn read(inspected: &Value) -> Self {
        let Some(it) = inspected.pointer("/Config/Healthcheck") else { return Self::default() };
        Self {
            test: texts(it, "/Test"),
            interval: number(it, "/Interval").into(),
            timeout: number(it, "/Timeout").into(),
            start_period: number(it, "/StartPeriod").into(),
            retries: number(it, "/Retries").into(),
        }
    }

    /// Reads the file's check as the engine would; a text that is no duration equals no other one.
    fn expected(wanted: &Healthcheck, image: &Self) -> Self {
        let time = |own: &Option<String>, image: u128| match own.as_deref().map(nanoseconds) {
            Some(None) => u128::MAX,
            Some(Some(own)) if own > 0 => own,
            Some(Some(_)) | None => image,
        };
        let retries = wanted.retries.filter(|it| *it > 0).map(u128::from);
        Self {
            test: if wanted.disable {
                vec!["NONE".to_owned()]
            } else if wanted.test.is_empty() {
                image.test.clone()
            } else {
                wanted.test.clone()
            },
            interval: time(&wanted.interval, image.interval),
            timeout: time(&wanted.timeout, image.timeout),
            start_period: time(&wanted.start_period, image.start_period),
            retries: retries.unwrap_or(image.retries),
        }
    }

    /// Fills in the engine's defaults: every 30 s, at most 30 s, three times.
    fn effective(mut self) -> Self {
        for (field, default) in [
            (&mut self.interval, 30_000_000_000),
            (&mut self.timeout, 30_000_000_000),
            (&mut self.retries, 3),
        ] {
            if *field == 0 {
                *field = default;
            }
        }
        self
    }

    fn is_on(&self) -> bool {
        self.test.first().is_some_and(|it| it != "NONE")
    }
}

pub(super) fn check(
    container: &Value,
    image: Option<&Value>,
    wanted: Option<&Healthcheck>,
) -> Option<Healthcheck> {
    let found = Check::read(container);
    let image = image.map_or_else(|| found.clone(), Check::read);
    let own = wanted.cloned().unwrap_or_default();
    let expected = Check::expected(&own, &image).effective();
    let found = found.effective();
    let res = match (found.is_on(), expected.is_on()) {
        (false, false) => own,
        (false, true) => Healthcheck { disable: true, ..own },
        (true, _) => {
            let test = if found.test == expected.test {
                own.test
            } else if own.test.is_empty() && found.test == image.test {
                Vec::new()
            } else {
                found.test
            };
            let time = |own: Option<String>, found: u128, expected: u128| {
                if found == expected { own } else { Some(duration(found)) }
            };
            let retries = u32::try_from(found.retries).unwrap_or(u32::MAX);
            Healthcheck {
                disable: false,
                test,
                interval: time(own.interval, found.interval, expected.interval),
                timeout: time(own.timeout, found.timeout, expected.timeout),
                retries: if found.retries == expected.retries {
                    own.retries
                } else {
                    Some(retries)
                },
                start_period: time(own.start_period, found.start_period, expected.start_period),
            }
        }
    };
    (wanted.is_some() || res != Healthcheck::default()).then_some(res)
}
