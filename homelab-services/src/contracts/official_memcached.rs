//! What is known of Memcached's official image.

use homelab_core::prelude::*;

/// Facts: `1/debian/Dockerfile`, `1/alpine/Dockerfile` and `docker-entrypoint.sh` of
/// docker-library/memcached at 53ac0ec. That it writes no file, needs no way out and works with a
/// read-only root is inferred: it starts without options and keeps all in memory.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/docker-library/memcached");
    Contract {
        tags: Tags::between("1", "2"),
        kind: by.is(ImageKind::Cache),
        user: by.is(11_211),
        ports: by.all([Port::new(11_211)]),
        data: by.none(),
        writes: by.none(),
        read_only: by.is(ReadOnly::Works),
        ships_health: by.is(false),
        requires: by.none(),
        secrets: by.none(),
        panel: by.none(),
        egress: by.is(Egress::None),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.none(),
        ..Contract::of("memcached")
    }
}
