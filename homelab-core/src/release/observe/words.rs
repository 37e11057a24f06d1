//! Recognises spellings that mean the same: of paths, durations and modes.

use crate::dsl::units::scaled;
use crate::model::project::clean_path;

/// Simplifies a path of the host, where `/var/run` is a link to `/run` on every distribution.
pub(super) fn host_path(text: &str) -> String {
    let path = clean_path(text);
    match path.strip_prefix("/var/run") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/run{rest}"),
        Some(_) | None => path,
    }
}

/// Reads a duration in Go's notation: `90s`, `1m30s`, `1.5h`, `500ms`.
pub(super) fn nanoseconds(text: &str) -> Option<u128> {
    let is_number = |it: char| it.is_ascii_digit() || it == '.';
    let (mut rest, mut sum) = (text, 0_u128);
    if rest == "0" {
        return Some(0);
    }
    loop {
        let (number, after) = rest.split_at(rest.find(|it| !is_number(it))?);
        let (unit, after) = after.split_at(after.find(is_number).unwrap_or(after.len()));
        let unit = match unit {
            "ns" => 1,
            "us" | "µs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        sum = sum.checked_add(scaled(number, unit)?)?;
        if after.is_empty() {
            return Some(sum);
        }
        rest = after;
    }
}

/// Writes nanoseconds in the largest of three units that needs no decimals.
pub(super) fn duration(nanoseconds: u128) -> String {
    for (unit, name) in [(1_000_000_000, "s"), (1_000_000, "ms")] {
        if nanoseconds.is_multiple_of(unit) {
            return format!("{}{name}", nanoseconds / unit);
        }
    }
    format!("{nanoseconds}ns")
}

/// Reads a namespace; `usual` is what the engine shows when the file says nothing.
pub(super) fn mode(found: &str, wanted: Option<&String>, usual: &[&str]) -> Option<String> {
    let own = wanted.map_or("", String::as_str);
    let is_same = own == found
        || own.is_empty() && usual.contains(&found)
        || own.starts_with("service:") && found.starts_with("container:");
    if is_same { wanted.cloned() } else { Some(found.to_owned()).filter(|it| !it.is_empty()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_told() {
        let durations = [
            ("30s", 30_000_000_000, "30s"),
            ("1m30s", 90_000_000_000, "90s"),
            ("1.5h", 5_400_000_000_000, "5400s"),
            ("500ms", 500_000_000, "500ms"),
            ("1500us", 1_500_000, "1500000ns"),
            ("0", 0, "0s"),
            ("0s", 0, "0s"),
        ];
        for (text, expected, told) in durations {
            assert_eq!(nanoseconds(text), Some(expected), "{text}");
            assert_eq!(duration(expected), told);
        }
        for garbage in ["", "s", "30", "30x", "-1s", "1s2", "1 s", "1..2s"] {
            assert_eq!(nanoseconds(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn paths_are_cleaned() {
        assert_eq!(host_path("/var/run/docker.sock"), "/run/docker.sock");
        assert_eq!(host_path("/var/run/"), "/run");
        assert_eq!(host_path("/var/runner"), "/var/runner");
    }
}
