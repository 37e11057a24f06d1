//! What is known of the image of Vaultwarden.

use homelab_core::prelude::*;

/// Facts: `docker/Dockerfile.debian`, `.env.template`, `src/util.rs` at 46d71107. That it works
/// with a read-only root and no capabilities is inferred, not tested.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/dani-garcia/vaultwarden");
    Contract {
        tags: Tags::between("1", "2"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        // Above 1024, as the service sets it; the image's own default is 80.
        ports: by.all([Port::new(8080)]),
        data: by.all(["/data"]),
        // The others are folders and a file of their own, by default below the first.
        data_variables: by.all([
            Setting::new("DATA_FOLDER", Some("/data")),
            Setting::new("ATTACHMENTS_FOLDER", None),
            Setting::new("SENDS_FOLDER", None),
            Setting::new("RSA_KEY_FILENAME", None),
        ]),
        volumes: by.all(["/data"]),
        writes: by.all(["/tmp"]),
        read_only: by.is(ReadOnly::Works),
        ships_health: by.is(true),
        requires: by.all(["DOMAIN", "SIGNUPS_ALLOWED"]),
        secrets: by.all([SecretKey::or_file("ADMIN_TOKEN")]),
        panel: by.is(Panel::new(Port::new(8080), PanelLogin::BuiltIn)),
        egress: by.is(Egress::optional("fetches the icons of sites")),
        peers: by.none(),
        ..Contract::of("vaultwarden/server")
    }
}
