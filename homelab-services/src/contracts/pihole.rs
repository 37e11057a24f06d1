//! What is known of the image of Pi-hole.

use homelab_core::prelude::*;

/// Facts: `src/Dockerfile`, `src/start.sh`, `src/bash_functions.sh`, `src/crontab.txt` and README at
/// dd91b48 (2026.07.2).
///
/// `WEBPASSWORD_FILE` names a file in `/run/secrets`, not a path, and stands for
/// `FTLCONF_webserver_api_password`; the pattern `NAME_FILE` is not read. An empty password is
/// taken as one that somebody has chosen.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/pi-hole/docker-pi-hole");
    Contract {
        tags: Tags::between("2026", "2027"),
        kind: by.is(ImageKind::App),
        // Inferred: no user is set on Alpine's image. The resolver runs as `DNSMASQ_USER`.
        user: by.is(0),
        capabilities: by.all([
            Capability::Chown,
            Capability::DacOverride,
            Capability::Fowner,
            Capability::NetBindService,
            Capability::Setgid,
            Capability::Setuid,
        ]),
        ports: by.all([
            Port::new(53),
            Port::udp(53),
            Port::udp(67),
            Port::new(80),
            Port::udp(123),
            Port::new(443),
        ]),
        data: by.all(["/etc/pihole"]),
        // Inferred from its scripts.
        read_only: by.is(ReadOnly::Fails(
            "it gives its program capabilities and changes `/crontab.txt` at the start".to_owned(),
        )),
        ships_health: by.is(true),
        requires: by.none(),
        secrets: by.all([SecretKey::plain("FTLCONF_webserver_api_password")]),
        // Without a password it makes one, which is in its log.
        panel: by.is(Panel::new(Port::new(80), PanelLogin::BuiltIn)),
        egress: by.is(Egress::required("it asks upstream resolvers and downloads block lists")),
        peers: by.none(),
        // That an older release cannot read them is inferred.
        one_way: by.because("it migrates its lists, and the settings of version 5, at the start"),
        ..Contract::of("pihole/pihole")
    }
}
