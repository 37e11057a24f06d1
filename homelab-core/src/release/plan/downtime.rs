//! Computes how long a service is away at most, from what its file says.

use crate::compose::{Healthcheck, Service};

/// Docker's defaults for a health check (every 30 s, at most 30 s, 3 times) and for stopping (10
/// s).
pub(super) fn at_most(from: &Service, to: &Service) -> Option<u64> {
    let grace = from.stop_grace_period.as_deref().map_or(Some(10), seconds)?;
    Some(grace + verdict(to.healthcheck.as_ref()?)?)
}

/// Returns the seconds until the engine calls a service unhealthy; `None` when the check is only in
/// the image.
fn verdict(check: &Healthcheck) -> Option<u64> {
    if check.disable || check.test.is_empty() {
        return None;
    }
    let or = |it: &Option<String>, default| it.as_deref().map_or(Some(default), seconds);
    let probe = or(&check.interval, 30)? + or(&check.timeout, 30)?;
    let retries = u64::from(check.retries.unwrap_or(3));
    Some(or(&check.start_period, 0)? + probe * (retries + 1))
}

/// Reads `90s` or `1m30s` as seconds.
fn seconds(text: &str) -> Option<u64> {
    let mut total = 0;
    let mut number = String::new();
    for it in text.chars() {
        if it.is_ascii_digit() {
            number.push(it);
            continue;
        }
        let unit = match it {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        total += number.parse::<u64>().ok()? * unit;
        number.clear();
    }
    number.is_empty().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds() {
        for (text, expected) in
            [("90s", Some(90)), ("1m30s", Some(90)), ("2h", Some(7200)), ("90", None), ("1d", None)]
        {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
