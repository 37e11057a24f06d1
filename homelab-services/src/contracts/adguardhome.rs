//! What is known of the image of AdGuard Home.

use homelab_core::prelude::*;

/// The paths that answer before the wizard has ended, except for its pictures; all other paths lead
/// to the wizard (`internal/home/web.go`, `control.go` and `controlinstall.go` at 75e43ab5).
const WIZARD: &[&str] = &["/install.*", "/control/install/*"];

/// By default each /24 of clients gets 20 answers a second, and the panel believes only a proxy on its
/// own host when that says who asks (`internal/home/config.go`); the file with both is the
/// household's, so `docs/runbooks/first-start.md` changes them.
///
/// Facts: `docker/build.Dockerfile`, `internal/home/options.go` at 75e43ab5; capabilities and
/// the read-only root were drop-tested for DNS only.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/AdguardTeam/AdGuardHome");
    Contract {
        tags: Tags::between("0.107", "1"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::udp(53), Port::new(53), Port::new(3000)]),
        data: by.all(["/opt/adguardhome/conf"]),
        writes: by.all(["/opt/adguardhome/work"]),
        requires: by.none(),
        read_only: reported("drop-tested for DNS by tmatens/container-security-profiles")
            .is(ReadOnly::Works),
        memory: reported("AdGuardHome#8297: 370 MB with 12 lists, killed at 256 MB")
            .is(Memory::mib(512)),
        ships_health: by.is(false),
        secrets: by.none(),
        panel: by.is(Panel::new(Port::new(3000), PanelLogin::first_visitor(WIZARD, &[]))),
        egress: by.is(Egress::required("it asks upstream resolvers and downloads filter lists")),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.none(),
        ..Contract::of("adguard/adguardhome")
    }
}
