//! What is known of the image of Mealie.

use homelab_core::prelude::*;

/// Facts, from single files: `docker/Dockerfile` at 00097e99, `docker/entry.sh` at 36acfb20,
/// `mealie/core/settings/settings.py` at 0601d2bc, which are inferred to be of version 3
/// (`pyproject.toml` at 001b9ebe has 3.13); and from 2.0.0 at b5643a939:
/// `mealie/core/settings/db_providers.py`, `mealie/db/init_db.py`, `mealie/repos/seed/init_users.py`. As
/// root the entry point changes the owner of `/app` and the user 911 in `/etc` before it leaves root; a
/// read-only root was not tried.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/mealie-recipes/mealie");
    Contract {
        tags: Tags::between("3", "4"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(9000)]),
        data: by.all(["/app/data"]),
        ships_health: by.is(true),
        requires: by.none(),
        secrets: by.all([
            SecretKey::or_file("POSTGRES_PASSWORD"),
            SecretKey::or_file("POSTGRES_URL_OVERRIDE"),
            SecretKey::or_file("SMTP_PASSWORD").given(),
            SecretKey::or_file("LDAP_QUERY_PASSWORD").given(),
            SecretKey::or_file("OIDC_CLIENT_SECRET").given(),
            SecretKey::or_file("OPENAI_API_KEY").given(),
        ]),
        // Only when `DB_ENGINE` is `postgres`.
        database: by.is(DatabaseKeys::client("POSTGRES_SERVER")
            .user("POSTGRES_USER", Some("mealie"))
            .name("POSTGRES_DB", Some("mealie"))
            .password("POSTGRES_PASSWORD")),
        panel: by.is(Panel::new(
            Port::new(9000),
            PanelLogin::default_password("changeme@example.com", "MyPassword"),
        )),
        egress: by.is(Egress::optional("reads recipes of other sites")),
        peers: by.none(),
        // Inferred: it only ever migrates upwards (`mealie/db/init_db.py`).
        one_way: by.because("it migrates its database at the start"),
        ..Contract::of("ghcr.io/mealie-recipes/mealie")
    }
}
