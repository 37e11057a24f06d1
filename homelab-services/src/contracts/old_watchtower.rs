//! What is known of the image of Watchtower as its first author left it.

use homelab_core::prelude::*;

/// Facts: the README at ca0e86e, issues 2122, 2124 and 2126.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/containrrr/watchtower");
    Contract {
        kind: by.is(ImageKind::Agent),
        end_of_life: by
            .because("archived by its author on 2025-12-17; it fails on current engines"),
        ..Contract::of("containrrr/watchtower")
    }
}
