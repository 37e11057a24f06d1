//! What is known of `LinuxServer.io`'s images of Sonarr, Radarr and Prowlarr.

use homelab_core::prelude::*;

/// Sonarr. Facts: `Dockerfile`, `root/` and README of docker-sonarr at 70afae8; Sonarr's branch `main`
/// at 4ff1b7800.
pub(super) fn sonarr() -> Contract {
    Contract {
        tags: Tags::between("4", "5"),
        egress: read("https://github.com/Sonarr/Sonarr")
            .is(Egress::required("it asks indexers and its makers' catalogue of series")),
        ..arr(
            "lscr.io/linuxserver/sonarr",
            read("https://github.com/linuxserver/docker-sonarr"),
            read("https://github.com/Sonarr/Sonarr"),
            8989,
        )
    }
}

/// Radarr. Facts: `Dockerfile`, `root/` and README of docker-radarr at c98aea4; Radarr's branch
/// `master` at 90cd8df1a.
pub(super) fn radarr() -> Contract {
    Contract {
        tags: Tags::between("6", "7"),
        egress: read("https://github.com/Radarr/Radarr")
            .is(Egress::required("it asks indexers and its makers' catalogue of films")),
        ..arr(
            "lscr.io/linuxserver/radarr",
            read("https://github.com/linuxserver/docker-radarr"),
            read("https://github.com/Radarr/Radarr"),
            7878,
        )
    }
}

/// Prowlarr. Facts: `Dockerfile`, `root/` and README of docker-prowlarr at 102b5f4; Prowlarr's branch
/// `master` at 3c4efa022.
pub(super) fn prowlarr() -> Contract {
    Contract {
        tags: Tags::between("2", "3"),
        egress: read("https://github.com/Prowlarr/Prowlarr")
            .is(Egress::required("it asks indexers for the other services")),
        ..arr(
            "lscr.io/linuxserver/prowlarr",
            read("https://github.com/linuxserver/docker-prowlarr"),
            read("https://github.com/Prowlarr/Prowlarr"),
            9696,
        )
    }
}

/// What the three have in common: their images are made in the same way, and their programs share
/// `src/NzbDrone.Core`. Facts: `init-adduser` and `init-envfile` of docker-baseimage-alpine at 3d5a8b0
/// (its branch 3.22; the images are built on 3.23 and 3.24) and `docs/misc/read-only.md` of
/// docker-documentation at 1a6cd7ef.
///
/// The program runs as user 911, or as `PUID` says. Upstream supports a read-only root when `/run` is
/// in memory with `exec`; `PUID` then has no effect. Media and downloads lie where the household mounts them.
fn arr(repository: &str, image: Evidence, program: Evidence, port: u16) -> Contract {
    Contract {
        kind: image.is(ImageKind::App),
        user: image.is(0),
        ports: image.all([Port::new(port)]),
        data: image.all(["/config"]),
        // The image sends temporary files there, too (`TMPDIR`).
        writes: image.all(["/run"]),
        read_only: image.is(ReadOnly::Works),
        ships_health: image.is(false),
        requires: image.none(),
        file_variables: image.is("FILE__*".to_owned()),
        // Everybody is the administrator until somebody chooses a login (`AuthenticationMethod` is
        // `None` in `ConfigFileProvider.cs`): `/initialize.json` then tells the key of its API. The
        // wizard is a form on the page itself, which saves by that API, so no path can be closed for
        // the wizard alone.
        panel: program.is(Panel::new(Port::new(port), PanelLogin::first_visitor(&[], &[]))),
        peers: program.none(),
        // `Down` throws in `NzbDroneMigrationBase.cs`.
        one_way: program.because("it migrates its database at the start and cannot undo that"),
        ..Contract::of(repository)
    }
}
