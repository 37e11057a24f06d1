//! What is known of PostgreSQL's official image.

use homelab_core::prelude::*;

/// Facts: `Dockerfile-debian.template` and `docker-entrypoint.sh` of docker-library/postgres at 6edb0a8c.
/// From 18 on its data lies elsewhere.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/docker-library/postgres");
    Contract {
        tags: Tags::between("9", "18"),
        kind: by.is(ImageKind::Database),
        ports: by.all([Port::new(5432)]),
        data: by.all(["/var/lib/postgresql/data"]),
        secrets: by.all([SecretKey::or_file("POSTGRES_PASSWORD")]),
        database: by.is(DatabaseKeys::server()
            .user("POSTGRES_USER", Some("postgres"))
            // Without it the database has the user's name.
            .name("POSTGRES_DB", None)
            .password("POSTGRES_PASSWORD")),
        panel: by.none(),
        one_way: by.because("a major version writes files that others cannot read"),
        ..Contract::of("postgres")
    }
}
