//! What is known of PostgreSQL's official image.

use homelab_core::prelude::*;

/// Up to version 17.
pub(super) fn old() -> Contract {
    contract(Tags::between("9", "18"), "/var/lib/postgresql/data")
}

/// From version 18 on its data lies one folder higher, in a folder of its major version.
pub(super) fn new() -> Contract {
    contract(Tags::between("18", "19"), "/var/lib/postgresql")
}

/// Facts: `Dockerfile-debian.template` and `docker-entrypoint.sh` of docker-library/postgres at 6edb0a8c.
/// No user is set there: the entry point leaves root for `postgres`, which takes the capabilities `CHOWN`,
/// `DAC_OVERRIDE`, `FOWNER`, `SETGID` and `SETUID`.
fn contract(tags: Tags, data: &str) -> Contract {
    let by = read("https://github.com/docker-library/postgres");
    Contract {
        tags,
        kind: by.is(ImageKind::Database),
        major_of: by.is("PostgreSQL".to_owned()),
        ports: by.all([Port::new(5432)]),
        user: by.is(0),
        capabilities: by.all([
            Capability::Chown,
            Capability::DacOverride,
            Capability::Setgid,
            Capability::Setuid,
        ]),
        data: by.all([data]),
        data_variables: by.all([Setting::new("PGDATA", Some(data))]),
        volumes: by.all([data]),
        // The server's socket.
        writes: by.all(["/var/run/postgresql"]),
        secrets: by.all([SecretKey::or_file("POSTGRES_PASSWORD")]),
        database: by.is(DatabaseKeys::server()
            .user("POSTGRES_USER", Some("postgres"))
            // Without it the database has the user's name.
            .name("POSTGRES_DB", None)
            .password("POSTGRES_PASSWORD")
            .trust("POSTGRES_HOST_AUTH_METHOD")),
        panel: by.none(),
        one_way: by.because("a major version writes files that others cannot read"),
        ..Contract::of("postgres")
    }
}
