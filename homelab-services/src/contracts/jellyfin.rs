//! What is known of the image of Jellyfin.

use homelab_core::prelude::*;

/// The wizard's part of the API, also below the prefixes that upstream strips (`/emby`,
/// `/mediabrowser`). Read from upstream's source, not tested with the image.
pub(crate) const WIZARD: &[&str] = &["*/Startup/*"];

/// The rest of what upstream's policies `FirstTimeSetupOr…` let anybody do until the wizard has
/// ended: list folders of the host, add and remove libraries. `/System/Info` and
/// `/Localization/` have such a policy, too, change nothing and stay open, since clients ask for
/// them; `/Users/Public` names hidden users until then. Those are all (c3ed1407).
pub(crate) const BEFORE: &[&str] =
    &["*/Environment/*", "*/Library/VirtualFolders*", "*/Libraries/*"];

/// Facts: jellyfin-packaging at 69a2981 (`/config` and `/cache` are made with mode 777). No
/// capability and the read-only root were drop-tested on 10.11; 12.x is not, so the file of
/// its settings and plugins is the first place to look when it does not start.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/jellyfin/jellyfin-packaging");
    Contract {
        tags: Tags::between("10.11", "13"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(8096), Port::udp(7359)]),
        data: by.all(["/config"]),
        writes: by.all(["/cache"]),
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
        ..Contract::of("jellyfin/jellyfin")
    }
}
