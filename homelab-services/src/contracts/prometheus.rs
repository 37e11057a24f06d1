//! What is known of the image of Prometheus.

use homelab_core::prelude::*;

/// Facts: `Dockerfile`, `docs/migration.md`, `docs/installation.md` and `web/web.go` at d15adb9ad7. The
/// number of the user `nobody` is inferred from the base image; tags with `-distroless` have 65532. That
/// it writes nothing outside its data is inferred, too. Its own accounts need a file that the command
/// names (`--web.config.file`).
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/prometheus/prometheus");
    Contract {
        tags: Tags::between("3", "4"),
        kind: by.is(ImageKind::App),
        user: by.is(65_534),
        ports: by.all([Port::new(9090)]),
        data: by.all(["/prometheus"]),
        volumes: by.all(["/prometheus"]),
        writes: by.none(),
        ships_health: by.is(false),
        requires: by.none(),
        secrets: by.none(),
        panel: by.is(Panel::new(Port::new(9090), PanelLogin::None)),
        egress: by.is(Egress::optional("asks what its configuration names outside the house")),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.because("only version 2.55 and later can read what version 3 has written"),
        // Until then it answers 503 there; with `--agent` it names itself otherwise.
        ready: by.is(Ready::says(Port::new(9090), "/-/ready", "Prometheus Server is Ready.")),
        ..Contract::of("prom/prometheus")
    }
}
