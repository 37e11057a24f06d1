//! The file changes: each change of it is told as exactly that, against what runs.

mod health;

use homelab_core::compose::{
    BindOptions, Logging, MountKind, PublishedPort, Reservations, Service, ServiceMount,
    ServiceSecret,
};
use homelab_core::dsl::units::Protocol;

use super::Scene;

/// What is told when the file's service is another one than the container was made of.
#[track_caller]
fn told(scene: &Scene, name: &str, change: impl FnOnce(&mut Service)) -> Vec<String> {
    let (_, container, wanted) =
        scene.services().find(|it| it.0 == name).expect("the fixture has it");
    let mut wanted = wanted.clone();
    change(&mut wanted);
    scene.changes(container, &wanted)
}

type Case = (fn(&mut Service), &'static [&'static str]);

#[track_caller]
fn check(scene: &Scene, name: &str, cases: &[Case]) {
    for (at, (change, expected)) in cases.iter().enumerate() {
        assert_eq!(told(scene, name, *change), *expected, "{name}, case {at}");
    }
}

fn limits(it: &mut Service) -> &mut homelab_core::compose::Limits {
    let deploy = it.deploy.get_or_insert_default();
    deploy.resources.get_or_insert_default().limits.get_or_insert_default()
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn secret(source: &str, target: Option<&str>) -> ServiceSecret {
    ServiceSecret { source: source.to_owned(), target: target.map(str::to_owned) }
}

fn bind(source: &str, target: &str) -> ServiceMount {
    ServiceMount {
        kind: MountKind::Bind,
        source: text(source),
        target: text(target),
        read_only: false,
        bind: Some(BindOptions { create_host_path: false }),
    }
}

#[test]
fn of_a_secret_under_a_name_of_its_own() {
    let mut scene = Scene::odd();
    for container in &mut scene.containers {
        let text = container.to_string().replace("secrets/token", "secrets/API_TOKEN");
        *container = serde_json::from_str(&text).expect("only a name has changed");
    }
    check(
        &scene,
        "every",
        &[
            (|it| it.secrets[0] = secret("token", Some("API_TOKEN")), &[]),
            (|it| it.secrets[0] = secret("token", Some("/run/secrets/API_TOKEN")), &[]),
        ],
    );
}

#[test]
fn of_what_is_run() {
    check(
        &Scene::odd(),
        "every",
        &[
            (|it| it.image = Some(text("odd:2")), &["image: odd:1 → odd:2"]),
            (|it| it.user = None, &["user: removed 1000:1000"]),
            (|it| it.user = Some(text("0")), &["user: 1000:1000 → 0"]),
            (|it| it.group_add.clear(), &["group_add: removed 44", "group_add: removed 65534"]),
            (|it| it.group_add.reverse(), &[]),
            (|it| it.init = false, &["init: true → false"]),
            (|it| it.entrypoint = vec![text("/x")], &["entrypoint: /bin/sh -c → /x"]),
            (|it| it.entrypoint = vec![String::new()], &["entrypoint: /bin/sh -c → \"\""]),
            (|it| it.command = Vec::new(), &["command: removed \"sleep 600\""]),
            (
                |it| it.command = vec![text("sleep"), text("600")],
                &["command: \"sleep 600\" → sleep 600"],
            ),
            (
                |it| drop(it.environment.insert(text("TZ"), text("Etc/UTC"))),
                &["environment.TZ: Europe/Berlin → Etc/UTC"],
            ),
            (|it| drop(it.environment.shift_remove("EMPTY")), &["environment.EMPTY: removed \"\""]),
            (
                |it| drop(it.environment.insert(text("NEW"), text("1"))),
                &["environment.NEW: added 1"],
            ),
            // The image has another value; one that it has, too, is not missed.
            (
                |it| drop(it.environment.shift_remove("FROM_IMAGE")),
                &["environment.FROM_IMAGE: removed changed"],
            ),
            (|it| drop(it.environment.shift_remove("SAME")), &[]),
            (
                |it| drop(it.environment.insert(text("DB_PASSWORD"), text("hunter2"))),
                &["environment.DB_PASSWORD: added (not shown)"],
            ),
            (|it| drop(it.labels.shift_remove("a")), &["labels.a: removed b"]),
            (|it| drop(it.labels.insert(text("a"), text("c"))), &["labels.a: b → c"]),
            (|it| drop(it.labels.insert(text("homelab.files"), text("0"))), &[]),
            (|it| it.restart = None, &["restart: removed on-failure:3"]),
            (|it| it.restart = Some(text("always")), &["restart: on-failure:3 → always"]),
            (|it| it.stop_grace_period = None, &["stop_grace_period: removed 90s"]),
            (|it| it.stop_grace_period = Some(text("90s")), &[]),
            (|it| it.stop_grace_period = Some(text("1m31s")), &["stop_grace_period: 90s → 1m31s"]),
        ],
    );
}

#[test]
fn of_an_address() {
    let mut scene = Scene::odd();
    for container in &mut scene.containers {
        if let Some(one) = container.pointer_mut("/NetworkSettings/Networks/odd_one") {
            *one = serde_json::json!({ "IPAMConfig": { "IPv4Address": "10.9.0.2" } });
        }
    }
    let at = |address: Option<&str>| {
        told(&scene, "every", |it| {
            let one = it.networks.iter_mut().find(|it| it.key == "one").expect("it is there");
            one.ipv4_address = address.map(str::to_owned);
        })
    };
    assert_eq!(at(Some("10.9.0.2")), [""; 0]);
    assert_eq!(
        at(Some("10.9.0.3")),
        ["networks: removed one at 10.9.0.2", "networks: added one at 10.9.0.3"]
    );
    assert_eq!(at(None), ["networks: removed one at 10.9.0.2", "networks: added one"]);
}

#[test]
fn of_networks_and_ports() {
    check(
        &Scene::odd(),
        "every",
        &[
            (|it| it.networks = vec!["two".into()], &["networks: removed one"]),
            (|it| it.networks.reverse(), &[]),
            (|it| it.networks.push("three".into()), &["networks: added three"]),
            (
                |it| {
                    it.networks.clear();
                    it.network_mode = Some(text("host"));
                },
                &["networks: removed two", "networks: removed one", "network_mode: added host"],
            ),
            (|it| it.hostname = None, &["hostname: removed every.lan"]),
            (|it| it.hostname = Some(text("new")), &["hostname: every.lan → new"]),
            (
                |it| drop(it.extra_hosts.shift_remove("nas")),
                &["extra_hosts.nas: removed 192.168.1.2"],
            ),
            (
                |it| drop(it.extra_hosts.insert(text("six"), text("fd00::3"))),
                &["extra_hosts.six: fd00::2 → fd00::3"],
            ),
            (|it| drop(it.ports.remove(1)), &["ports: removed 127.0.0.1:5353:53/udp"]),
            (
                |it| it.ports[0].published = text("8000-8011"),
                &["ports: removed 8000-8010:80/tcp", "ports: added 8000-8011:80/tcp"],
            ),
            (|it| it.ports[0].host_ip = Some(String::new()), &[]),
            // Without an address it is published to IPv6, too.
            (
                |it| it.ports[3].host_ip = None,
                &["ports: removed 0.0.0.0:5555:55/tcp", "ports: added 5555:55/tcp"],
            ),
            (|it| it.ports[2].host_ip = Some(text("0:0::1")), &[]),
            (
                |it| it.ports[2].protocol = Protocol::Udp,
                &["ports: removed [::1]:5454:54/tcp", "ports: added [::1]:5454:54/udp"],
            ),
            (
                |it| {
                    it.ports.push(PublishedPort {
                        target: 53,
                        published: text("53"),
                        host_ip: None,
                        protocol: Protocol::Udp,
                    });
                },
                &["ports: added 53/udp"],
            ),
        ],
    );
    check(
        &Scene::odd(),
        "bare",
        &[
            (|it| it.networks = vec!["default".into()], &[]),
            (|it| it.hostname = Some(text("4f1c0a9d3e7b")), &[]),
            (|it| it.hostname = Some(text("bare")), &["hostname: added bare"]),
            (
                |it| it.networks = vec!["one".into()],
                &["networks: removed odd_default", "networks: added one"],
            ),
            (
                |it| it.network_mode = Some(text("service:host")),
                &["network_mode: added service:host"],
            ),
        ],
    );
    check(&Scene::odd(), "host", &[(|it| it.network_mode = None, &["network_mode: removed host"])]);
}

#[test]
fn of_mounts() {
    check(
        &Scene::odd(),
        "every",
        &[
            (|it| drop(it.volumes.remove(0)), &["volumes./data: removed volume data"]),
            (
                |it| it.volumes[0].source = text("data2"),
                &["volumes./data: volume data → volume data2"],
            ),
            (
                |it| it.volumes[0].read_only = true,
                &["volumes./data: volume data → volume data read-only"],
            ),
            (
                |it| it.volumes[1].read_only = false,
                &["volumes./again: volume data read-only → volume data"],
            ),
            (
                |it| it.volumes[2] = bind("/other", "/bound"),
                &[
                    "volumes./bound: /srv/odd/bound → /other",
                    "volumes./bound.bind.create_host_path: true → false",
                ],
            ),
            (|it| it.volumes[2].source = text("/srv//odd/./bound"), &[]),
            (|it| it.volumes[2].bind = None, &[]),
            (
                |it| it.volumes[3].bind = None,
                &["volumes./bound-ro/.bind.create_host_path: removed false"],
            ),
            (|it| it.volumes[4].source = text("/run/docker.sock"), &[]),
            (
                |it| it.volumes[4].source = text("/run/other.sock"),
                &[
                    "volumes./var/run/docker.sock: /var/run/docker.sock read-only → /run/other.sock read-only",
                ],
            ),
            (|it| it.volumes.push(bind("/x", "/y")), &["volumes./y: added /x"]),
            (|it| it.volumes.reverse(), &[]),
            (|it| it.secrets.clear(), &["secrets: removed token"]),
            (|it| it.secrets.push(secret("other", None)), &["secrets: added other"]),
            (
                |it| it.secrets[0] = secret("token", Some("API_TOKEN")),
                &["secrets: removed token", "secrets: added token at /run/secrets/API_TOKEN"],
            ),
            (|it| drop(it.tmpfs.remove(0)), &["tmpfs: removed /tmp"]),
            (
                |it| it.tmpfs[0] = text("/tmp:size=1m"),
                &["tmpfs: removed /tmp", "tmpfs: added /tmp:size=1m"],
            ),
            (|it| it.tmpfs[1] = text("/scratch:mode=770,size=1m"), &[]),
            (
                |it| it.tmpfs[2] = text("/run/x"),
                &["tmpfs: removed /var/run/x", "tmpfs: added /run/x"],
            ),
            (|it| it.read_only = false, &["read_only: true → false"]),
        ],
    );
}

#[test]
fn of_privileges() {
    check(
        &Scene::odd(),
        "every",
        &[
            (|it| it.devices[1] = text("/dev/null:/dev/null2:mrw"), &[]),
            (
                |it| it.devices[1] = text("/dev/null:/dev/null2:r"),
                &[
                    "devices: removed /dev/null:/dev/null2:rwm",
                    "devices: added /dev/null:/dev/null2:r",
                ],
            ),
            (|it| it.shm_size = Some(text("1536M")), &[]),
            (|it| it.shm_size = None, &["shm_size: removed 1536M"]),
            (|it| it.shm_size = Some(text("64k")), &["shm_size: 1536M → 64k"]),
            (|it| it.cap_drop = vec![text("ALL")], &[]),
            (|it| it.cap_drop.clear(), &["cap_drop: removed ALL"]),
            (|it| it.cap_add = vec![text("CHOWN"), text("NET_RAW")], &[]),
            (|it| it.cap_add = vec![text("CHOWN")], &["cap_add: removed NET_RAW"]),
            (|it| it.cap_add.push(text("SYS_ADMIN")), &["cap_add: added SYS_ADMIN"]),
            (|it| it.security_opt[0] = text("no-new-privileges:true"), &[]),
            (|it| it.security_opt[2] = text("apparmor=unconfined"), &[]),
            (|it| it.security_opt.push(text("label:disable")), &[]),
            (|it| drop(it.security_opt.remove(0)), &["security_opt: removed no-new-privileges"]),
            (|it| it.privileged = true, &["privileged: false → true"]),
            (|it| it.pid = None, &["pid: removed host"]),
            (|it| it.ipc = None, &["ipc: removed host"]),
            (|it| it.uts = None, &["uts: removed host"]),
            (|it| it.userns_mode = None, &["userns_mode: removed host"]),
        ],
    );
}

#[test]
fn of_limits_and_logs() {
    check(
        &Scene::odd(),
        "every",
        &[
            (
                |it| it.deploy = None,
                &[
                    "deploy.resources.limits.cpus: removed 1.15",
                    "deploy.resources.limits.memory: removed 1536M",
                    "deploy.resources.limits.pids: removed 77",
                ],
            ),
            (|it| it.deploy.get_or_insert_default().replicas = Some(text("2")), &[]),
            (|it| limits(it).memory = Some(text("1536M")), &[]),
            (
                |it| limits(it).memory = Some(text("1G")),
                &["deploy.resources.limits.memory: 1536M → 1G"],
            ),
            (
                |it| {
                    let resources = it.deploy.get_or_insert_default().resources.as_mut();
                    let reservations = &mut resources.expect("it has limits").reservations;
                    *reservations =
                        Some(Reservations { memory: Some(text("1G")), ..Reservations::default() });
                },
                &["deploy.resources.reservations.memory: added 1G"],
            ),
            (|it| limits(it).cpus = Some(text("1.150")), &[]),
            (
                |it| limits(it).cpus = Some(text("1.2")),
                &["deploy.resources.limits.cpus: 1.15 → 1.2"],
            ),
            (|it| limits(it).pids = Some(78), &["deploy.resources.limits.pids: 77 → 78"]),
            (
                |it| it.logging = Some(Logging { driver: text("none"), ..Logging::default() }),
                &["logging.driver: local → none", "logging.options.max-size: removed 1m"],
            ),
            (
                |it| {
                    let logging = it.logging.get_or_insert_default();
                    logging.options.insert(text("max-size"), text("2m"));
                    logging.options.insert(text("max-file"), text("3"));
                },
                &["logging.options.max-size: 1m → 2m", "logging.options.max-file: added 3"],
            ),
        ],
    );
    // Privileged, which makes the engine add an option.
    check(
        &Scene::odd(),
        "host",
        &[
            (|it| it.privileged = false, &["privileged: true → false"]),
            (|it| it.restart = None, &[]),
            (
                |it| limits(it).cpus = Some(text("0.2")),
                &["deploy.resources.limits.cpus: 0.10 → 0.2"],
            ),
        ],
    );
    check(
        &Scene::odd(),
        "none",
        &[
            (|it| it.ipc = None, &[]),
            (|it| it.ipc = Some(text("private")), &["ipc: shareable → private"]),
            (|it| it.shm_size = Some(text("64M")), &[]),
        ],
    );
}
