//! What is known of the image of Syncthing.

use homelab_core::prelude::*;

/// Facts: `Dockerfile` and `script/docker-entrypoint.sh` at 328d910ae; capabilities and the
/// read-only root were drop-tested with 2.0.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/syncthing/syncthing");
    Contract {
        tags: Tags::between("2", "3"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        capabilities: by.all([Capability::Chown, Capability::Setgid, Capability::Setuid]),
        ports: by.all([Port::new(8384), Port::new(22_000), Port::udp(22_000), Port::udp(21_027)]),
        data: by.all(["/var/syncthing"]),
        data_variables: by.all([Setting::new("STHOMEDIR", Some("/var/syncthing/config"))]),
        volumes: by.all(["/var/syncthing"]),
        writes: by.none(),
        requires: by.none(),
        read_only: reported("drop-tested with 2.0 by tmatens/container-security-profiles")
            .is(ReadOnly::Works),
        ships_health: by.is(true),
        secrets: by.all([SecretKey::plain("STGUIAPIKEY")]),
        // Everybody who opens it is its administrator until somebody sets a password.
        panel: by.is(Panel::new(Port::new(8384), PanelLogin::None)),
        egress: by
            .is(Egress::optional("finds devices outside the house, relays, asks for new versions")),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.because("version 2 migrates the database of version 1 one way"),
        ..Contract::of("syncthing/syncthing")
    }
}
