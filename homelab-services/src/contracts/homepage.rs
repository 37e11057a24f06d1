//! What is known of the image of Homepage.

use homelab_core::prelude::*;

/// Facts: `Dockerfile`, `docker-entrypoint.sh`, `docs/installation` and `src/utils` at b2a52ff2a. It
/// runs as root unless `PUID` says otherwise. Secrets have names of the household's own:
/// `HOMEPAGE_VAR_…`, or `HOMEPAGE_FILE_…` with a file's path. It makes its start page anew below
/// `/app/.next`, which holds the program, too; a read-only root was not tried.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/gethomepage/homepage");
    Contract {
        tags: Tags::between("1", "2"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(3000)]),
        data: by.all(["/app/config"]),
        ships_health: by.is(true),
        // Without it the page answers only as `localhost`.
        requires: by.all(["HOMEPAGE_ALLOWED_HOSTS"]),
        panel: by.is(Panel::new(Port::new(3000), PanelLogin::None)),
        egress: by.is(Egress::optional(
            "asks for new versions and for what its widgets show from outside",
        )),
        peers: by.none(),
        end_of_life: by.none(),
        // Inferred: it has no database, only files that people write.
        one_way: by.none(),
        ..Contract::of("ghcr.io/gethomepage/homepage")
    }
}
