//! What is known of the image of FileBrowser Quantum.

use homelab_core::prelude::*;

/// Facts: `_docker/Dockerfile` and `backend/common/settings` of 1.5. The read-only root and
/// the configuration above are read from the source, not tested.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/gtsteffaniak/filebrowser");
    Contract {
        tags: Tags::between("1", "2"),
        kind: by.is(ImageKind::App),
        user: by.is(1000),
        ports: by.all([Port::new(8080)]),
        data: by.all(["/home/filebrowser/data"]),
        writes: by.all(["/tmp"]),
        requires: by.none(),
        read_only: by.is(ReadOnly::Works),
        // 512 MB at least, by its README.
        memory: by.is(Memory::mib(512)),
        ships_health: by.is(true),
        secrets: by.all([SecretKey::plain("FILEBROWSER_ADMIN_PASSWORD")]),
        // The generated configuration switches its accounts off, so everybody is its administrator.
        panel: by.is(Panel::new(Port::new(8080), PanelLogin::None)),
        egress: by.is(Egress::None),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.none(),
        ..Contract::of("gtstef/filebrowser")
    }
}
