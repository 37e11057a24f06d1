//! What is wrong inside a definition, as a finding: the DSL's constructors are `const fn`s and can
//! only panic. In a `const` item that is an error of the compiler, in a function it happens when the
//! house is made.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use super::finding::{Finding, Place, Severity};
use crate::dsl::house::House;

thread_local! {
    static IS_DEFINING: Cell<bool> = const { Cell::new(false) };
    static FOUND: RefCell<Option<Finding>> = const { RefCell::new(None) };
}

/// Makes a house; a panic in its definition becomes a finding, which the process's hook for panics
/// does not see. There is at most one, because nothing is known of what stands behind it.
///
/// A panic of this crate or of the standard library is a bug and goes on.
///
/// # Errors
///
/// The finding.
pub fn define(house: impl FnOnce() -> House) -> Result<House, Box<Finding>> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| match found(info).filter(|_| IS_DEFINING.get()) {
            Some(finding) => drop(FOUND.replace(Some(finding))),
            None => others(info),
        }));
    });
    IS_DEFINING.set(true);
    let made = panic::catch_unwind(AssertUnwindSafe(house));
    IS_DEFINING.set(false);
    made.map_err(|bug| FOUND.take().map_or_else(|| panic::resume_unwind(bug), Box::new))
}

/// Returns the finding that a panic is, unless it is a bug: constructors panic at their caller.
fn found(info: &PanicHookInfo<'_>) -> Option<Finding> {
    let own = file!().trim_end_matches("checks/definition.rs");
    let place = info.location()?;
    if place.file().starts_with(own) || place.file().starts_with("/rustc/") {
        return None;
    }
    let message = info.payload_as_str().unwrap_or("it panics");
    Some(Finding {
        rule: "definition".to_owned(),
        severity: Severity::Error,
        subject: place.file().to_owned(),
        place: Some(Place::from(place)),
        message: message.to_owned(),
        help: "correct it there; in a `const` item the compiler finds it".to_owned(),
        accept: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::house;

    /// Makes a house on whose way this happens, at a place as outside of this crate.
    fn made(then: fn()) -> Result<House, Box<Finding>> {
        define(|| {
            then();
            house()
        })
    }

    #[test]
    fn a_sound_house_is_made() {
        assert!(made(|| ()).is_ok());
    }

    #[test]
    fn a_bug_of_this_crate_goes_on() {
        let bug = panic::catch_unwind(|| made(|| panic!("it is at the end of its wits")));
        let bug = bug.expect_err("this file is one of this crate");
        assert_eq!(bug.downcast_ref(), Some(&"it is at the end of its wits"));
        assert!(!IS_DEFINING.get() && made(|| ()).is_ok());
    }
}
