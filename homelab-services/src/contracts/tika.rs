//! What is known of the image of Apache Tika's server.

use homelab_core::prelude::*;

/// Facts: `full/Dockerfile` and `minimal/Dockerfile` at 60db76b; both have `wget`.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/apache/tika-docker");
    Contract {
        tags: Tags::between("3", "4"),
        kind: by.is(ImageKind::Agent),
        user: by.is(35002),
        ports: by.all([Port::new(9998)]),
        data: by.none(),
        writes: by.all(["/tmp"]),
        ships_health: by.is(false),
        requires: by.none(),
        panel: by.none(),
        one_way: by.none(),
        ..Contract::of("apache/tika")
    }
}
