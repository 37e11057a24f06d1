//! What is known of the image of Home Assistant.

use homelab_core::prelude::*;

/// Facts: `Dockerfile` at 005c812, `rootfs` at 15b5610, `components/onboarding/views.py` at 003f9aa and
/// `components/recorder/migration.py` at 0089e84 of core; `Dockerfile` of home-assistant/docker at
/// d85c3c3 and `alpine/Dockerfile` of home-assistant/docker-base at c8de5ab, on which it is built. The
/// port is `SERVER_PORT` in an old `const.py` (0000f4b) and in upstream's instructions.
///
/// These files are not of one release: that they hold for the range of tags is inferred. Which
/// further ports it opens and whom it asks depends on the integrations, and its settings are in files.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/home-assistant/core");
    Contract {
        tags: Tags::between("2025", "2027"),
        kind: by.is(ImageKind::App),
        // Inferred: none of the three files sets another user.
        user: by.is(0),
        data: by.all(["/config"]),
        ships_health: by.is(false),
        requires: by.none(),
        // The first visitor's account is made below this path, and a backup restored; the path itself
        // only tells what is done.
        panel: by.is(Panel::new(
            Port::new(8123),
            PanelLogin::first_visitor(&["/api/onboarding/*"], &[]),
        )),
        peers: by.none(),
        one_way: by.because("it migrates the database of its history at the start"),
        ..Contract::of("ghcr.io/home-assistant/home-assistant")
    }
}
