//! What is known of the image of Immich's server.

use homelab_core::prelude::*;

/// Facts: `docker/docker-compose.yml` at 4cff61e0, `server/src/config.ts` at 01809e30,
/// `server/start.sh`. User 1000 is from upstream's rootless example, the read-only root from a
/// deployed stack of v3.1.0.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/immich-app/immich");
    Contract {
        tags: Tags::between("3", "4"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(2283)]),
        data: by.all(["/data"]),
        data_variables: reported("a fork's copy of docs/docs/install/environment-variables.md")
            .all([Setting::new("IMMICH_MEDIA_LOCATION", Some("/data"))]),
        writes: by.all(["/tmp", "/run"]),
        // The last variable decides whether a first visitor can become the administrator or load a
        // dump into the database: `/api/auth/admin-sign-up` and
        // `/api/admin/database-backups/start-restore` check it (`setup: true` in their controllers
        // at 08d29119).
        requires: by.all(["DB_HOSTNAME", "DB_PASSWORD", "REDIS_HOSTNAME", "IMMICH_ALLOW_SETUP"]),
        read_only: reported("a deployed stack of v3.1.0 in tmatens/compose-lint")
            .is(ReadOnly::Works),
        ships_health: by.is(true),
        secrets: by.all([
            SecretKey::or_file("DB_PASSWORD"),
            SecretKey::or_file("DB_URL"),
            SecretKey::or_file("REDIS_PASSWORD"),
        ]),
        database: by.is(DatabaseKeys::client("DB_HOSTNAME")
            .user("DB_USERNAME", Some("postgres"))
            .name("DB_DATABASE_NAME", Some("immich"))
            .password("DB_PASSWORD")),
        misspelt: by.is(misspelt(&[
            ("DB_HOST", "DB_HOSTNAME"),
            ("REDIS_HOST", "REDIS_HOSTNAME"),
            ("MACHINE_LEARNING_ENABLED", "IMMICH_MACHINE_LEARNING_ENABLED"),
            ("MACHINE_LEARNING_URL", "IMMICH_MACHINE_LEARNING_URL"),
        ])),
        panel: by.is(Panel::new(Port::new(2283), PanelLogin::BuiltIn)),
        egress: by.is(Egress::optional("asks for new versions")),
        peers: by.all([
            Peer::any_of(
                &["ghcr.io/immich-app/postgres", "tensorchord/vchord-postgres"],
                "Immich needs PostgreSQL with the VectorChord extension",
            ),
            Peer::any_of(&["valkey/valkey", "redis"], "Immich keeps its job queue there"),
        ]),
        end_of_life: by.none(),
        one_way: by.because("its releases migrate the database, and none can be downgraded"),
        // It does not listen before its migrations are done. The longest that was reported is 16 min.
        migrates_within: reported("immich-app/immich#13867").is(Minutes::new(60)),
        ..Contract::of("ghcr.io/immich-app/immich-server")
    }
}
