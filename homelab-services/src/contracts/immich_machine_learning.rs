//! What is known of the image of Immich's machine learning.

use homelab_core::prelude::*;

/// Facts: `docker/docker-compose.yml` at 4cff61e0. That it works as root without capabilities and
/// with a read-only root is known from a deployed stack of v3.1.0.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/immich-app/immich");
    Contract {
        tags: Tags::between("3", "4"),
        kind: by.is(ImageKind::Agent),
        user: by.is(0),
        ports: by.all([Port::new(3003)]),
        data: by.none(),
        writes: by.all(["/cache", "/tmp", "/run"]),
        // Since version 3 its builds for amd64 need x86-64-v2; these are the flags of that level by
        // the psABI of x86-64.
        cpu_flags: by.all(["cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"]),
        requires: by.none(),
        read_only: reported("a deployed stack of v3.1.0 in tmatens/compose-lint")
            .is(ReadOnly::Works),
        ships_health: by.is(true),
        secrets: by.none(),
        panel: by.none(),
        egress: by.is(Egress::required("it downloads its models")),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.none(),
        ..Contract::of("ghcr.io/immich-app/immich-machine-learning")
    }
}
