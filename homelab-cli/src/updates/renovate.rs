//! Renovate's configuration, which `cargo xtask gen` writes, says what the house's own command does.

use homelab_core::dsl::image::Range;
use jiff::Timestamp;
use regex::Regex;
use serde::Deserialize;

use super::{MIN_AGE_DAYS, Policy};
use crate::pins::Pins;

const CONFIG: &str = include_str!("../../../.github/renovate.json");

/// The house's pins as they are now.
const OURS: &str = include_str!("../../../homelab-services/src/images.rs");

/// What the test reads of it; a key that it does not know is a rule that it cannot judge.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    custom_managers: Vec<Manager>,
    package_rules: Vec<Rule>,
    minimum_release_age: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manager {
    manager_file_patterns: Vec<String>,
    match_strings: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    #[serde(rename = "description")]
    _description: String,
    match_datasources: Option<Vec<String>>,
    match_managers: Option<Vec<String>>,
    match_package_names: Option<Vec<String>>,
    match_update_types: Option<Vec<String>>,
    match_current_version: Option<String>,
    enabled: Option<bool>,
    group_name: Option<String>,
}

impl Rule {
    /// Whether it is about this update of this image, as Renovate would say: every matcher that is
    /// there must hold.
    fn is_about(&self, repository: &str, tag: &str, kind: &str) -> bool {
        let lists = |list: &Option<Vec<String>>, it: &str| {
            list.as_ref().is_none_or(|list| list.iter().any(|one| one == it))
        };
        let version = self.match_current_version.as_ref().is_none_or(|written| {
            let pattern = written.trim_matches('/');
            Regex::new(pattern).expect("it is an expression").is_match(tag)
        });
        lists(&self.match_datasources, "docker")
            && lists(&self.match_managers, "custom.regex")
            && lists(&self.match_package_names, repository)
            && lists(&self.match_update_types, kind)
            && version
    }
}

fn config() -> Config {
    serde_json::from_str(CONFIG).expect("it is JSON, with no rule of an unknown kind")
}

fn pins() -> Pins {
    Pins::parse(OURS.to_owned(), []).expect("a test of its own says so")
}

#[test]
fn its_expressions_find_every_pin() {
    let config = config();
    let [manager] = &config.custom_managers[..] else { panic!("one manager reads the pins") };
    let [file] = &manager.manager_file_patterns[..] else { panic!("there is one file of pins") };
    let file = Regex::new(file.trim_matches('/')).expect("it is an expression");
    assert!(file.is_match("homelab-services/src/images.rs"));
    assert!(!file.is_match("homelab-core/src/image.rs"));
    let [pattern] = &manager.match_strings[..] else { panic!("there is one way to write a pin") };
    let found = Regex::new(pattern).expect("it is an expression");
    let found: Vec<_> = found
        .captures_iter(OURS)
        .map(|it| ["depName", "currentValue", "currentDigest"].map(|name| it[name].to_owned()))
        .collect();
    let pins = pins().all;
    let expected: Vec<_> =
        pins.iter().map(|it| [&it.repository, &it.tag, &it.digest].map(String::clone)).collect();
    assert_eq!(found, expected);
}

#[test]
fn its_rules_allow_what_the_ranges_allow() {
    let rules = config().package_rules;
    let house = homelab_services::house();
    let (ranges, lockstep) = (house.ranges, house.lockstep);
    let policy = Policy { now: Timestamp::UNIX_EPOCH, min_age_days: 0, ranges, lockstep };
    for pin in pins().all {
        let allows = |kind: &str| {
            let about = rules.iter().filter(|it| it.is_about(&pin.repository, &pin.tag, kind));
            // The last rule that says something wins.
            about.filter_map(|it| it.enabled).next_back().unwrap_or(true)
        };
        let allowed = ["major", "minor", "patch", "digest"].map(allows);
        let is_zero = pin.tag.trim_start_matches('v').starts_with("0.");
        let expected = match policy.range(&pin) {
            Range::Major => [false, !is_zero, true, true],
            Range::Any { .. } => [true; 4],
            Range::Tag { .. } => [false, false, false, true],
            Range::Frozen { .. } => [false; 4],
        };
        assert_eq!(allowed, expected, "{}: major, minor, patch, digest", pin.constant);
    }
}

#[test]
fn its_groups_are_the_releases() {
    let rules = config().package_rules;
    let groups: Vec<_> = rules
        .iter()
        .filter(|it| it.match_managers.is_none())
        .filter(|it| it.group_name.is_some())
        .map(|it| it.match_package_names.clone().unwrap_or_default())
        .collect();
    let releases: Vec<Vec<_>> = homelab_services::house()
        .lockstep
        .iter()
        .map(|release| release.images().iter().map(|it| it.repository().to_owned()).collect())
        .collect();
    assert_eq!(groups, releases);
}

#[test]
fn it_waits_as_long_as_the_command() {
    assert_eq!(config().minimum_release_age, format!("{MIN_AGE_DAYS} days"));
}
