//! What is known of `MariaDB`'s official image.

use homelab_core::prelude::*;

/// Facts: `Dockerfile.template`, `docker-entrypoint.sh`, `healthcheck.sh` and `versions.json` at 1b6429b.
///
/// An empty database needs one of `MARIADB_ROOT_PASSWORD`, `MARIADB_ROOT_PASSWORD_HASH`,
/// `MARIADB_RANDOM_ROOT_PASSWORD` and `MARIADB_ALLOW_EMPTY_ROOT_PASSWORD`, or a backup to begin with,
/// so no single variable is required. Older names begin with `MYSQL_`. The image brings
/// `healthcheck.sh`, but no health check that runs it.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/MariaDB/mariadb-docker");
    Contract {
        tags: Tags::between("10.6", "13.1"),
        kind: by.is(ImageKind::Database),
        major_of: by.is("MariaDB".to_owned()),
        // Inferred: no user is set on Ubuntu's image. The entry point leaves root for `mysql`.
        user: by.is(0),
        capabilities: by.all([Capability::Chown, Capability::Setgid, Capability::Setuid]),
        ports: by.all([Port::new(3306)]),
        data: by.all(["/var/lib/mysql"]),
        volumes: by.all(["/var/lib/mysql"]),
        // The second one is inferred: the server's folder for temporary files.
        writes: by.all(["/run/mysqld", "/tmp"]),
        ships_health: by.is(false),
        secrets: by.all([
            SecretKey::or_file("MARIADB_ROOT_PASSWORD"),
            SecretKey::or_file("MARIADB_ROOT_PASSWORD_HASH"),
            SecretKey::or_file("MARIADB_PASSWORD"),
            SecretKey::or_file("MARIADB_PASSWORD_HASH"),
            SecretKey::or_file("MARIADB_REPLICATION_PASSWORD"),
            SecretKey::or_file("MARIADB_REPLICATION_PASSWORD_HASH"),
            SecretKey::or_file("MYSQL_ROOT_PASSWORD"),
            SecretKey::or_file("MYSQL_PASSWORD"),
        ]),
        panel: by.none(),
        // Inferred, replicas aside: they connect to `MARIADB_MASTER_HOST`.
        egress: by.is(Egress::None),
        peers: by.none(),
        one_way: read("https://mariadb.com/kb/en/downgrading-between-major-versions-of-mariadb")
            .because("a major version changes files and system tables that older ones cannot read"),
        ..Contract::of("mariadb")
    }
}
