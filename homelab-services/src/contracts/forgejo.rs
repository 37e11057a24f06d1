//! What is known of the image of Forgejo.

use homelab_core::prelude::*;

/// Facts: `Dockerfile`, `docker/root`, `routers/install`, `routers/web/auth/auth.go` and
/// `models/forgejo_migrations` at 5e777a43a1, read in a mirror of upstream's repository; by its
/// date that is between versions 9 and 10 (inferred). Version 8 has the same `docker/root`. The program
/// runs as user 1000, or as `USER_UID` says.
///
/// Besides its data the image writes `/etc/ssh/sshd_config` and temporary files, and its supervisor keeps
/// its state below `/etc/s6` (inferred), so that a read-only root is doubtful. Tags with `-rootless` have
/// another user and other paths.
pub(super) fn contract() -> Contract {
    let by = read("https://codeberg.org/forgejo/forgejo");
    Contract {
        tags: Tags::between("8", "11"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        capabilities: by.all([
            Capability::Chown,
            Capability::DacOverride,
            Capability::Fowner,
            Capability::Setgid,
            Capability::Setuid,
        ]),
        ports: by.all([Port::new(3000), Port::new(22)]),
        data: by.all(["/data"]),
        ships_health: by.is(false),
        requires: by.none(),
        // Of all settings of the kind `FORGEJO__SECTION__KEY`.
        file_variables: by.is("*__FILE".to_owned()),
        // The entry point reads the first two, only as long as there is no `app.ini`.
        secrets: by.all([
            SecretKey::plain("SECRET_KEY"),
            SecretKey::plain("DB_PASSWD"),
            SecretKey::or_file("FORGEJO__security__SECRET_KEY"),
            SecretKey::or_file("FORGEJO__database__PASSWD"),
        ]),
        // Its installer answers at `/`, and the first one who registers is the administrator, so no
        // path can be closed for the wizard alone.
        panel: by.is(Panel::new(Port::new(3000), PanelLogin::first_visitor(&[], &[]))),
        egress: by.is(Egress::optional("mirrors repositories, asks for new versions")),
        peers: by.none(),
        one_way: by.because("it refuses a database that a newer version has migrated"),
        ..Contract::of("codeberg.org/forgejo/forgejo")
    }
}
