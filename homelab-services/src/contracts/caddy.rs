//! What is known of the image of caddy-docker-proxy.

use homelab_core::prelude::*;

/// Facts: `Dockerfile-alpine`, `loader.go`, `generator/` at d246679. That it works with a
/// read-only root is read from the code, not tested.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/lucaslorentz/caddy-docker-proxy");
    Contract {
        tags: Tags::between("2", "3"),
        kind: by.is(ImageKind::ReverseProxy),
        user: by.is(0),
        ports: by.all([Port::new(80), Port::new(443), Port::udp(443)]),
        data: by.all(["/data"]),
        writes: by.all(["/config"]),
        requires: by.none(),
        read_only: by.is(ReadOnly::Works),
        ships_health: by.is(false),
        secrets: by.none(),
        panel: by.none(),
        egress: by.is(Egress::optional("certificates from a public authority; its own needs none")),
        peers: by.none(),
        dns_providers: by.none(),
        end_of_life: by.none(),
        one_way: by.none(),
        ..Contract::of("lucaslorentz/caddy-docker-proxy")
    }
}
