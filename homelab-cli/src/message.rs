//! Parts of messages: plurals, lists, tables, causes, and what somebody may have meant.

use std::error::Error;

/// `1 error`, `2 errors`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// A failure and its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let cause = error.source().map(|it| format!(": {}", chain(it)));
    format!("{error}{}", cause.unwrap_or_default())
}

/// Names in backticks, with commas.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().map(|it| format!("`{it}`")).collect();
    names.join(", ")
}

/// The candidate that `name` most likely stands for; `None` when nothing is near.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    let distance = |it: &str| strsim::damerau_levenshtein(&name, &it.to_ascii_lowercase());
    let score = |candidate: &'a str| {
        // A beginning counts as near: `immich` stands for `immich-server`.
        let is_part = name.len() > 2 && candidate.to_ascii_lowercase().contains(&name);
        (if is_part { 1 } else { distance(candidate) }, candidate)
    };
    let nearer = |it: &(usize, &str)| (it.0, it.1.len());
    let (distance, it) = candidates.into_iter().map(score).min_by_key(nearer)?;
    (distance <= (name.len() / 3).max(1)).then_some(it)
}

/// `did you mean …?` where something is near, and the list of what there is.
pub(crate) fn suggest(name: &str, noun: &str, known: &[&str]) -> String {
    let known_list = format!("{noun}: {}", list(known.iter().copied()));
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {known_list}"),
        None => known_list,
    }
}

/// Rows as columns of equal width, two spaces apart, without trailing space.
pub(crate) fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        rows.iter().filter_map(|it| it.get(at)).map(|it| it.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(it, width)| format!("{it:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_meant() {
        let known = ["caddy", "immich-machine-learning", "immich-server", "redis"];
        for (name, expected) in [
            ("cady", Some("caddy")),
            ("Caddy", Some("caddy")),
            ("immich", Some("immich-server")),
            ("erdis", Some("redis")),
            ("postgres", None),
        ] {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
    }

    #[test]
    fn columns_align() {
        let rows = [vec!["a".to_owned(), "b".to_owned()], vec!["long".to_owned(), String::new()]];
        assert_eq!(table(&rows), ["a     b", "long"]);
    }
}
