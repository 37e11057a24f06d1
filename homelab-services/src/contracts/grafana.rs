//! What is known of the image of Grafana.

use homelab_core::prelude::*;

/// Facts, from single files: `Dockerfile` at 78515af6, `packaging/docker/run.sh` at 07754534,
/// `conf/defaults.ini` at 002060fd. That they hold for version 12 is inferred from the bases that the
/// `Dockerfile` names. Logs go to the console. Whether `/tmp` is written, and a read-only root, were not looked up.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/grafana/grafana");
    Contract {
        tags: Tags::between("12", "13"),
        kind: by.is(ImageKind::App),
        user: by.is(472),
        ports: by.all([Port::new(3000)]),
        data: by.all(["/var/lib/grafana"]),
        data_variables: by.all([Setting::new("GF_PATHS_DATA", Some("/var/lib/grafana"))]),
        ships_health: by.is(false),
        // Without it the administrator's password is `admin` until somebody changes it.
        requires: by.all(["GF_SECURITY_ADMIN_PASSWORD"]),
        file_variables: by.is("*__FILE".to_owned()),
        secrets: by.all([
            SecretKey::or_file("GF_SECURITY_ADMIN_PASSWORD"),
            SecretKey::or_file("GF_SECURITY_SECRET_KEY"),
            SecretKey::or_file("GF_DATABASE_PASSWORD"),
        ]),
        panel: by.is(Panel::new(Port::new(3000), PanelLogin::BuiltIn)),
        egress: by
            .is(Egress::optional("fetches plugins, asks for new versions, reports how it is used")),
        peers: by.none(),
        one_way: read("https://grafana.com/docs/grafana/v9.0/setup-grafana/upgrade-grafana")
            .because("it migrates its database at the start, which can hinder a way back"),
        ..Contract::of("grafana/grafana")
    }
}
