//! What is known of Nextcloud's official image.

use homelab_core::prelude::*;

/// Facts: `Dockerfile-debian.template`, `docker-entrypoint.sh`, `.config`, `versions.json` and README of
/// nextcloud/docker at 4de1eed6; `8.4/trixie/apache/Dockerfile` of docker-library/php at 0313239.
///
/// The port is that of the images with Apache; those whose tag has `fpm` listen on 9000 and need a web
/// server. With `REDIS_HOST` the entry point writes to `/usr/local/etc/php/conf.d`, where the image has
/// settings of its own, so that no empty mount can lie there; all that it writes was not traced.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/nextcloud/docker");
    Contract {
        tags: Tags::between("32", "35"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(80)]),
        data: by.all(["/var/www/html"]),
        data_variables: by.all([Setting::new("NEXTCLOUD_DATA_DIR", Some("/var/www/html/data"))]),
        volumes: by.all(["/var/www/html"]),
        ships_health: by.is(false),
        requires: by.none(),
        secrets: by.all([
            SecretKey::or_file("NEXTCLOUD_ADMIN_PASSWORD"),
            SecretKey::or_file("MYSQL_PASSWORD"),
            SecretKey::or_file("POSTGRES_PASSWORD"),
            SecretKey::or_file("REDIS_HOST_PASSWORD"),
            SecretKey::or_file("SMTP_PASSWORD").given(),
            SecretKey::or_file("OBJECTSTORE_S3_KEY").given(),
            SecretKey::or_file("OBJECTSTORE_S3_SECRET").given(),
            SecretKey::or_file("OBJECTSTORE_S3_SSE_C_KEY").given(),
            SecretKey::plain("OBJECTSTORE_SWIFT_USER_PASSWORD").given(),
        ]),
        // The wizard appears unless the administrator and all variables of one database are set before
        // the first start. Its paths were not read.
        panel: by.is(Panel::unless(
            Port::new(80),
            PanelLogin::first_visitor(&[], &[]),
            &["NEXTCLOUD_ADMIN_PASSWORD", "NEXTCLOUD_ADMIN_PASSWORD_FILE"],
        )),
        // Without variables of a database it uses SQLite.
        peers: by.none(),
        one_way: by.because("an older release refuses to start with the data of a newer one"),
        ..Contract::of("nextcloud")
    }
}
