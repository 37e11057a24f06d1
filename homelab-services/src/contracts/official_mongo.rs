//! What is known of `MongoDB`'s official image.

use homelab_core::prelude::*;

/// Facts: the `Dockerfile` of 7.0, 8.0, 8.2 and 8.3 and `docker-entrypoint.sh` of docker-library/mongo at
/// 2c69a57b9. The entry point leaves root for user 999. Without both variables of the first user
/// everybody who reaches it is its administrator. That it needs no way out is inferred from the entry
/// point. A read-only root was not tried.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/docker-library/mongo");
    Contract {
        tags: Tags::between("7", "9"),
        kind: by.is(ImageKind::Database),
        major_of: by.is("MongoDB".to_owned()),
        user: by.is(0),
        capabilities: by.all([Capability::Chown, Capability::Setgid, Capability::Setuid]),
        ports: by.all([Port::new(27_017)]),
        data: by.all(["/data/db"]),
        volumes: by.all(["/data/db", "/data/configdb"]),
        // `/data/configdb` is a volume of the image, in which only a server of configurations of a
        // cluster keeps something.
        writes: by.all(["/data/configdb", "/tmp"]),
        cpu_flags: by.all(["avx"]),
        ships_health: by.is(false),
        requires: by.none(),
        secrets: by.all([
            SecretKey::or_file("MONGO_INITDB_ROOT_USERNAME"),
            SecretKey::or_file("MONGO_INITDB_ROOT_PASSWORD"),
        ]),
        database: by.is(DatabaseKeys::server()
            .user("MONGO_INITDB_ROOT_USERNAME", None)
            .password("MONGO_INITDB_ROOT_PASSWORD")),
        panel: by.none(),
        egress: by.is(Egress::None),
        peers: by.none(),
        one_way: read("https://www.mongodb.com/docs/v8.3/release-notes/8.0-downgrade/")
            .because("MongoDB Community Edition supports no way back to an older version"),
        ..Contract::of("mongo")
    }
}
