//! What is known of the image of wg-easy.

use homelab_core::prelude::*;

/// The paths that answer everybody until the wizard has ended, and nobody afterwards
/// (`src/server/middleware/setup.ts`, `src/server/api/setup` and `src/server/utils/handler.ts` at
/// bc05e0ea). They are read from the source, not tested.
const WIZARD: &[&str] = &["/setup/*", "/api/setup/*"];

/// Facts: `Dockerfile`, `docker-compose.yml`, `src/server` and `docs/content` at bc05e0ea. It needs
/// `NET_ADMIN`, and `SYS_MODULE` where the host has not loaded the module of `WireGuard`. Over plain HTTP
/// nobody can log in unless `INSECURE` is `true`. Version 15 knows none of the variables of version 14,
/// and `latest` is still version 14.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/wg-easy/wg-easy");
    Contract {
        tags: Tags::between("15", "16"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        capabilities: by.all([Capability::NetAdmin]),
        ports: by.all([Port::new(51_821), Port::udp(51_820)]),
        data: by.all(["/etc/wireguard"]),
        ships_health: by.is(true),
        requires: by.none(),
        // Read only at the first start, when `INIT_ENABLED` is `true`.
        secrets: by.all([SecretKey::plain("INIT_PASSWORD")]),
        panel: by.is(Panel::new(Port::new(51_821), PanelLogin::first_visitor(WIZARD, &[]))),
        egress: by.is(Egress::optional(
            "asks for new versions; its clients go out through it, and come in from outside",
        )),
        peers: by.none(),
        // Inferred: `src/server/database/migrations` has no way back.
        one_way: by.because("it migrates its database at the start"),
        ..Contract::of("ghcr.io/wg-easy/wg-easy")
    }
}
