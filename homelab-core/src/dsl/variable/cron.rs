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

/// Whether an expression is one that a cron daemon runs some day.
pub(super) fn is_valid(value: &str) -> bool {
    if let Some(period) = value.strip_prefix("@every ") {
        return is_period(period);
    }
    let fields: Vec<_> = value.split(' ').collect();
    DESCRIPTORS.contains(&value)
        || fields.len() == FIELDS.len()
            && fields
                .iter()
                .zip(FIELDS)
                .all(|(text, field)| text.split(',').all(|part| is_part(part, field)))
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

/// Whether it is one of the parts that stand between commas: `*`, `5`, `1-4`, `*/10`, `8-18/2`.
fn is_part(text: &str, field: (u32, u32, &[&str])) -> bool {
    let (least, greatest, names) = field;
    let number = |text: &str| {
        let at = names.iter().position(|it| it.eq_ignore_ascii_case(text));
        let by_name = at.and_then(|at| u32::try_from(at).ok()).map(|at| at + least);
        let is_number = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        let number = by_name.or_else(|| text.parse().ok().filter(|_| is_number))?;
        (least..=greatest).contains(&number).then_some(number)
    };
    let (range, step) = text.split_once('/').map_or((text, None), |it| (it.0, Some(it.1)));
    let is_step = |step: &str| step.parse().is_ok_and(|it: u32| (1..=greatest).contains(&it));
    let is_range = match range.split_once('-') {
        Some((from, to)) => {
            matches!((number(from), number(to)), (Some(from), Some(to)) if from <= to)
        }
        None => ["*", "?"].contains(&range) || number(range).is_some(),
    };
    is_range && step.is_none_or(is_step)
}
