//! What is known of the image that `shelf/page/Dockerfile` makes.

use homelab_core::prelude::*;

/// That it works with a read-only root is inferred, not tested.
pub(super) fn contract() -> Contract {
    let by = read("homelab-services/src/shelf/page/Dockerfile");
    Contract {
        kind: by.is(ImageKind::App),
        user: by.is(1000),
        ports: by.all([Port::new(8080)]),
        data: by.none(),
        // Caddy saves the configuration that it runs with.
        writes: by.all(["/config"]),
        requires: by.none(),
        read_only: by.is(ReadOnly::Works),
        ships_health: by.is(false),
        secrets: by.none(),
        panel: by.none(),
        egress: by.is(Egress::None),
        peers: by.none(),
        one_way: by.none(),
        ..Contract::of("localhost/page")
    }
}
