//! What is known of the image of Audiobookshelf.

use homelab_core::prelude::*;

/// The path that makes the first account, with and without the prefix `/audiobookshelf`. Afterwards it
/// refuses everybody (`server/Server.js` at 1b46d6802). It is read from the source, not tested.
const WIZARD: &[&str] = &["*/init", "*/init/"];

/// Facts: `Dockerfile`, `docker-compose.yml`, `index.js` and `server` at 1b46d6802. Books and podcasts
/// lie where the household mounts them. Until the wizard has ended, `/status` tells the paths of its
/// data. Uploads are kept in `/metadata/tmp` at first; what it writes elsewhere is unknown.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/advplyr/audiobookshelf");
    Contract {
        tags: Tags::between("2", "3"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(80)]),
        data: by.all(["/config", "/metadata"]),
        data_variables: by.all([
            Setting::new("CONFIG_PATH", Some("/config")),
            Setting::new("METADATA_PATH", Some("/metadata")),
        ]),
        volumes: by.none(),
        ships_health: by.is(false),
        requires: by.none(),
        // Without it the key is made at random and kept in the database.
        secrets: by.all([SecretKey::plain("JWT_SECRET_KEY")]),
        panel: by.is(Panel::new(Port::new(80), PanelLogin::first_visitor(WIZARD, &[]))),
        egress: by.is(Egress::optional("fetches podcasts, descriptions and covers")),
        peers: by.none(),
        end_of_life: by.none(),
        // An older release undoes what a newer one has migrated (`MigrationManager.js`).
        one_way: by.none(),
        ..Contract::of("ghcr.io/advplyr/audiobookshelf")
    }
}
