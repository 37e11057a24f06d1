//! What is known of the image of postgres-backup-local.

use homelab_core::prelude::*;

/// Facts: `debian.Dockerfile`, `init.sh`, `env.sh`, `backup.sh`, `README.md` at d257e5d. Its dumps have
/// mode 0644, in folders of mode 0755 (run).
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/prodrigestivill/docker-postgres-backup-local");
    Contract {
        tags: Tags::default(),
        kind: by.is(ImageKind::Agent),
        major_of: by.is("PostgreSQL".to_owned()),
        user: by.is(0),
        ports: by.all([Port::new(8080)]),
        data: by.all(["/backups"]),
        data_variables: by.all([Setting::new("BACKUP_DIR", Some("/backups"))]),
        // Besides that of PostgreSQL's image, which holds nothing here.
        volumes: by.all(["/backups"]),
        dumps: by.is(true),
        writes: by.all(["/var/lib/postgresql/data"]),
        requires: by.all(["POSTGRES_HOST", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD"]),
        read_only: ran(
            "its scripts, by runc as user 999 without capabilities; not the image itself",
        )
        .is(ReadOnly::Works),
        ships_health: by.is(true),
        secrets: by.all([SecretKey::or_file("POSTGRES_PASSWORD")]),
        database: by.is(DatabaseKeys::client("POSTGRES_HOST")
            .user("POSTGRES_USER", None)
            // It may list several.
            .name("POSTGRES_DB", None)
            .password("POSTGRES_PASSWORD")
            .dumps_with("POSTGRES_EXTRA_OPTS", "POSTGRES_CLUSTER")),
        panel: by.none(),
        egress: by.is(Egress::None),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.none(),
        ..Contract::of("prodrigestivill/postgres-backup-local")
    }
}
