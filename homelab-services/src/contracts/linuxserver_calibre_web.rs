//! What is known of `LinuxServer.io`'s image of Calibre-Web.

use homelab_core::prelude::*;

/// Facts: `Dockerfile`, `root/` and README of docker-calibre-web at b0e7f96; `cps/constants.py`,
/// `cps/ub.py` and `cps/file_helper.py` of Calibre-Web at 7ec475e1f. The program runs as user 911, or as
/// `PUID` says.
///
/// Besides its data the image writes `/run`, `/tmp/calibre_web`, `/app/calibre-web/cps/cache` and a
/// link in `/etc/ImageMagick-6`; whether that is all is unknown. Upstream does not name it among its
/// images that work with a read-only root.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/linuxserver/docker-calibre-web");
    let program = read("https://github.com/janeczku/calibre-web");
    Contract {
        tags: Tags::between("0.6", "1"),
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(8083)]),
        // `/books` is the household's library of Calibre.
        data: by.all(["/config", "/books"]),
        ships_health: by.is(false),
        requires: by.none(),
        file_variables: by.is("FILE__*".to_owned()),
        panel: program
            .is(Panel::new(Port::new(8083), PanelLogin::default_password("admin", "admin123"))),
        egress: program.is(Egress::optional(
            "fetches descriptions and covers of books, asks for new versions",
        )),
        peers: by.none(),
        ..Contract::of("lscr.io/linuxserver/calibre-web")
    }
}
