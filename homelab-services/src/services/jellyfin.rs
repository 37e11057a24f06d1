//! Jellyfin: films, series and music for browsers, televisions and phones.
//!
//! Upstream: <https://jellyfin.org/docs/general/installation/container>. Its wizard can be opened from the
//! host, see `docs/runbooks/first-start.md`.

use homelab_core::prelude::*;

use crate::shelf::jellyfin::{self, Settings};
use crate::{env, groups, images};

const SETTINGS: Settings = Settings {
    image: images::JELLYFIN,
    host: "media",
    domain: env::DOMAIN,
    is_set_up: env::JELLYFIN_SETUP_DONE,
    media: env::MEDIA_PATH,
    reader: User::Variables(env::PUID, env::PGID),
    time_zone: env::TZ,
};

/// Apps on televisions refuse a certificate of the house's own authority, and nobody can give it to
/// them (jellyfin/jellyfin-androidtv issues 1127, 3385, 4231 and 5400). Not 7359/udp, by which they
/// would find the server: it answers with the proxy's address, which is of no use to them.
const TELEVISIONS: Publish = Publish::at(&env::JELLYFIN_ADDRESS, Port::new(8096));

pub(crate) fn define() -> Service<App, Precious> {
    jellyfin::define(&SETTINGS)
        .publish(TELEVISIONS)
        .tile(Tile::new("Jellyfin", groups::MEDIA).icon("fas fa-film").subtitle("Films and music"))
        // The host's `.env` names the GPU; `/dev/null` means that there is none.
        .device(&env::JELLYFIN_GPU, "/dev/dri/renderD128")
        .group(&env::RENDER_GID)
}
