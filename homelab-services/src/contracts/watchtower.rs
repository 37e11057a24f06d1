//! What is known of the image of Watchtower's maintained fork.

use homelab_core::prelude::*;

/// Facts: `build/docker/Dockerfile` and the documentation at 46a520f8. The read-only root is
/// inferred: the image holds one program and no folder that it writes. It removes the old container
/// before it creates the new one with the same settings; when that is refused it puts nothing back,
/// and the service stays away (`internal/actions/update.go` at 1.20.3).
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/nicholas-fedor/watchtower");
    Contract {
        tags: Tags::between("1", "2"),
        kind: by.is(ImageKind::Agent),
        user: by.is(0),
        ports: by.none(),
        data: by.none(),
        writes: by.none(),
        requires: by.all(["WATCHTOWER_LABEL_ENABLE"]),
        read_only: by.is(ReadOnly::Works),
        ships_health: by.is(true),
        secrets: by.all([SecretKey::plain("WATCHTOWER_HTTP_API_TOKEN")]),
        panel: by.none(),
        egress: by.is(Egress::required("it asks the registries")),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.none(),
        ..Contract::of("nickfedor/watchtower")
    }
}
