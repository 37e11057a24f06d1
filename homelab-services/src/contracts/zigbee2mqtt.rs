//! What is known of the image of `Zigbee2MQTT`.

use homelab_core::prelude::*;

/// Facts: `docker`, `lib/util/data.ts`, `lib/util/onboarding.ts`, `lib/util/settings.ts`,
/// `lib/util/settingsMigration.ts`, `lib/extension/frontend.ts` and `lib/extension/otaUpdate.ts` at
/// 6835cbf5 (2.12.1).
///
/// It needs a broker of MQTT, which may be any, also outside of the stack, so no peer is named. Every
/// setting has a variable `ZIGBEE2MQTT_CONFIG_` with its path.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/Koenkk/zigbee2mqtt");
    Contract {
        tags: Tags::between("2", "3"),
        kind: by.is(ImageKind::App),
        // Inferred: no user is set on Alpine's image.
        user: by.is(0),
        ports: by.all([Port::new(8080)]),
        // Its logs are there, too.
        data: by.all(["/app/data"]),
        data_variables: by.all([Setting::new("ZIGBEE2MQTT_DATA", Some("/app/data"))]),
        ships_health: by.is(false),
        // Without a file of settings it asks for them on the panel's port.
        requires: by.none(),
        secrets: by.all([
            SecretKey::plain("ZIGBEE2MQTT_CONFIG_MQTT_PASSWORD"),
            SecretKey::plain("ZIGBEE2MQTT_CONFIG_FRONTEND_AUTH_TOKEN"),
        ]),
        // No accounts; a token only where the settings have one. The settings can turn it off.
        panel: by.is(Panel::new(Port::new(8080), PanelLogin::None)),
        // Where the index lies is in a library that was not read.
        egress: by.is(Egress::optional("looks for new firmware of devices")),
        one_way: by.because("it migrates its settings, and an older release refuses newer ones"),
        ..Contract::of("ghcr.io/koenkk/zigbee2mqtt")
    }
}
