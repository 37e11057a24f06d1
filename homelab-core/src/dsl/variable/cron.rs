//! Cron expressions of five fields, and descriptors, as cron daemons in images read them.

/// What may stand for a whole expression.
const DESCRIPTORS: &[&str] =
    &["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

const MONTHS: &[&str] =
    &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The least and the greatest number of each field, and its names, of which the first stands for
/// the least number.
const FIELDS: [(u32, u32, &[&str]); 5] =
    [(0, 59, &[]), (0, 23, &[]), (1, 31, &[]), (1, 12, MONTHS), (0, 7, DAYS)];

/// Days of each month, in a leap year.
const LENGTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Whether an expression is one that a cron daemon runs some day.
pub(super) fn is_valid(value: &str) -> bool {
    if let Some(period) = value.strip_prefix("@every ") {
        return is_period(period);
    }
    if DESCRIPTORS.contains(&value) {
        return true;
    }
    has_day(value) == Some(true)
}

/// Whether an expression has five fields, or six with seconds first, and no day fits them.
pub(crate) fn never_fires(value: &str) -> bool {
    let minutes = value.split_once(' ').map(|it| it.1).unwrap_or_default();
    [value, minutes].into_iter().any(|it| has_day(it) == Some(false))
}

/// Whether the calendar has a day that five fields name; `None` for what is no such expression.
fn has_day(value: &str) -> Option<bool> {
    let texts: Vec<_> = value.split(' ').collect();
    let fields: Option<Vec<_>> = texts.iter().zip(FIELDS).map(|it| numbers(it.0, it.1)).collect();
    let fields = fields.filter(|_| texts.len() == FIELDS.len())?;
    let (days, months) = (&fields[2], &fields[3]);
    // `30 2` is no day. Where days of the week are named, cron daemons run on these as well.
    let longest = (1..).zip(LENGTHS).filter(|it| months.contains(&it.0)).map(|it| it.1).max();
    Some(!texts[4].starts_with(['*', '?']) || days.iter().min().copied() <= longest)
}

/// Whether it is a duration such as `1h30m`.
fn is_period(text: &str) -> bool {
    let mut has_number = false;
    let is_right = text.chars().all(|it| {
        let is_unit = "hms".contains(it);
        let fits = if is_unit { has_number } else { it.is_ascii_digit() || it == '.' };
        has_number = !is_unit;
        fits
    });
    is_right && !has_number && !text.is_empty()
}

/// Returns the numbers of a field, whose parts stand between commas; none when one of them is wrong.
fn numbers(text: &str, field: (u32, u32, &[&str])) -> Option<Vec<u32>> {
    let parts: Option<Vec<_>> = text.split(',').map(|part| of_part(part, field)).collect();
    Some(parts?.concat())
}

/// Returns the numbers of `*`, `5`, `1-4`, `*/10`, `8-18/2` or `5/10`.
fn of_part(text: &str, field: (u32, u32, &[&str])) -> Option<Vec<u32>> {
    let (least, greatest, names) = field;
    let number = |text: &str| {
        let at = names.iter().position(|it| it.eq_ignore_ascii_case(text));
        let by_name = at.and_then(|at| u32::try_from(at).ok()).map(|at| at + least);
        let is_number = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        let number = by_name.or_else(|| text.parse().ok().filter(|_| is_number))?;
        (least..=greatest).contains(&number).then_some(number)
    };
    let (range, step) = text.split_once('/').map_or((text, None), |it| (it.0, Some(it.1)));
    let (from, to) = match range.split_once('-') {
        Some((from, to)) => (number(from)?, number(to)?),
        None if ["*", "?"].contains(&range) => (least, greatest),
        None => (number(range)?, if step.is_some() { greatest } else { number(range)? }),
    };
    let step = step.map_or(Some(1), |it| it.parse().ok())?;
    let is_right = from <= to && (1..=greatest).contains(&step);
    is_right.then(|| (from..=to).step_by(step as usize).collect())
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn what_a_daemon_runs_some_day_is_valid() {
        for value in [
            "@daily",
            "0 3 * * *",
            "*/5 1-4 * JAN MON",
            "@every 6h",
            "@every 1h30m",
            "0,30 8-18/2 1 1-12 sun-tue",
            "0 0 ? * 7",
            "0 0 29 2 *",
            "0 0 31 2,4-6 *",
            "0 0 31 */2 *",
            // On Mondays, too.
            "0 0 30 2 1",
        ] {
            assert!(is_valid(value), "{value}");
        }
        for value in [
            "",
            "@often",
            "0 3 * *",
            "0 3 * * * *",
            "; rm x y z",
            "30 25 * * *",
            "60 3 * * *",
            "0 3 0 * *",
            "0 3 * 13 *",
            "0 3 * * 8",
            "0 3 * FOO *",
            "5-1 3 * * *",
            "*/0 3 * * *",
            "*/60 3 * * *",
            "1, 3 * * *",
            "@every h",
            "@every 5",
            "0 0 30 2 *",
            "0 0 31 4,6 ?",
            "0 0 30-31 FEB *",
        ] {
            assert!(!is_valid(value), "{value}");
        }
    }
}
