//! What is known of the image of Gotenberg.

use homelab_core::prelude::*;

/// Facts: `build/Dockerfile` and `pkg/modules/api` at 0b16b0ab. It converts below `/tmp` and keeps a
/// profile of its office suite in its home; a read-only root was not tried.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/gotenberg/gotenberg");
    Contract {
        tags: Tags::between("8", "9"),
        kind: by.is(ImageKind::Agent),
        user: by.is(1001),
        ports: by.all([Port::new(3000)]),
        data: by.none(),
        writes: by.all(["/home/gotenberg", "/tmp"]),
        ships_health: by.is(false),
        requires: by.none(),
        panel: by.none(),
        egress: by.is(Egress::optional("fetches what a page refers to")),
        one_way: by.none(),
        ..Contract::of("gotenberg/gotenberg")
    }
}
