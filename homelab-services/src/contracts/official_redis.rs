//! What is known of Redis's official image.

use homelab_core::prelude::*;

/// Facts: `Dockerfile.template`, `docker-entrypoint.sh` and the folders of 6.2 to 7.4 at e5650da9. Of
/// version 8 only a milestone was there, so it is left out.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/redis/docker-library-redis");
    Contract {
        tags: Tags::between("6.2", "8"),
        kind: by.is(ImageKind::Cache),
        // Inferred: no user is set on the base image. The entry point leaves root for `redis`.
        user: by.is(0),
        ports: by.all([Port::new(6379)]),
        data: by.all(["/data"]),
        volumes: by.all(["/data"]),
        // Inferred: its working folder is the data's.
        writes: by.none(),
        ships_health: by.is(false),
        requires: by.none(),
        // The entry point reads no variables; a password is in its command or its file.
        secrets: by.none(),
        panel: by.none(),
        // Inferred, replicas aside.
        egress: by.is(Egress::None),
        peers: by.none(),
        ..Contract::of("redis")
    }
}
