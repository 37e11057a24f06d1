//! What runs changes: each drift is told as exactly that, and another spelling as nothing.

use homelab_core::compose::{DeviceRequest, Reservations, Ulimit};
use serde_json::{Value, json};

use super::Scene;

/// What is told when the engine says something else at a place.
#[track_caller]
fn told(scene: &Scene, name: &str, place: &str, value: Value) -> Vec<String> {
    let (_, container, wanted) =
        scene.services().find(|it| it.0 == name).expect("the fixture has it");
    let mut container = container.clone();
    if let Some(it) = container.pointer_mut(place) {
        *it = value;
    } else {
        let (parent, key) = place.rsplit_once('/').expect("a pointer");
        let parent = container.pointer_mut(parent).expect("the parent is there");
        parent[key.replace("~1", "/")] = value;
    }
    scene.changes(&container, wanted)
}

type Case<'a> = (&'a str, Value, &'a [&'a str]);

#[track_caller]
fn check(scene: &Scene, name: &str, cases: Vec<Case<'_>>) {
    for (place, value, expected) in cases {
        let shown = format!("{name}: {place}: {value}");
        assert_eq!(told(scene, name, place, value), expected, "{shown}");
    }
}

#[test]
fn of_what_is_run() {
    check(
        &Scene::house(),
        "redis",
        vec![
            ("/Config/User", json!("0"), &["user: 0 → 999:999"]),
            ("/Config/User", json!(""), &["user: \"\" → 999:999"]),
            ("/Config/Entrypoint", json!(["/x"]), &["entrypoint: removed /x"]),
            ("/Config/Cmd", json!(["--port", "1"]), &["command: removed --port 1"]),
            ("/Config/Entrypoint", Value::Null, &["entrypoint: removed \"\""]),
            ("/Config/StopTimeout", Value::Null, &["stop_grace_period: 10s → 30s"]),
            ("/HostConfig/Init", json!(true), &["init: true → false"]),
            ("/HostConfig/RestartPolicy/Name", json!("no"), &["restart: no → unless-stopped"]),
            ("/Config/Healthcheck", Value::Null, &["healthcheck.disable: true → false"]),
            (
                "/Config/Healthcheck/Test",
                json!(["CMD", "true"]),
                &["healthcheck.test: CMD true → CMD-SHELL \"redis-cli ping | grep -q PONG\""],
            ),
            ("/Config/Labels/caddy", json!("x.home.arpa"), &["labels.caddy: removed x.home.arpa"]),
            ("/Config/Labels/com.docker.compose.oneoff", json!("True"), &[]),
            ("/Config/Labels/homelab.files", json!("0"), &[]),
            ("/Config/Image", json!("redis"), &["image: redis → homelab-e2e/redis:4ef7a1770c3d"]),
        ],
    );
}

#[test]
fn of_environment() {
    let env = |more: &[&str]| {
        let mut all = vec!["INIT_ASSETS=0"];
        all.extend(more);
        json!(all)
    };
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    check(
        &Scene::house(),
        "homer",
        vec![
            ("/Config/Env", env(&[path]), &[]),
            ("/Config/Env", json!([path]), &["environment.INIT_ASSETS: added 0"]),
            ("/Config/Env", env(&[path, "PORT=1=2"]), &["environment.PORT: removed 1=2"]),
            ("/Config/Env", env(&["PATH=/bin"]), &["environment.PATH: removed /bin"]),
            (
                "/Config/Env",
                env(&[path, "ADMIN_TOKEN=hunter2"]),
                &["environment.ADMIN_TOKEN: removed (not shown)"],
            ),
        ],
    );
}

#[test]
fn of_networks_and_ports() {
    let both = json!({ "homelab_proxy": {}, "homelab_socket-caddy": {} });
    let bindings = |it: Value| json!({ "80/tcp": it, "443/tcp": [{ "HostIp": "", "HostPort": "443" }], "443/udp": [{ "HostPort": "443" }] });
    let usual = json!([{ "HostIp": "", "HostPort": "80" }]);
    check(
        &Scene::house(),
        "caddy",
        vec![
            ("/NetworkSettings/Networks", both, &[]),
            (
                "/NetworkSettings/Networks",
                json!({ "homelab_proxy": {} }),
                &["networks: added socket-caddy"],
            ),
            ("/NetworkSettings/Networks/bridge", json!({}), &["networks: removed bridge"]),
            (
                "/NetworkSettings/Networks/homelab_backend",
                json!({}),
                &["networks: removed backend"],
            ),
            (
                "/NetworkSettings/Networks",
                json!({}),
                &[
                    "networks: added proxy",
                    "networks: added socket-caddy",
                    "network_mode: removed none",
                ],
            ),
            ("/HostConfig/PortBindings", bindings(usual), &[]),
            ("/HostConfig/PortBindings", bindings(Value::Null), &["ports: added 80/tcp"]),
            (
                "/HostConfig/PortBindings",
                bindings(json!([{ "HostIp": "0.0.0.0", "HostPort": "80" }])),
                &["ports: removed 0.0.0.0:80/tcp", "ports: added 80/tcp"],
            ),
            (
                "/HostConfig/PortBindings",
                bindings(json!([{ "HostPort": "80" }, { "HostPort": "8080" }])),
                &["ports: removed 8080:80/tcp"],
            ),
            (
                "/HostConfig/PortBindings/132~1sctp",
                json!([{ "HostPort": "132" }]),
                &["ports: removed 132/sctp:132/tcp"],
            ),
        ],
    );
}

#[test]
fn of_mounts() {
    let scene = Scene::house();
    let mounts = scene.container("/homelab-postgres-1")["Mounts"].clone();
    let position = |kind: &str| {
        let all = mounts.as_array().expect("a list").iter();
        all.clone().position(|it| it["Type"] == kind).expect("the fixture has it")
    };
    let (volume, secret) = (position("volume"), position("bind"));
    let place = |at: usize, key: &str| format!("/Mounts/{at}/{key}");
    let digits = "0".repeat(64);
    let invented = format!("volumes./var/lib/postgresql/data: volume {digits} → volume postgres");
    check(
        &scene,
        "postgres",
        vec![
            (
                &place(volume, "Name"),
                json!("homelab_redis"),
                &["volumes./var/lib/postgresql/data: volume redis → volume postgres"],
            ),
            (
                &place(volume, "Name"),
                json!("foreign"),
                &["volumes./var/lib/postgresql/data: volume foreign → volume postgres"],
            ),
            (&place(volume, "Name"), json!(digits), &[&invented]),
            (
                &place(volume, "RW"),
                json!(false),
                &["volumes./var/lib/postgresql/data: volume postgres read-only → volume postgres"],
            ),
            (
                &place(secret, "Source"),
                json!("/tmp/password"),
                &[
                    "secrets: added immich-db-password",
                    "volumes./run/secrets/immich-db-password: removed /tmp/password read-only",
                ],
            ),
            (
                &place(secret, "RW"),
                json!(true),
                &[
                    "secrets: added immich-db-password",
                    "volumes./run/secrets/immich-db-password: removed /srv/homelab/secrets/immich-db-password",
                ],
            ),
            (
                "/HostConfig/Tmpfs/~1tmp",
                json!("size=1m"),
                &["tmpfs: removed /tmp:size=1m", "tmpfs: added /tmp"],
            ),
            (
                "/HostConfig/Tmpfs",
                Value::Null,
                &[
                    "tmpfs: added /etc/postgresql",
                    "tmpfs: added /var/run/postgresql",
                    "tmpfs: added /tmp",
                ],
            ),
        ],
    );
    let socket = scene.container("/homelab-socket-proxy-caddy-1");
    assert_eq!(socket["Mounts"][0]["Source"], "/var/run/docker.sock");
    check(&scene, "socket-proxy-caddy", vec![("/Mounts/0/Source", json!("/run/docker.sock"), &[])]);
}

#[test]
fn of_privileges_and_limits() {
    check(
        &Scene::house(),
        "jellyfin",
        vec![
            ("/HostConfig/Privileged", json!(true), &["privileged: true → false"]),
            ("/HostConfig/ReadonlyRootfs", json!(false), &["read_only: false → true"]),
            ("/HostConfig/CapAdd", json!(["CAP_SYS_ADMIN"]), &["cap_add: removed SYS_ADMIN"]),
            ("/HostConfig/CapDrop", Value::Null, &["cap_drop: added ALL"]),
            ("/HostConfig/SecurityOpt", json!([]), &["security_opt: added no-new-privileges:true"]),
            (
                "/HostConfig/SecurityOpt",
                json!(["no-new-privileges", "label=disable"]),
                &["security_opt: removed label=disable"],
            ),
            ("/HostConfig/PidMode", json!("host"), &["pid: removed host"]),
            ("/HostConfig/IpcMode", json!("host"), &["ipc: removed host"]),
            ("/HostConfig/UTSMode", json!("host"), &["uts: removed host"]),
            ("/HostConfig/UsernsMode", json!("host"), &["userns_mode: removed host"]),
            ("/HostConfig/GroupAdd", json!(["0", "65534"]), &["group_add: removed 0"]),
            (
                "/HostConfig/Devices",
                json!([]),
                &["devices: added /dev/null:/dev/dri/renderD128:rw"],
            ),
            ("/HostConfig/ShmSize", json!(1 << 30), &["shm_size: removed 1024M"]),
            ("/HostConfig/Memory", json!(0), &["deploy.resources.limits.memory: added 2048M"]),
            (
                "/HostConfig/Memory",
                json!(1_000_000_000),
                &["deploy.resources.limits.memory: 1000000000 → 2048M"],
            ),
            (
                "/HostConfig/NanoCpus",
                json!(1_234_500_000),
                &["deploy.resources.limits.cpus: 1.2345 → 2.00"],
            ),
            ("/HostConfig/PidsLimit", Value::Null, &["deploy.resources.limits.pids: added 512"]),
            ("/HostConfig/PidsLimit", json!(-1), &["deploy.resources.limits.pids: added 512"]),
            ("/HostConfig/LogConfig/Type", json!("none"), &["logging.driver: none → json-file"]),
            (
                "/HostConfig/LogConfig/Config/max-size",
                json!("1g"),
                &["logging.options.max-size: 1g → 10m"],
            ),
        ],
    );
}

/// The engine's words for what Compose reads as reserved memory.
#[test]
fn of_reserved_memory() {
    let scene = Scene::odd();
    let every = scene.services().find(|it| it.0 == "every");
    let (_, container, wanted) = every.expect("the fixture has it");
    let (place, field) = ("/HostConfig/MemoryReservation", "deploy.resources.reservations.memory");
    let removed = format!("{field}: removed 512M");
    check(&scene, "every", vec![(place, json!(512 << 20), &[&removed]), (place, json!(0), &[])]);
    for (found, reserved, expected) in [
        (512, "512M", None),
        (512, "0.5g", None),
        (512, "1g", Some("512M → 1g")),
        (0, "1g", Some("added 1g")),
    ] {
        let mut wanted = wanted.clone();
        let resources = wanted.deploy.as_mut().and_then(|it| it.resources.as_mut());
        resources.expect("it has limits").reservations =
            Some(Reservations { memory: Some(reserved.to_owned()), ..Reservations::default() });
        let mut container = container.clone();
        container["HostConfig"]["MemoryReservation"] = json!(found << 20);
        let expected: Vec<_> = expected.iter().map(|it| format!("{field}: {it}")).collect();
        assert_eq!(scene.changes(&container, &wanted), expected, "{found} and {reserved}");
    }
}

/// The engine's words for devices of a driver, rules for devices and limits of processes.
#[test]
fn of_devices_and_limits_of_processes() {
    let scene = Scene::house();
    let request = |count: i64, ids: &[&str]| {
        json!([{ "Driver": "nvidia", "Count": count, "DeviceIDs": ids,
                 "Capabilities": [["gpu"]], "Options": {} }])
    };
    let ulimits = json!([{ "Name": "nofile", "Hard": 4096, "Soft": 1024 },
                         { "Name": "memlock", "Hard": -1, "Soft": -1 }]);
    check(
        &scene,
        "jellyfin",
        vec![
            (
                "/HostConfig/DeviceRequests",
                request(-1, &[]),
                &["deploy.resources.reservations.devices: removed nvidia all gpu"],
            ),
            ("/HostConfig/DeviceRequests", Value::Null, &[]),
            (
                "/HostConfig/DeviceCgroupRules",
                json!(["c 189:* rmw"]),
                &["device_cgroup_rules: removed c 189:* rmw"],
            ),
            (
                "/HostConfig/Ulimits",
                ulimits.clone(),
                &["ulimits.nofile: removed 1024 to 4096", "ulimits.memlock: removed -1"],
            ),
        ],
    );

    let (_, container, wanted) =
        scene.services().find(|it| it.0 == "jellyfin").expect("the fixture has it");
    let (mut container, mut wanted) = (container.clone(), wanted.clone());
    container["HostConfig"]["Ulimits"] = ulimits;
    let limits =
        [("memlock", Ulimit { soft: -1, hard: -1 }), ("nofile", Ulimit { soft: 1024, hard: 4096 })];
    wanted.ulimits = limits.map(|(name, it)| (name.to_owned(), it)).into();
    let none = DeviceRequest {
        driver: Some("nvidia".to_owned()),
        count: None,
        device_ids: Vec::new(),
        capabilities: vec!["gpu".to_owned()],
    };
    let all = DeviceRequest { count: Some("all".to_owned()), ..none.clone() };
    let two = DeviceRequest { count: Some("2".to_owned()), ..none.clone() };
    let ids = DeviceRequest { device_ids: vec!["0".to_owned()], ..none.clone() };
    for (wants, found, changes) in [
        (&all, request(-1, &[]), &[][..]),
        (&none, request(-1, &[]), &[]),
        (&two, request(2, &[]), &[]),
        (&ids, request(0, &["0"]), &[]),
        (
            &two,
            request(-1, &[]),
            &[
                "deploy.resources.reservations.devices: removed nvidia all gpu",
                "deploy.resources.reservations.devices: added nvidia 2 gpu",
            ],
        ),
    ] {
        container["HostConfig"]["DeviceRequests"] = found;
        let deploy = wanted.deploy.get_or_insert_default();
        let reservations = Reservations { devices: vec![wants.clone()], ..Reservations::default() };
        deploy.resources.get_or_insert_default().reservations = Some(reservations);
        assert_eq!(scene.changes(&container, &wanted), changes, "{wants:?}");
    }
}

/// As other engines, and this one's own configuration, say the same.
#[test]
fn another_spelling_is_no_drift() {
    check(
        &Scene::house(),
        "syncthing",
        vec![
            ("/HostConfig/CapAdd", json!(["CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"]), &[]),
            ("/HostConfig/CapDrop", json!(["CAP_ALL"]), &[]),
            ("/HostConfig/SecurityOpt", json!(["no-new-privileges=true"]), &[]),
            ("/HostConfig/IpcMode", json!("shareable"), &[]),
            ("/HostConfig/Init", Value::Null, &[]),
            ("/HostConfig/Init", json!(false), &[]),
            ("/HostConfig/Devices", json!([]), &[]),
            ("/HostConfig/GroupAdd", json!([]), &[]),
            ("/HostConfig/Tmpfs", json!({}), &[]),
            ("/HostConfig/LogConfig/Config/compress", json!("true"), &[]),
            ("/Config/Cmd", Value::Null, &[]),
            ("/Config/Healthcheck/Timeout", json!(30_000_000_000_u64), &[]),
            ("/Config/Healthcheck/Retries", json!(3), &[]),
        ],
    );
    let scene = Scene::odd();
    check(
        &scene,
        "bare",
        vec![
            ("/HostConfig/RestartPolicy/Name", json!("no"), &[]),
            ("/HostConfig/PidsLimit", json!(0), &[]),
            ("/HostConfig/PidsLimit", json!(-1), &[]),
            ("/HostConfig/LogConfig", json!({ "Type": "journald", "Config": {} }), &[]),
            ("/Config/StopTimeout", json!(10), &[]),
        ],
    );
}
