//! Which part each service's stand-in plays: user, probe, folders and program of the real image.
//!
//! Ports, variables, secrets and paths come from the contracts; what stands here is what a
//! contract does not say. Sources are those of the contracts.

use homelab_core::dsl::contract::Contract;
use homelab_core::dsl::units::{Port, Protocol};
use homelab_stand_in::Promise;

use super::archive::Entry;

/// A stand-in, as far as it differs from the others.
#[derive(Clone, Debug)]
pub(crate) struct StandIn {
    pub(crate) promise: Promise,
    /// User of the image's first process.
    pub(crate) user: String,
    pub(crate) entrypoint: Vec<&'static str>,
    pub(crate) command: Vec<&'static str>,
    pub(crate) environment: Vec<&'static str>,
    pub(crate) folder: &'static str,
    /// The health check that the image ships: words and seconds between two probes.
    pub(crate) health: Option<(Vec<&'static str>, u64)>,
    /// Seconds in which a probe of it may fail, and in which engines from 25 on probe every 5 s.
    pub(crate) start_period: u64,
    pub(crate) stop_signal: Option<&'static str>,
    /// Volumes that the image asks for besides its data.
    pub(crate) volumes: Vec<&'static str>,
    pub(crate) files: Vec<Entry>,
}

/// Docker's default between two probes.
const DEFAULT: u64 = 30;

/// The program's place in every image.
pub(super) const PROGRAM: &str = "/usr/local/bin/stand-in";

/// The stand-in of a service.
pub(crate) fn stand_in(service: &str, contract: &Contract) -> StandIn {
    let plain = plain(service, contract);
    match service {
        "caddy" => caddy(plain),
        "jellyfin" => jellyfin(plain),
        "syncthing" => syncthing(plain),
        "postgres" => postgres(plain),
        "redis" => redis(plain),
        "immich-machine-learning" => machine_learning(plain),
        "immich-server" => immich_server(plain),
        "pgbackups" => pgbackups(plain),
        "netdata" => netdata(plain),
        "uptime-kuma" => uptime_kuma(plain),
        "homer" => homer(plain),
        "watchtower" => watchtower(plain),
        _ if service.starts_with("socket-proxy-") => socket_proxy(plain),
        // Their health checks stand in `compose.yaml`.
        _ => plain,
    }
}

fn plain(service: &str, contract: &Contract) -> StandIn {
    let on = |protocol: Protocol| -> Vec<u16> {
        let ports = contract.ports.items().iter().filter(|it| it.protocol() == protocol);
        ports.map(|it: &Port| it.number()).collect()
    };
    let secrets = contract.secrets.items().iter();
    // Where nobody has looked, Docker's default.
    let user = contract.user.get().copied().unwrap_or(0);
    let folders =
        contract.data.items().iter().chain(contract.writes.items()).map(|it| Entry::Folder {
            // A link to it in Debian, which a layer must not replace.
            path: it.replacen("/var/run", "/run", 1),
            mode: if it == "/tmp" { 0o1777 } else { 0o755 },
            owner: user,
        });
    StandIn {
        promise: Promise {
            service: service.to_owned(),
            tcp: on(Protocol::Tcp),
            udp: on(Protocol::Udp),
            requires: contract.requires.items().to_vec(),
            secrets: secrets
                .filter_map(|it| Some((it.name.clone(), contract.file_variable(&it.name)?)))
                .collect(),
            data: contract.data.items().to_vec(),
            writes: contract.writes.items().to_vec(),
            reads: Vec::new(),
            asks_docker: Vec::new(),
            ready: contract.ready.some().map(|it| (it.path.clone(), it.body.clone())),
        },
        user: format!("{user}:{user}"),
        entrypoint: vec![PROGRAM, "serve"],
        command: Vec::new(),
        environment: Vec::new(),
        folder: "/",
        health: contract
            .ships_health
            .get()
            .filter(|it| **it)
            .map(|_| (vec!["CMD", PROGRAM, "up"], DEFAULT)),
        start_period: 0,
        stop_signal: None,
        volumes: Vec::new(),
        files: folders.collect(),
    }
}

fn caddy(mut it: StandIn) -> StandIn {
    it.entrypoint = vec![PROGRAM, "caddy"];
    it.environment = vec!["XDG_CONFIG_HOME=/config", "XDG_DATA_HOME=/data"];
    it
}

/// Its health check reads what it answers.
fn jellyfin(mut it: StandIn) -> StandIn {
    it.health = Some(shell(
        "curl --noproxy localhost -Lk -fsS http://localhost:8096/health || exit 1",
        DEFAULT,
    ));
    for entry in &mut it.files {
        if let Entry::Folder { path, mode, .. } = entry
            && path != "/tmp"
        {
            // The image makes them writable by everybody.
            *mode = 0o777;
        }
    }
    it
}

/// The real program, started as the image's script starts it.
fn syncthing(mut it: StandIn) -> StandIn {
    it.entrypoint = vec!["/usr/bin/docker-entrypoint.sh"];
    it.environment = vec!["PUID=1000", "PGID=1000", "HOME=/var/syncthing"];
    // The image asks `/rest/noauth/health`, which Debian's older Syncthing has not: its page instead.
    let probe = "curl -fkLsS -m 2 127.0.0.1:8384/ | grep -o --color=never Syncthing || exit 1";
    it.health = Some(shell(probe, 60));
    it.files
        .push(script("/usr/bin/docker-entrypoint.sh", include_str!("../../image/syncthing.sh")));
    it
}

fn postgres(mut it: StandIn) -> StandIn {
    it.entrypoint = vec!["/usr/local/bin/docker-entrypoint.sh"];
    it.command = vec!["postgres", "-c", "config_file=/etc/postgresql/postgresql.conf"];
    it.environment = vec!["PGDATA=/var/lib/postgresql/data"];
    it.stop_signal = Some("SIGINT");
    let entry = include_str!("../../../stand-in/image/postgres-entrypoint.sh");
    it.files.push(script("/usr/local/bin/docker-entrypoint.sh", entry));
    it.files.push(Entry::File {
        path: "/usr/local/share/stand-in/postgresql.conf".to_owned(),
        mode: 0o644,
        bytes: include_bytes!("../../../stand-in/image/postgresql.conf").to_vec(),
    });
    // The image's own is replaced by a tmpfs of Compose; the data folder is the server's.
    it.files.push(Entry::Folder {
        path: "/var/lib/postgresql/data".to_owned(),
        mode: 0o700,
        owner: 999,
    });
    it
}

/// The real Redis, which Immich speaks to as well as to Valkey.
fn redis(mut it: StandIn) -> StandIn {
    it.entrypoint =
        vec!["redis-server", "--dir", "/data", "--protected-mode", "no", "--save", "60 1"];
    it.folder = "/data";
    it.files = vec![Entry::Folder { path: "/data".to_owned(), mode: 0o755, owner: 999 }];
    it
}

fn machine_learning(mut it: StandIn) -> StandIn {
    it.health = Some((vec!["CMD", "python3", "healthcheck.py"], DEFAULT));
    it.folder = "/usr/src";
    // `python3 healthcheck.py` by its name: the image has Python, this one has not.
    it.files.push(script(
        "/usr/local/bin/python3",
        "#!/bin/sh\nexec stand-in get http://127.0.0.1:3003/ping\n",
    ));
    it
}

fn immich_server(mut it: StandIn) -> StandIn {
    it.entrypoint = vec![PROGRAM, "immich-server"];
    it.health = Some((vec!["CMD", "immich-healthcheck"], DEFAULT));
    let probe = "#!/bin/sh\nexec stand-in get http://127.0.0.1:2283/api/server/ping\n";
    it.files.push(script("/usr/local/bin/immich-healthcheck", probe));
    it
}

fn pgbackups(mut it: StandIn) -> StandIn {
    it.entrypoint = vec![PROGRAM, "pgbackups"];
    // A volume that its base image declares and that nothing in it writes.
    it.promise.writes.clear();
    it.health = Some(shell("curl -f http://localhost:8080/ || exit 1", 300));
    it
}

/// Starts as root and becomes 201, as the real one does: so the capabilities must suffice.
fn netdata(mut it: StandIn) -> StandIn {
    it.entrypoint =
        vec!["setpriv", "--reuid=201", "--regid=201", "--clear-groups", "--", PROGRAM, "serve"];
    it.health = Some((vec!["CMD", "/usr/sbin/health.sh"], 60));
    let probe = "#!/bin/sh\nexec curl -fsS http://localhost:19999/api/v1/info\n";
    it.files.push(script("/usr/sbin/health.sh", probe));
    for entry in &mut it.files {
        if let Entry::Folder { path, owner, .. } = entry
            && path.contains("netdata")
        {
            *owner = 201;
        }
    }
    let host = ["/host/proc/stat", "/host/etc/os-release", "/host/etc/passwd", "/host/etc/group"];
    it.promise.reads = host.map(str::to_owned).into();
    it.promise.asks_docker = ["/version", "/info", "/containers/json"].map(str::to_owned).into();
    it
}

fn uptime_kuma(mut it: StandIn) -> StandIn {
    it.folder = "/app";
    it.health = Some((vec!["CMD", "extra/healthcheck"], 60));
    it.start_period = 180;
    let probe = "#!/bin/sh\nexec stand-in get http://127.0.0.1:3001/\n";
    it.files.push(script("/app/extra/healthcheck", probe));
    it
}

fn homer(mut it: StandIn) -> StandIn {
    it.environment = vec!["PORT=8080"];
    it.health = Some(shell("wget -q -Y off --spider http://127.0.0.1:${PORT}/ || exit 1", DEFAULT));
    it.promise.reads = vec!["/www/assets/config.yml".to_owned()];
    it
}

fn watchtower(mut it: StandIn) -> StandIn {
    it.health = Some((vec!["CMD", "/watchtower", "--health-check"], DEFAULT));
    it.files.push(script("/watchtower", "#!/bin/sh\nexec busybox pidof stand-in\n"));
    it.promise.asks_docker = ["/version", "/containers/json"].map(str::to_owned).into();
    it
}

fn socket_proxy(mut it: StandIn) -> StandIn {
    it.entrypoint = vec![PROGRAM, "socket-proxy"];
    it.files.push(script(
        "/healthcheck",
        "#!/bin/sh\nexec stand-in get http://127.0.0.1:55555/health\n",
    ));
    it
}

fn shell(text: &'static str, seconds: u64) -> (Vec<&'static str>, u64) {
    (vec!["CMD-SHELL", text], seconds)
}

fn script(path: &str, text: &str) -> Entry {
    Entry::File { path: path.to_owned(), mode: 0o755, bytes: text.as_bytes().to_vec() }
}
