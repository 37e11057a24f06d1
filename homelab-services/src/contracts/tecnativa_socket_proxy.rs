//! What is known of the image of Tecnativa's socket proxy.

use homelab_core::prelude::*;

/// Facts: `Dockerfile` and `haproxy.cfg` at a6fbf38. What it writes is inferred from its entry point.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/Tecnativa/docker-socket-proxy");
    Contract {
        kind: by.is(ImageKind::SocketProxy),
        user: by.is(0),
        ports: by.all([Port::new(2375)]),
        data: by.none(),
        writes: by.all(["/tmp", "/run"]),
        ships_health: by.is(false),
        panel: by.none(),
        egress: by.is(Egress::None),
        ..Contract::of("tecnativa/docker-socket-proxy")
    }
}
