//! What is known of `LinuxServer.io`'s image of qBittorrent.

use homelab_core::prelude::*;

/// Facts: `Dockerfile`, `root` and README of docker-qbittorrent at a8dcabe; `Dockerfile` and
/// `init-envfile` of docker-baseimage-alpine at 3d5a8b0 (its branch 3.22; the image is built on 3.24).
///
/// The program runs as user 911, or as `PUID` says.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/linuxserver/docker-qbittorrent");
    Contract {
        tags: Tags::between("5", "6"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(8080), Port::new(6881), Port::udp(6881)]),
        data: by.all(["/config"]),
        // Downloads go to the first one until the household chooses another folder; that s6 writes the
        // second one is inferred.
        writes: by.all(["/downloads", "/run"]),
        read_only: by.is(ReadOnly::Works),
        ships_health: by.is(false),
        requires: by.none(),
        secrets: by.none(),
        file_variables: by.is("FILE__*".to_owned()),
        // Until somebody chooses a password, its log has a new one after each start.
        panel: by.is(Panel::new(Port::new(8080), PanelLogin::BuiltIn)),
        egress: by.is(Egress::required("it exchanges files with peers of BitTorrent")),
        peers: by.none(),
        ..Contract::of("lscr.io/linuxserver/qbittorrent")
    }
}
