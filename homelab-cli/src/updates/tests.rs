//! Tests of the decisions, with registries in memory.

use std::collections::BTreeMap;

use homelab_core::dsl::image::Image;
use insta::assert_snapshot;

use super::*;
use crate::registry::Failure;

const NOW: &str = "2026-11-23T12:00:00Z";

/// Tags with their digest and the hours since they were made, by repository.
#[derive(Default)]
struct Fake {
    images: BTreeMap<String, Vec<(String, char, Option<i64>)>>,
    /// Repositories whose registry is down.
    down: Vec<&'static str>,
    /// Tags that are listed and not there.
    gone: Vec<&'static str>,
    asked: usize,
}

impl Fake {
    fn with(mut self, repository: &str, tag: &str, digest: char, hours: Option<i64>) -> Self {
        let tags = self.images.entry(repository.to_owned()).or_default();
        tags.push((tag.to_owned(), digest, hours));
        self
    }
}

fn absent(path: &str) -> Failure {
    Failure::Absent { address: "r".to_owned(), path: path.to_owned() }
}

impl Registry for Fake {
    fn tags(&mut self, repository: &str) -> Result<Vec<String>, Failure> {
        if self.down.contains(&repository) {
            return Err(Failure::Busy { address: "r".to_owned() });
        }
        let tags = self.images.get(repository).ok_or_else(|| absent(repository))?;
        Ok(tags.iter().map(|it| it.0.clone()).collect())
    }

    fn digest(&mut self, repository: &str, tag: &str) -> Result<String, Failure> {
        Ok(self.find(repository, tag)?.digest)
    }

    fn find(&mut self, repository: &str, tag: &str) -> Result<Found, Failure> {
        self.asked += 1;
        let all = self.images.get(repository).into_iter().flatten();
        let mut found = all.filter(|it| it.0 == tag && !self.gone.contains(&tag));
        let (_, letter, hours) = found.next().ok_or_else(|| absent(tag))?;
        let created = hours.map(|it| now() - SignedDuration::from_hours(it));
        Ok(Found { digest: digest(*letter), created })
    }
}

fn now() -> Timestamp {
    NOW.parse().expect("it is a time")
}

fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
const X: Image = Image::released("a/x", "v1.0.0", DIGEST);
const Y: Image = Image::released("a/y", "v1.0.0", DIGEST);

const LOCKSTEP: &[Lockstep] = &[Lockstep::of(&[X, Y])];

const fn policy(now: Timestamp, min_age_days: u32) -> Policy {
    Policy { now, min_age_days, ranges: &[], lockstep: LOCKSTEP }
}

/// `a/one` at 1.0.0, and `a/x` and `a/y` of one release v1.0.0.
fn pins() -> Pins {
    let text = format!(
        "const ONE: Image = Image::pinned(\"a/one:1.0.0@{DIGEST}\");\n\
         const X: Image = Image::pinned(\"{X}\");\nconst Y: Image = Image::pinned(\"{Y}\");\n"
    );
    Pins::parse(text, []).expect("it is well-formed")
}

/// A registry that has what is pinned.
fn fake() -> Fake {
    let old = Some(10_000);
    let fake = Fake::default().with("a/one", "1.0.0", '0', old);
    fake.with("a/x", "v1.0.0", '0', old).with("a/y", "v1.0.0", '0', old)
}

fn report_of(mut fake: Fake, min_age_days: u32) -> Report {
    look(&mut fake, &pins(), policy(now(), min_age_days), |_| {})
}

fn table(fake: Fake) -> String {
    report_of(fake, 3).table().join("\n")
}

#[test]
fn what_is_pinned_is_up_to_date() {
    let report = report_of(fake(), 3);
    assert!(!report.changes && report.pins.iter().all(|it| it.state == PinState::UpToDate));
    assert_snapshot!(report.table().join("\n"), @r"
    pin  current  newest  state
    ONE  1.0.0    1.0.0   up to date
    X    v1.0.0   v1.0.0  up to date
    Y    v1.0.0   v1.0.0  up to date
    ");
}

#[test]
fn the_latest_that_is_old_enough_is_taken() {
    let fake = fake()
        .with("a/one", "1.0.1", '1', Some(999))
        .with("a/one", "1.1.0", '2', Some(72))
        .with("a/one", "1.2.0", '3', Some(71))
        .with("a/one", "1.3.0", '4', Some(-5))
        .with("a/one", "1.4.0", '5', None)
        .with("a/one", "2.0.0", '6', Some(999));
    let report = report_of(fake, 3);
    let change = report.pins[0].change().expect("it moves");
    assert_eq!((&*change.tag, change.digest), ("1.1.0", digest('2')));
    assert_snapshot!(report.table().join("\n"), @r"
    pin  current  newest  state
    ONE  1.0.0    1.1.0   update; waiting: 1.4.0: it does not say when it was made; 1.3.0: it says it was made in the future, 2026-11-23T17:00:00Z; 1.2.0: made 71 h ago, less than 3 days; 2.0.0 is for a person to decide
    X    v1.0.0   v1.0.0  up to date
    Y    v1.0.0   v1.0.0  up to date
    ");
    assert_snapshot!(report.markdown(), @r"
    | Image | From | To | Digest | Made |
    | --- | --- | --- | --- | --- |
    | `a/one` | `1.0.0` | `1.1.0` | `sha256:2222222222222222222222222222222222222222222222222222222222222222` | 2026-11-20T12:00:00Z |

    Not moved, or not all the way:

    - `a/one` `1.0.0`: update; waiting: 1.4.0: it does not say when it was made; 1.3.0: it says it was made in the future, 2026-11-23T17:00:00Z; 1.2.0: made 71 h ago, less than 3 days; 2.0.0 is for a person to decide

    Before you merge, read the release notes: `docs/runbooks/upgrade-a-pin.md`, step 1.
    ");
}

#[test]
fn without_a_minimum_age_the_latest_is_taken() {
    let fake = fake().with("a/one", "1.2.0", '3', Some(0)).with("a/one", "1.4.0", '5', None);
    let report = report_of(fake, 0);
    assert_eq!(report.pins[0].change().expect("it moves").tag, "1.4.0");
}

#[test]
fn no_more_is_asked_than_is_needed() {
    let mut fake =
        fake().with("a/one", "1.0.1", '1', Some(999)).with("a/one", "1.1.0", '2', Some(99));
    look(&mut fake, &pins(), policy(now(), 3), |_| {});
    // 1.1.0, and the digests of the two others.
    assert_eq!(fake.asked, 3);
}

#[test]
fn only_young_ones_are_waited_for() {
    let fake = fake().with("a/one", "1.0.1", '1', Some(5));
    let report = report_of(fake, 3);
    assert_eq!((report.changes, report.pins[0].change()), (false, None));
    assert_snapshot!(report.table().join("\n"), @r"
    pin  current  newest  state
    ONE  1.0.0    1.0.1   waiting: 1.0.1: made 5 h ago, less than 3 days
    X    v1.0.0   v1.0.0  up to date
    Y    v1.0.0   v1.0.0  up to date
    ");
    assert_snapshot!(report.markdown(), @r"
    No pin moves.

    Not moved, or not all the way:

    - `a/one` `1.0.0`: waiting: 1.0.1: made 5 h ago, less than 3 days

    Before you merge, read the release notes: `docs/runbooks/upgrade-a-pin.md`, step 1.
    ");
}

#[test]
fn a_rebuilt_tag_moves_the_digest_alone() {
    let mut fake = fake();
    fake.images.insert("a/one".to_owned(), vec![("1.0.0".to_owned(), '9', Some(80))]);
    fake.images.insert("a/x".to_owned(), vec![("v1.0.0".to_owned(), '8', Some(8))]);
    let report = report_of(fake, 3);
    let change = report.pins[0].change().expect("it moves");
    assert_eq!((&*change.tag, change.digest), ("1.0.0", digest('9')));
    assert_snapshot!(report.table().join("\n"), @r"
    pin  current  newest  state
    ONE  1.0.0    1.0.0   rebuilt: the tag is another image now
    X    v1.0.0   v1.0.0  waiting: v1.0.0: the tag was rebuilt, made 8 h ago, less than 3 days
    Y    v1.0.0   v1.0.0  up to date
    ");
}

#[test]
fn a_shared_tag_moves_when_every_image_has_it() {
    let lacking = fake().with("a/x", "v1.1.0", '1', Some(99)).with("a/y", "v1.0.9", '2', Some(99));
    assert_snapshot!(table(lacking), @r"
    pin  current  newest  state
    ONE  1.0.0    1.0.0   up to date
    X    v1.0.0   v1.0.9  waiting: v1.0.9: `X` has no such tag yet; v1.1.0: `Y` has no such tag yet
    Y    v1.0.0   v1.0.9  waiting: v1.0.9: `X` has no such tag yet; v1.1.0: `Y` has no such tag yet
    ");
    let young = fake().with("a/x", "v1.1.0", '1', Some(99)).with("a/y", "v1.1.0", '2', Some(9));
    assert_snapshot!(table(young), @r"
    pin  current  newest  state
    ONE  1.0.0    1.0.0   up to date
    X    v1.0.0   v1.1.0  waiting: v1.1.0: made 9 h ago, less than 3 days
    Y    v1.0.0   v1.1.0  waiting: v1.1.0: made 9 h ago, less than 3 days
    ");
    let both = fake().with("a/x", "v1.1.0", '1', Some(99)).with("a/y", "v1.1.0", '2', Some(99));
    let changes: Vec<_> = report_of(both, 3).pins.iter().filter_map(Row::change).collect();
    let moved: Vec<_> = changes.iter().map(|it| (&*it.constant, &*it.tag, &*it.digest)).collect();
    assert_eq!(moved, [("X", "v1.1.0", &*digest('1')), ("Y", "v1.1.0", &*digest('2'))]);
}

#[test]
fn one_that_fails_stops_no_other_and_holds_its_release() {
    let mut fake = fake()
        .with("a/one", "1.1.0", '1', Some(99))
        .with("a/x", "v1.1.0", '1', Some(99))
        .with("a/y", "v1.1.0", '2', Some(99));
    fake.down.push("a/y");
    let report = report_of(fake, 3);
    assert_eq!(report.failed().count(), 1);
    assert!(report.pins[0].change().is_some() && report.pins[1].change().is_none());
    assert_snapshot!(report.table().join("\n"), @r"
    pin  current  newest  state
    ONE  1.0.0    1.1.0   update
    X    v1.0.0   v1.0.0  waiting: `Y`, of the same release, could not be looked up
    Y    v1.0.0   ?       failed: `r` answers no more questions for now
    ");
    assert_snapshot!(serde_json::to_string_pretty(&report.pins[2]).expect("it is data"), @r#"
    {
      "pin": "Y",
      "repository": "a/y",
      "tag": "v1.0.0",
      "digest": "sha256:0000000000000000000000000000000000000000000000000000000000000000",
      "state": "failed",
      "newest": null,
      "waiting": [],
      "beyond": null,
      "because": "`r` answers no more questions for now",
      "help": "try again later: Docker Hub counts what an address without account asks in six hours"
    }
    "#);
}

#[test]
fn a_tag_that_is_listed_and_gone_is_passed_over() {
    let mut fake =
        fake().with("a/one", "1.1.0", '1', Some(99)).with("a/one", "1.0.1", '2', Some(99));
    fake.gone.push("1.1.0");
    assert_snapshot!(table(fake), @r"
    pin  current  newest  state
    ONE  1.0.0    1.0.1   update; waiting: 1.1.0: `ONE` is listed and not there
    X    v1.0.0   v1.0.0  up to date
    Y    v1.0.0   v1.0.0  up to date
    ");
    let mut fake = self::fake();
    fake.gone.push("1.0.0");
    assert_snapshot!(table(fake), @r"
    pin  current  newest  state
    ONE  1.0.0    ?       failed: `r` has nothing at `1.0.0`
    X    v1.0.0   v1.0.0  up to date
    Y    v1.0.0   v1.0.0  up to date
    ");
}

#[test]
fn ranges_of_the_house_hold() {
    let ours = include_str!("../../../homelab-services/src/images.rs");
    let pins = Pins::parse(ours.to_owned(), []).expect("a test of its own says so");
    for (image, _) in homelab_services::house().ranges {
        assert!(pins.all.iter().any(|it| it.repository == image.repository()), "{image}");
    }
    let mut fake = Fake::default();
    for pin in &pins.all {
        // Another digest for the tag of today, and one release of another major version.
        fake = fake.with(&pin.repository, &pin.tag, 'a', Some(99));
        if let Some(tag) = far(&pin.tag) {
            fake = fake.with(&pin.repository, &tag, 'b', Some(99));
        }
    }
    let ranges = homelab_services::house().ranges;
    let report = look(&mut fake, &pins, Policy { ranges, ..policy(now(), 3) }, |_| {});
    for pin in &pins.all {
        let row = report.pins.iter().find(|it| it.pin == pin.constant).expect("it is pinned");
        let own = ranges.iter().find(|it| it.0.repository() == pin.repository);
        let rebuilt = (PinState::Rebuilt, Some(pin.tag.clone()));
        let expected = match own.map_or(Range::Major, |it| it.1) {
            Range::Major | Range::Tag { .. } => rebuilt,
            Range::Any { .. } => far(&pin.tag).map_or(rebuilt, |it| (PinState::Update, Some(it))),
            Range::Frozen { .. } => (PinState::Frozen, None),
        };
        assert_eq!((row.state, row.change().map(|it| it.tag)), expected, "{}", pin.constant);
    }
}

/// The tag with another first number, if it has one.
fn far(tag: &str) -> Option<String> {
    let start = tag.find(|it: char| it.is_ascii_digit())?;
    let rest = tag[start..].trim_start_matches(|it: char| it.is_ascii_digit());
    Some(format!("{}9999{rest}", &tag[..start]))
}
