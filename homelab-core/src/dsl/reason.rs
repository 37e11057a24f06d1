//! Reasons: what an author writes where something has to be as it is.

/// Panics, in a `const` at compile time, when a reason is blank. It is printed where a person decides
/// whether it still holds.
#[track_caller]
pub(crate) const fn assert_reason(because: &str) {
    assert!(
        !because.as_bytes().trim_ascii().is_empty(),
        "the reason is empty: say why this has to be"
    );
}
