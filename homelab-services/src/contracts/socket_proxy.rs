//! What is known of the image of wollomatic's socket proxy.

use homelab_core::prelude::*;

/// Facts: README and `Dockerfile` at 41d9f30. The health check has to be switched on.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/wollomatic/socket-proxy");
    Contract {
        tags: Tags::between("1", "2"),
        kind: by.is(ImageKind::SocketProxy),
        user: by.is(65_534),
        ports: by.all([Port::new(2375)]),
        data: by.none(),
        writes: by.none(),
        requires: by.all(["SP_ALLOW_GET"]),
        read_only: by.is(ReadOnly::Works),
        ships_health: by.is(false),
        secrets: by.none(),
        panel: by.none(),
        egress: by.is(Egress::None),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.none(),
        ..Contract::of("wollomatic/socket-proxy")
    }
}
