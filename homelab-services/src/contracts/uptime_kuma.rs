//! What is known of the image of Uptime Kuma.

use homelab_core::prelude::*;

/// The paths at which jobs and devices say that they are well, each with a monitor's token
/// (`/api/push/:pushToken` in `server/routers/api-router.js` at 6398a958).
pub(crate) const PUSH: &[&str] = &["/api/push/*"];

/// Facts: `docker/dockerfile` and `server/setup-database.js` at 6398a958; capabilities and the
/// read-only root were drop-tested with tag 2.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/louislam/uptime-kuma");
    Contract {
        tags: Tags::between("2", "3"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        capabilities: by.all([Capability::DacOverride, Capability::Fowner]),
        ports: by.all([Port::new(3001)]),
        data: by.all(["/app/data"]),
        data_variables: by.all([Setting::new("DATA_DIR", Some("/app/data"))]),
        writes: by.all(["/tmp"]),
        requires: by.none(),
        read_only: reported("drop-tested with tag 2 by tmatens/container-security-profiles")
            .is(ReadOnly::Works),
        ships_health: by.is(true),
        secrets: by.all([SecretKey::or_file("UPTIME_KUMA_DB_PASSWORD")]),
        // The wizard is an event on the WebSocket that the whole panel uses (`setup` in
        // `server/server.js`), so no path can be closed for the wizard alone. `/setup-database`
        // answers only while nobody has chosen a database.
        panel: by.is(Panel::with_public(
            Port::new(3001),
            PanelLogin::first_visitor(&[], &[]),
            PUSH,
        )),
        egress: by
            .is(Egress::optional("watches addresses outside the house and sends notifications")),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.because("version 2 migrates the database of version 1 one way"),
        ..Contract::of("louislam/uptime-kuma")
    }
}
