//! What is known of the image of itzg's Minecraft server.

use homelab_core::prelude::*;

/// Facts: `Dockerfile`, `scripts/start` and `docs/` at f61f7219. A read-only root was not tried.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/itzg/docker-minecraft-server");
    Contract {
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(25565), Port::new(25575)]),
        data: by.all(["/data"]),
        volumes: by.all(["/data"]),
        ships_health: by.is(true),
        requires: by.all(["EULA"]),
        secrets: by.all([SecretKey::or_file("RCON_PASSWORD")]),
        panel: by.none(),
        egress: by.is(Egress::required("downloads the server and asks who its players are")),
        peers: by.none(),
        one_way: by
            .because("a world that a newer version has opened cannot be opened by an older one"),
        ..Contract::of("itzg/minecraft-server")
    }
}
