//! What is known of the image of Immich's PostgreSQL.

use homelab_core::prelude::*;

/// How the entry point was run: with an empty folder, a password's file, a health check by TCP, a
/// stop and a second start. Others drop-tested the image itself with Immich v2.7.5
/// (tmatens/container-security-profiles).
const RUN: Evidence = ran(
    "the entry point of docker-library/postgres, by runc with CHOWN, DAC_OVERRIDE, SETGID and SETUID; \
     not the image itself",
);

/// Facts: `postgres/` of base-images at ff4be93 and the official image's entry point.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/immich-app/base-images/tree/main/postgres");
    Contract {
        tags: Tags::between("14", "15"),
        kind: by.is(ImageKind::Database),
        major_of: by.is("PostgreSQL".to_owned()),
        user: by.is(0),
        capabilities: by.all([
            Capability::Chown,
            Capability::DacOverride,
            Capability::Setgid,
            Capability::Setuid,
        ]),
        ports: by.all([Port::new(5432)]),
        data: by.all(["/var/lib/postgresql/data"]),
        data_variables: by.all([Setting::new("PGDATA", Some("/var/lib/postgresql/data"))]),
        // Inherited from PostgreSQL's official image.
        volumes: by.all(["/var/lib/postgresql/data"]),
        writes: by.all(["/etc/postgresql", "/var/run/postgresql"]),
        requires: by.all(["POSTGRES_PASSWORD"]),
        read_only: RUN.is(ReadOnly::Works),
        memory: read("https://docs.immich.app/install/requirements").is(Memory::gib(2)),
        ships_health: by.is(true),
        secrets: by.all([SecretKey::or_file("POSTGRES_PASSWORD")]),
        database: by.is(DatabaseKeys::server()
            .user("POSTGRES_USER", Some("postgres"))
            // Without it the database has the user's name.
            .name("POSTGRES_DB", None)
            .password("POSTGRES_PASSWORD")
            .trust("POSTGRES_HOST_AUTH_METHOD")),
        panel: by.none(),
        egress: by.is(Egress::None),
        peers: by.none(),
        end_of_life: by.because("PostgreSQL 14 gets no fixes from its community since 2026-11-12"),
        one_way: by.because("a major version writes files that others cannot read"),
        ..Contract::of("ghcr.io/immich-app/postgres")
    }
}
