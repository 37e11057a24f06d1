//! Tags as versions: which of them are releases that may follow the one that is pinned, and which of two
//! images is newer.

use std::cmp::Ordering;

use homelab_core::dsl::image::Range;

/// A tag as numbers and what stands between them: `v1.10-alpine` is `v`, 1, `.`, 10, `-alpine`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version<'a> {
    words: Vec<&'a str>,
    numbers: Vec<u64>,
}

/// The releases that may follow `current`, latest first.
pub(crate) fn later<'a>(current: &str, tags: &'a [String], range: Range) -> Vec<&'a str> {
    releases(current, tags, |from, to| within(from, to, range))
}

/// The latest release that is newer, and that the range leaves to a person.
pub(crate) fn beyond<'a>(current: &str, tags: &'a [String], range: Range) -> Option<&'a str> {
    releases(current, tags, |from, to| !within(from, to, range)).into_iter().next()
}

/// How an image stands to another one by their tags; `None` where they do not say it.
///
/// The first number that differs decides, when all before it is the same: what follows may be of another
/// shape, as `16-vectorchord0.5` is after `14-vectorchord0.4.3`.
pub(crate) fn order(image: &str, than: &str) -> Option<Ordering> {
    let (one, other) = (tag(image)?, tag(than)?);
    if one == other {
        return Some(Ordering::Equal);
    }
    let plain = |tag: &'_ str| tag.strip_prefix('v').map_or(tag.to_owned(), str::to_owned);
    let (one, other) = (plain(one), plain(other));
    let (one, other) = (Version::parse(&one)?, Version::parse(&other)?);
    let words = one.words.iter().zip(&other.words);
    let numbers = one.numbers.iter().zip(&other.numbers);
    let mut both = words.zip(numbers).take_while(|(words, _)| words.0 == words.1);
    both.find_map(|(_, numbers)| Some(numbers.0.cmp(numbers.1)).filter(|it| it.is_ne()))
}

/// Whether two images have the same first number in their tags.
pub(crate) fn is_same_major(image: &str, other: &str) -> bool {
    let first = |image| tag(image).and_then(Version::parse)?.numbers.first().copied();
    tag(image) == tag(other) || first(image).is_some_and(|it: u64| first(other) == Some(it))
}

/// The tag of an image, with or without a digest; that of one that is known by its id is none.
fn tag(image: &str) -> Option<&str> {
    let name = image.split_once('@').map_or(image, |it| it.0);
    name.rsplit('/').next()?.split_once(':').filter(|it| it.0 != "sha256").map(|it| it.1)
}

/// Tags of the same shape with a greater version, latest first.
///
/// A shape is all that is not a number: so `-rc.1`, `-slim` and `nightly` never follow a plain
/// release, nor does `1.2` follow `1.1.0`, and whoever pins an `-alpine` stays with it.
fn releases<'a>(
    current: &str,
    tags: &'a [String],
    keep: impl Fn(&Version<'_>, &Version<'_>) -> bool,
) -> Vec<&'a str> {
    let Some(from) = Version::parse(current) else { return Vec::new() };
    let versions = tags.iter().filter_map(|tag| Some((Version::parse(tag)?, tag.as_str())));
    let mut found: Vec<_> = versions
        .filter(|(to, _)| to.words == from.words && to.numbers > from.numbers && keep(&from, to))
        .collect();
    // By the text, too: `1.02` and `1.2` are one version, and the answer must not depend on the
    // order in which a registry lists its tags.
    found.sort_by(|left, right| (&right.0.numbers, right.1).cmp(&(&left.0.numbers, left.1)));
    found.dedup_by(|left, right| left.0 == right.0);
    found.into_iter().map(|(_, tag)| tag).collect()
}

/// Whether the range lets a program go from one to the other.
fn within(from: &Version<'_>, to: &Version<'_>, range: Range) -> bool {
    match range {
        Range::Any { .. } => true,
        Range::Tag { .. } | Range::Frozen { .. } => false,
        Range::Major => {
            // While a program is at version 0, its second number is what breaks.
            let first = if from.numbers.first() == Some(&0) { 2 } else { 1 };
            from.numbers.iter().take(first).eq(to.numbers.iter().take(first))
        }
    }
}

impl<'a> Version<'a> {
    /// `None` for a tag without a number, and for one whose number is too long to be a version's.
    fn parse(tag: &'a str) -> Option<Self> {
        let (mut words, mut numbers) = (Vec::new(), Vec::new());
        let mut rest = tag;
        loop {
            let (word, after) = split(rest, |it| !it.is_ascii_digit());
            words.push(word);
            if after.is_empty() {
                break;
            }
            let (number, after) = split(after, |it| it.is_ascii_digit());
            numbers.push(number.parse().ok()?);
            rest = after;
        }
        (!numbers.is_empty()).then_some(Self { words, numbers })
    }
}

/// The beginning whose characters are all like that, and the rest.
fn split(text: &str, like: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|it| !like(it)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(all: &[&str]) -> Vec<String> {
        all.iter().map(|it| (*it).to_owned()).collect()
    }

    #[track_caller]
    fn check(current: &str, all: &[&str], range: Range, expected: &[&str], left: Option<&str>) {
        let all = tags(all);
        assert_eq!(later(current, &all, range), expected, "after {current}");
        assert_eq!(beyond(current, &all, range), left, "beyond {current}");
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        check(
            "1.9.0",
            &["1.10.0", "1.9.1", "1.9.0", "1.8.9"],
            Range::Major,
            &["1.10.0", "1.9.1"],
            None,
        );
        check("v3.2.4", &["v3.2.10", "v3.10.0"], Range::Major, &["v3.10.0", "v3.2.10"], None);
    }

    #[test]
    fn a_major_version_stays() {
        check(
            "1.5.1-stable",
            &["2.0.1-stable", "1.5.2-stable"],
            Range::Major,
            &["1.5.2-stable"],
            Some("2.0.1-stable"),
        );
        check(
            "v0.107.79",
            &["v0.108.0", "v0.107.80"],
            Range::Major,
            &["v0.107.80"],
            Some("v0.108.0"),
        );
        check("2.1.3", &["1.99.0", "3.0.0", "4.0.0"], Range::Major, &[], Some("4.0.0"));
    }

    #[test]
    fn another_shape_is_another_thing() {
        let others = [
            "1.3.0-rc.1",
            "1.3.0-rc1",
            "1.3.0-beta.2",
            "1.3.0-alpha",
            "1.3.0-dev",
            "1.3.0-slim",
            "1.3",
            "1",
            "1.3.0.1",
            "v1.3.0",
            "nightly",
            "latest",
            "edge",
            "",
            "sha-1234567",
            "99999999999999999999.0.0",
            "1.99999999999999999999.0",
        ];
        check("1.2.3", &others, Range::Major, &[], None);
        check("1.2.3-rc.1", &["1.2.3-rc.2", "1.2.3"], Range::Major, &["1.2.3-rc.2"], None);
        check(
            "2.13.1-alpine",
            &["2.13.2", "2.13.2-alpine"],
            Range::Major,
            &["2.13.2-alpine"],
            None,
        );
        check("12.2", &["12.3", "12", "12.2.1", "12.3.0"], Range::Major, &["12.3"], None);
    }

    #[test]
    fn a_range_says_how_far() {
        let all = ["v27.1.0", "v26.5.0"];
        check("v26.4.2", &all, Range::Any { because: "x" }, &["v27.1.0", "v26.5.0"], None);
        check("v26.4.2", &all, Range::Tag { because: "x" }, &[], Some("v27.1.0"));
        check("v26.4.2", &all, Range::Frozen { because: "x" }, &[], Some("v27.1.0"));
    }

    #[test]
    fn of_two_images_the_tags_say_which_is_newer() {
        let same = [
            ("a:1.2@sha256:0", "a:1.2@sha256:1"),
            ("a:edge@sha256:0", "a:edge"),
            ("r.example:5000/a:1", "b/a:1"),
        ];
        for (one, other) in same {
            assert_eq!(order(one, other), Some(Ordering::Equal), "{one} {other}");
        }
        let newer = [
            ("a:1.10.0@sha256:0", "a:1.9.0@sha256:1"),
            ("a:v2.0.0", "a:1.9.0"),
            ("a:15.2", "a:14-vectorchord0.4.3-pgvectors0.2.0"),
            ("a:14-vectorchord0.4.3-pgvectors0.2.1", "a:14-vectorchord0.4.3-pgvectors0.2.0"),
            ("r.example:5000/a:2.0.0-alpine", "a:1.9"),
        ];
        for (one, other) in newer {
            assert_eq!(order(one, other), Some(Ordering::Greater), "{one} {other}");
            assert_eq!(order(other, one), Some(Ordering::Less), "{other} {one}");
        }
        let unknown = [
            ("a:1.2", "a:1.2.0"),
            ("a:1.2.0-rc.1", "a:1.2.0"),
            ("a:edge", "a:1.2.0"),
            ("a:edge", "a:stable"),
            ("a:pg14-1", "a:15-1"),
            ("r.example:5000/a", "a:1"),
            ("sha256:0", "a:1"),
        ];
        for (one, other) in unknown {
            assert_eq!((order(one, other), order(other, one)), (None, None), "{one} {other}");
        }
    }

    #[test]
    fn a_major_version_is_the_first_number() {
        for other in ["a:14@sha256:1", "b/a:14.2-x", "a:v14"] {
            assert!(is_same_major("a:14-vectorchord0.4.3", other), "{other}");
        }
        assert!(is_same_major("a:edge@sha256:0", "a:edge@sha256:1"));
        for other in ["a:15-vectorchord0.4.3", "a:edge", "a"] {
            assert!(!is_same_major("a:14-vectorchord0.4.3", other), "{other}");
        }
    }

    #[test]
    fn a_tag_without_numbers_is_followed_by_none() {
        check("stable", &["1.0.0", "stable2"], Range::Any { because: "x" }, &[], None);
    }

    #[test]
    fn one_version_with_two_spellings_is_one() {
        let (one, other) = (["1.3", "1.03"], ["1.03", "1.3"]);
        check("1.2", &one, Range::Major, &["1.3"], None);
        check("1.2", &other, Range::Major, &["1.3"], None);
    }
}
