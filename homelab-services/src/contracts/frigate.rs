//! What is known of the image of Frigate.

use homelab_core::prelude::*;

/// Facts: `docker/main`, `frigate/const.py`, `frigate/config`, `frigate/api/auth.py`,
/// `docs/docs/frigate/installation.md` and `updating.md`, `docs/docs/configuration/authentication.md`
/// at 3d4dd3ac4 (0.17.2) and e3fa70189 (0.18, before its release).
///
/// Port 5000 is the same panel without a login, for services on the same network. Each `FRIGATE_` name
/// is also read from a file of that name in `/run/secrets`, which is not `NAME_FILE`. Without a file of
/// settings it writes one. What it needs of `/dev/shm` depends on the cameras.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/blakeblackshear/frigate");
    Contract {
        tags: Tags::between("0.17", "0.19"),
        kind: by.is(ImageKind::App),
        // Inferred: no `Dockerfile` sets another user, and s6 starts as root.
        user: by.is(0),
        ports: by.all([
            // Inferred: go2rtc's own default, which the settings that the image writes leave alone.
            Port::new(1984),
            Port::new(5000),
            Port::new(8554),
            Port::new(8555),
            Port::udp(8555),
            Port::new(8971),
        ]),
        data: by.all(["/config", "/media/frigate"]),
        // Inferred from its scripts.
        read_only: by.is(ReadOnly::Fails(
            "it writes the settings of nginx to `/usr/local/nginx/conf` at the start".to_owned(),
        )),
        ships_health: by.is(true),
        requires: by.none(),
        // The passwords are those of the cameras and of the broker, for the file of settings.
        secrets: by.all([
            SecretKey::plain("FRIGATE_JWT_SECRET"),
            SecretKey::plain("FRIGATE_RTSP_PASSWORD").given(),
            SecretKey::plain("FRIGATE_MQTT_PASSWORD"),
            SecretKey::plain("FRIGATE_GENAI_API_KEY").given(),
            SecretKey::plain("FRIGATE_GEMINI_API_KEY").given(),
            SecretKey::plain("FRIGATE_OPENAI_API_KEY").given(),
            SecretKey::plain("PLUS_API_KEY").given(),
        ]),
        // The administrator's first password is in its log.
        panel: by.is(Panel::new(Port::new(8971), PanelLogin::BuiltIn)),
        egress: by
            .is(Egress::optional("downloads models of recognition and asks for new versions")),
        // The file of settings may turn MQTT off.
        peers: by.none(),
        one_way: by
            .because("it migrates its database at the start; going back needs the older database"),
        ..Contract::of("ghcr.io/blakeblackshear/frigate")
    }
}
