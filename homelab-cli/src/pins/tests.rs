//! Tests of reading and editing, on made-up texts and on the house's own.

use homelab_core::prelude::Image;

use super::*;

/// The house's pins as they are now.
const OURS: &str = include_str!("../../../homelab-services/src/images.rs");

const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn parse(text: &str, known: &[&'static str]) -> Result<Pins, Vec<String>> {
    Pins::parse(text.to_owned(), known.iter().copied())
}

fn change(constant: &str, tag: &str, digest: &str) -> Change {
    Change { constant: constant.to_owned(), tag: tag.to_owned(), digest: digest.to_owned() }
}

#[test]
fn every_image_of_the_house_is_found() {
    let stack = homelab_services::house().stack;
    let known = stack.images().into_iter().map(Image::repository);
    let pins = Pins::parse(OURS.to_owned(), known);
    let pins = pins.expect("the house's pins are written as this expects").all;
    assert_eq!(pins.len(), OURS.matches(": Image = ").count());
    for pin in &pins {
        // The constructor checks what was cut out.
        let [repository, tag, digest] =
            [&pin.repository, &pin.tag, &pin.digest].map(|it| &*it.clone().leak());
        Image::released(repository, tag, digest);
    }
}

#[test]
fn only_literals_change() {
    let pins = parse(OURS, &[]).expect("the house's pins are written as this expects");
    assert_eq!(pins.with(&[]), OURS);
    let pin = &pins.all[0];
    let new = pins.with(&[change(&pin.constant, "9.9.9-alpine", A)]);
    let image = |tag: &str, digest: &str| format!("\"{}:{tag}@{digest}\"", pin.repository);
    let expected = OURS.replacen(&image(&pin.tag, &pin.digest), &image("9.9.9-alpine", A), 1);
    assert_eq!(new, expected);
    assert_ne!(new, OURS);
}

#[test]
fn ports_comments_and_spaces_do_no_harm() {
    let text = format!(
        "/// const NO: Image = Image::pinned(\"no/no:1@{A}\");\n/* const NO: Image = 1; */\n\
         const P: Image=Image :: pinned ( \"localhost:5000/p:1.2@{A}\" ) ;\nconst Q: u8 = 1;\n\
         const R: Image = Image::pinned(\n    \"r:7@{B}\",\n);\n"
    );
    let all = parse(&text, &[]).expect("it is well-formed").all;
    let read: Vec<_> = all.iter().map(|it| (&*it.constant, &*it.repository, &*it.tag)).collect();
    assert_eq!(read, [("P", "localhost:5000/p", "1.2"), ("R", "r", "7")]);
}

#[test]
fn what_cannot_be_read_is_named() {
    let text = format!(
        "const A: Image = Image::pinned(concat!(\"a:1@\", \"{A}\"));\n\
         const B: Image = Image::released(\"b\", \"1\", \"{A}\");\n\
         const C: Image = Image::pinned(\"c:1\");\n\
         const D: Image = make();\nconst OK: Image = Image::pinned(\"ok:1@{A}\");\n"
    );
    let faults = parse(&text, &["ok", "lost/image"]).expect_err("four are not readable");
    let named: Vec<_> = faults.iter().map(|it| it.split('`').nth(1).unwrap_or("")).collect();
    assert_eq!(named, ["A", "B", "C", "D", "lost/image"]);
}
