//! What is known of the image of Valkey.

use homelab_core::prelude::*;

/// Facts: the image's `Dockerfile` at ae6141e; read-only root and user 999 were drop-tested.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/valkey-io/valkey-container");
    Contract {
        tags: Tags::between("8", "10"),
        kind: by.is(ImageKind::Cache),
        user: by.is(0),
        ports: by.all([Port::new(6379)]),
        data: by.all(["/data"]),
        volumes: by.all(["/data"]),
        writes: by.none(),
        requires: by.none(),
        read_only: reported("drop-tested by tmatens/container-security-profiles")
            .is(ReadOnly::Works),
        ships_health: by.is(false),
        secrets: by.none(),
        panel: by.none(),
        egress: by.is(Egress::None),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.none(),
        ..Contract::of("valkey/valkey")
    }
}
