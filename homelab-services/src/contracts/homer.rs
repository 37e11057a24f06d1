//! What is known of the image of Homer.

use homelab_core::prelude::*;

/// Facts: `Dockerfile`, `entrypoint.sh` at 6972395. The read-only root is read from them, not tested.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/bastienwirtz/homer");
    Contract {
        tags: Tags::since("26"),
        kind: by.is(ImageKind::App),
        user: by.is(1000),
        ports: by.all([Port::new(8080)]),
        data: by.none(),
        writes: by.none(),
        requires: by.none(),
        read_only: by.is(ReadOnly::Works),
        ships_health: by.is(true),
        secrets: by.none(),
        panel: by.is(Panel::new(Port::new(8080), PanelLogin::None)),
        egress: by.is(Egress::None),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.none(),
        ..Contract::of("b4bz/homer")
    }
}
