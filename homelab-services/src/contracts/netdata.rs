//! What is known of the image of Netdata.

use homelab_core::prelude::*;

/// Facts: `packaging/docker/README.md` at 04b1cf54; capabilities and tmpfs were drop-tested with
/// v2.10.3. Memory: 250 to 350 MB are typical by upstream's sizing page.
///
/// Upstream also asks for `SYS_PTRACE` and no `AppArmor` profile. Both serve helpers that are
/// setuid root, and `no-new-privileges` takes their privileges away anyway; the daemon itself keeps
/// none (`src/daemon/daemon.c` of v2.11.0). So some charts are missing: bytes read and written and
/// open files of each process, and which network interface belongs to which container. Processor
/// and memory of each process are in files that everybody may read. `DAC_OVERRIDE` it needs in either
/// case; `CHOWN` would only spare it some lines of errors. This is read from the sources, not tested
/// with the image under `AppArmor`.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/netdata/netdata/blob/master/packaging/docker/README.md");
    Contract {
        tags: Tags::between("2", "3"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(19_999)]),
        data: by.none(),
        writes: by.all([
            "/tmp",
            "/run/netdata",
            "/etc/netdata",
            "/var/lib/netdata",
            "/var/cache/netdata",
        ]),
        requires: by.none(),
        read_only: reported("drop-tested with v2.10.3 by tmatens/container-security-profiles")
            .is(ReadOnly::Works),
        ships_health: by.is(true),
        secrets: by.all([SecretKey::plain("NETDATA_CLAIM_TOKEN")]),
        panel: by.is(Panel::new(Port::new(19_999), PanelLogin::None)),
        egress: by.is(Egress::optional("its cloud, which this house does not use")),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.none(),
        ..Contract::of("netdata/netdata")
    }
}
