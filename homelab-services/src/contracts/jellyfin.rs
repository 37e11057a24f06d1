//! What is known of the image of Jellyfin.

use homelab_core::prelude::*;

/// The paths of the wizard in the API, also below the prefixes that upstream strips (`/emby`,
/// `/mediabrowser`). They are read from upstream's source, not tested with the image.
pub(crate) const WIZARD: &[&str] = &["*/Startup/*"];

/// The other paths that upstream's policies `FirstTimeSetupOr…` open to everybody until the wizard
/// has ended: they list folders of the host, add and remove libraries. `/System/Info` and
/// `/Localization/` have such a policy, too. They stay open, because they change nothing and
/// clients need them. `/Users/Public` names hidden users until the wizard has ended. There are no
/// others (c3ed1407).
pub(crate) const BEFORE: &[&str] =
    &["*/Environment/*", "*/Library/VirtualFolders*", "*/Libraries/*"];

/// Facts: `docker/Dockerfile` of jellyfin-packaging at 69a2981 (it makes `/config` and `/cache` with
/// mode 777, and has curl); the server at c3ed1407. It makes `/tmp/jellyfin` for covers, collages,
/// previews and loudness (`BaseApplicationPaths.cs`, `MediaEncoder.cs`, `SkiaEncoder.cs`;
/// jellyfin/jellyfin issue 15691 has the error without it). That it works without capabilities and
/// with a read-only root was drop-tested on 10.11, but not on 12.x: if it does not start, look at
/// its settings and plugins first.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/jellyfin/jellyfin-packaging");
    let server = read("https://github.com/jellyfin/jellyfin");
    Contract {
        tags: Tags::between("10.11", "13"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(8096), Port::udp(7359)]),
        data: by.all(["/config"]),
        // The second one does not follow the first.
        data_variables: by.all([
            Setting::new("JELLYFIN_DATA_DIR", Some("/config")),
            Setting::new("JELLYFIN_CONFIG_DIR", Some("/config/config")),
        ]),
        volumes: by.all(["/config", "/cache"]),
        writes: server.all(["/cache", "/tmp"]),
        free: server.is(Memory::gib(2)),
        requires: by.none(),
        read_only: reported(
            "drop-tested on 10.11 by tmatens/container-security-profiles; 12.x is not",
        )
        .is(ReadOnly::Works),
        ships_health: by.is(true),
        secrets: by.none(),
        panel: by.is(Panel::new(Port::new(8096), PanelLogin::first_visitor(WIZARD, BEFORE))),
        egress: by.is(Egress::optional("fetches descriptions, pictures and plugins")),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.because("version 12 migrates the database of version 10 one way"),
        // Up to half an hour for the database, more where subtitles were extracted beside it.
        migrates_within: reported("jellyfin/jellyfin#14231, #17894").is(Minutes::new(60)),
        // Until then its setup server answers `Degraded` with 200 here, and 503 elsewhere.
        ready: read("Jellyfin.Server/ServerSetupApp/SetupServer.cs at c3ed1407ca").is(Ready::says(
            Port::new(8096),
            "/health",
            "Healthy",
        )),
        ..Contract::of("jellyfin/jellyfin")
    }
}
