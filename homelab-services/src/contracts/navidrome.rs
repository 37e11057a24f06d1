//! What is known of the image of Navidrome.

use homelab_core::prelude::*;

/// The path that makes the first account. Afterwards it refuses everybody (`server/server.go` and
/// `server/auth.go` at 295886cb9). It is read from the source, not tested.
const WIZARD: &[&str] = &["/auth/createAdmin*"];

/// Facts: `Dockerfile`, `conf/configuration.go`, `server`, `db/db.go` and
/// `contrib/docker-compose/docker-compose.yml` at 295886cb9; the last one has a read-only root. Its cache
/// is below `/data`. It makes temporary files for the scanner and for its own player, so `/tmp` is
/// inferred. Its music is in `/music`, which it only reads.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/navidrome/navidrome");
    Contract {
        tags: Tags::between("0", "1"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(4533)]),
        data: by.all(["/data"]),
        data_variables: by.all([Setting::new("ND_DATAFOLDER", Some("/data"))]),
        volumes: by.all(["/data", "/music"]),
        writes: by.all(["/tmp"]),
        read_only: by.is(ReadOnly::Works),
        ships_health: by.is(false),
        requires: by.none(),
        secrets: by.all([
            SecretKey::plain("ND_PASSWORDENCRYPTIONKEY"),
            SecretKey::plain("ND_LASTFM_SECRET").given(),
        ]),
        panel: by.is(Panel::new(Port::new(4533), PanelLogin::first_visitor(WIZARD, &[]))),
        egress: by.is(Egress::optional(
            "fetches descriptions and pictures of artists, reports how it is used",
        )),
        peers: by.none(),
        end_of_life: by.none(),
        // Inferred: it only ever migrates upwards (`Init` in `db/db.go`).
        one_way: by.because("it migrates its database at the start"),
        ..Contract::of("deluan/navidrome")
    }
}
