//! What is known of the image of Paperless-ngx.

use homelab_core::prelude::*;

/// Facts: `Dockerfile`, `docker/rootfs`, `docs/setup.md` and `docs/configuration.md` at b0e0e8a. Its
/// init needs a writable `/run`; upstream names a switch for a read-only root, which was not tried.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/paperless-ngx/paperless-ngx");
    Contract {
        tags: Tags::between("2", "4"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(8000)]),
        data: by.all(["/usr/src/paperless/data", "/usr/src/paperless/media"]),
        data_variables: by.all([
            Setting::new("PAPERLESS_DATA_DIR", Some("/usr/src/paperless/data")),
            Setting::new("PAPERLESS_MEDIA_ROOT", Some("/usr/src/paperless/media")),
        ]),
        writes: by.all(["/usr/src/paperless/consume", "/usr/src/paperless/export", "/run", "/tmp"]),
        ships_health: by.is(true),
        // Without an administrator the first visitor could become one.
        requires: by.all([
            "PAPERLESS_REDIS",
            "PAPERLESS_URL",
            "PAPERLESS_SECRET_KEY",
            "PAPERLESS_ADMIN_USER",
            "PAPERLESS_ADMIN_PASSWORD",
        ]),
        secrets: by.all([
            SecretKey::or_file("PAPERLESS_SECRET_KEY"),
            SecretKey::or_file("PAPERLESS_ADMIN_PASSWORD"),
            SecretKey::or_file("PAPERLESS_DBPASS"),
        ]),
        panel: by.is(Panel::new(Port::new(8000), PanelLogin::BuiltIn)),
        egress: by
            .is(Egress::optional("fetches mail and further languages of its text recognition")),
        peers: by.all([Peer::any_of(
            &["redis", "valkey/valkey"],
            "it keeps its queue of documents there",
        )]),
        one_way: by.because("it migrates its database at the start"),
        ..Contract::of("ghcr.io/paperless-ngx/paperless-ngx")
    }
}
