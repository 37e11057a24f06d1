//! What is too large or too deep is an error in no time, and takes no memory.

use std::fmt::Write as _;

use homelab_core::compose::limits;
use homelab_core::compose::yaml::{self, Error};
use proptest::prelude::*;

use crate::text::property;

/// A Compose file whose service has this environment.
fn with(environment: &str) -> String {
    format!("name: house\nservices:\n  a:\n    image: \"a:1\"\n    environment: {environment}\n")
}

fn refusal(text: &str) -> String {
    yaml::parse(text).expect_err("it is too much").to_string()
}

#[test]
fn aliases_count_as_what_they_stand_for() {
    assert!(yaml::parse(&with("{ A: &a x, B: *a }")).is_ok());
    // 2,000 times a third of a megabyte: kept, it would be more than half a gigabyte.
    let long = "x".repeat(300_000);
    let many = "*a, ".repeat(2_000);
    let bomb = format!("x: &a {long}\ny: [{many}]\n");
    insta::assert_snapshot!(refusal(&bomb), @"it has 1200002 bytes of text or more, expected at most 1048576");
    // The same with lists instead of long texts.
    let list = "1, ".repeat(1_000);
    let bomb = format!("x: &a [{list}]\ny: [{many}]\n");
    insta::assert_snapshot!(refusal(&bomb), @"it has 50001 values or more, expected at most 50000");
    // Nine aliases a level: a billion at the end.
    let mut laughs = "a0: &a0 [x, x]\n".to_owned();
    for it in 1..10 {
        let inner = format!("*a{}, ", it - 1).repeat(9);
        let _ = writeln!(laughs, "a{it}: &a{it} [{inner}]");
    }
    insta::assert_snapshot!(refusal(&laughs), @"repetition limit exceeded");
    // One that contains itself.
    assert!(yaml::parse("a: &a [*a]\n").is_err());
}

#[test]
fn size_and_depth_are_limited() {
    let long = with(&format!("{{ A: \"{}\" }}", "x".repeat(limits::TEXT)));
    insta::assert_snapshot!(refusal(&long), @"it has 1048647 bytes of text or more, expected at most 1048576");
    let deep = |levels: usize| format!("a: {}{}\n", "[".repeat(levels), "]".repeat(levels));
    insta::assert_snapshot!(refusal(&deep(40)), @"it has 40 levels or more, expected at most 32");
    insta::assert_snapshot!(refusal(&deep(6_000)), @"it has 6000 opening brackets or more, expected at most 5000");
}

/// Its parser takes some of these apart by the square of their length.
#[test]
fn an_endless_text_takes_no_time() {
    for part in [
        "[", "{", "[{", "- ", "? ", "a: {", "!x ", "&a ", "*a ", "a: ", "- a\n", "'", "#", "\t",
        "[], ",
    ] {
        let started = std::time::Instant::now();
        assert!(yaml::parse(&part.repeat(limits::TEXT / 8 / part.len())).is_err(), "{part}");
        let took = started.elapsed();
        assert!(took.as_secs() < 5, "{part}: {took:?}");
    }
}

#[test]
fn a_file_within_the_limits_is_read() {
    let many: Vec<_> = (0..20_000).map(|it| format!("A{it}: x")).collect();
    let file =
        yaml::parse(&with(&format!("{{ {} }}", many.join(", ")))).expect("it is not too much");
    assert_eq!(file.services["a"].environment.len(), 20_000);
}

#[test]
fn tags_have_no_place_in_it() {
    insta::assert_snapshot!(refusal(&with("!reset {}")), @"services.a.environment: invalid type: enum, expected plain data without tags at line 5 column 18");
}

#[test]
fn no_shape_panics() {
    let part = prop_oneof![
        Just("&a "),
        Just("*a "),
        Just("["),
        Just("]"),
        Just("{"),
        Just("}"),
        Just("a: "),
        Just("- "),
        Just("\n"),
        Just("  "),
        Just("? "),
        Just(", "),
        Just("!x "),
        Just("<<: "),
        Just("'"),
        Just("|\n "),
    ];
    let text = prop::collection::vec(part, 0..60).prop_map(|it| it.concat());
    property(512, &text, |it| {
        let read = yaml::parse(&it);
        prop_assert!(!matches!(read, Err(Error::Limit(it)) if it.found <= it.limit));
        Ok(())
    });
}
