//! What is known of the image of Eclipse Mosquitto.

use homelab_core::prelude::*;

/// Up to 2.0 the image's own settings only let the container itself connect.
pub(super) fn old() -> Contract {
    let by = read("https://github.com/eclipse-mosquitto/mosquitto");
    Contract {
        ports: by.all([Port::new(1883)]),
        panel: by.none(),
        ..contract(Tags::between("2.0", "2.1"))
    }
}

/// From 2.1 on the image's own settings let everybody connect, and show a dashboard.
pub(super) fn new() -> Contract {
    let by = read("https://github.com/eclipse-mosquitto/mosquitto");
    Contract {
        ports: by.all([Port::new(1883), Port::new(9883)]),
        panel: by.is(Panel::new(Port::new(9883), PanelLogin::None)),
        ..contract(Tags::between("2.1", "2.2"))
    }
}

/// Facts: `docker/2.0-openssl`, `docker/2.1-alpine` and `docker/2.1-ubuntu` at 7b8aba10. Ports and panel
/// are those of the image's own settings; the household's file replaces them. Accounts are in files, too.
fn contract(tags: Tags) -> Contract {
    let by = read("https://github.com/eclipse-mosquitto/mosquitto");
    Contract {
        tags,
        kind: by.is(ImageKind::App),
        // Inferred: no user is set on the base image. The broker leaves root by itself, for user 1883.
        user: by.is(0),
        data: by.all(["/mosquitto/data"]),
        writes: by.all(["/mosquitto/log"]),
        ships_health: by.is(false),
        requires: by.none(),
        secrets: by.none(),
        // Inferred: it connects to others only where the household's file names a bridge.
        egress: by.is(Egress::None),
        peers: by.none(),
        ..Contract::of("eclipse-mosquitto")
    }
}
