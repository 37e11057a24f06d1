//! What is known of the image of `FreshRSS`.

use homelab_core::prelude::*;

/// Facts: `Docker/Dockerfile`, `Docker/entrypoint.sh`, `Docker/README.md`, `p/i/index.php` and
/// `app/install.php` of 1.24.3 at 4461784b8. Extensions of others lie in
/// `/var/www/FreshRSS/extensions`, a mount that upstream calls optional. It fetches feeds by itself only
/// with `CRON_MIN`. The entry point changes files below `/etc` and the group of the whole program at
/// every start; what it writes altogether, and a read-only root, were not tried.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/FreshRSS/FreshRSS");
    Contract {
        tags: Tags::between("1", "2"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(80)]),
        data: by.all(["/var/www/FreshRSS/data"]),
        ships_health: by.is(false),
        requires: by.none(),
        secrets: by.all([
            SecretKey::plain("OIDC_CLIENT_SECRET").given(),
            SecretKey::plain("OIDC_CLIENT_CRYPTO_KEY"),
        ]),
        // Its installer answers at `/i/`, where the program is afterwards, so no path can be closed for
        // the wizard alone. `FRESHRSS_INSTALL` and `FRESHRSS_USER` do its work at the first start.
        panel: by.is(Panel::new(Port::new(80), PanelLogin::first_visitor(&[], &[]))),
        egress: by.is(Egress::required("it fetches the feeds")),
        peers: by.none(),
        ..Contract::of("freshrss/freshrss")
    }
}
