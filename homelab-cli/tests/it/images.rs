//! `homelab images` where it needs no registry: what it refuses to start with.

use insta::assert_snapshot;

use crate::support::House;

const FILE: &str = "project/homelab-services/src/images.rs";

/// The house's pins as they are now.
const OURS: &str = include_str!("../../../homelab-services/src/images.rs");

#[test]
fn a_folder_without_pins_is_not_a_clone() {
    assert_snapshot!(House::empty().run(&["images"]), @r"
    exit_code: 2
    ----- stdout -----
    ----- stderr -----
    error: `homelab-services/src/images.rs` does not exist, so this is not the project's folder

    hint: name the folder that holds `compose.yaml` with `--project DIR`
    ");
}

#[test]
fn a_pin_that_cannot_be_read_is_named_before_anybody_is_asked() {
    let house = House::empty();
    let text = OURS.replace("const CADDY: Image = Image::pinned(", "const CADDY: Image = other(");
    house.write(FILE, &text);
    assert_snapshot!(house.run(&["images", "--update"]), @r#"
    exit_code: 4
    ----- stdout -----
    ----- stderr -----
    error: `homelab-services/src/images.rs` cannot be read as pins:
    `CADDY` is not written as `Image::pinned("repository:tag@digest")`
    there is no pin of `lucaslorentz/caddy-docker-proxy`, which the house runs

    hint: write each as `const NAME: Image = …` with plain literals; if this program was built from another commit, build it from this one
    "#);
    assert_eq!(house.read(FILE), text);
}

#[test]
fn wrong_words_are_refused() {
    let house = House::empty();
    for words in [["--min-age=-1"], ["--min-age=x"], ["--format=yaml"], ["--mirror=x"]] {
        let output = house.output(&[&["images"], &words[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{words:?}");
    }
}
