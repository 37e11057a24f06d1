//! Containers that no file knows.

use homelab_core::compose::Service;
use homelab_core::release::diff;

use super::Scene;

/// What makes it another container than an empty service's.
#[track_caller]
fn told(name: &str) -> String {
    let scene = Scene::odd();
    let found = scene.observe(scene.container(name), None);
    let changes = diff::service(&Service::default(), &found);
    changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn most_of_what_docker_run_can_say() {
    insta::assert_snapshot!(told("/hand"), @r#"
        image: added homelab-e2e/uptime-kuma:1c3561cf3f6c
        entrypoint: added ""
        command: added sleep 60
        environment.TZ: added UTC
        environment.API_TOKEN: added (not shown)
        network_mode: added bridge
        ports: added 127.0.0.1:any:53/udp
        ports: added 8080:80/tcp
        volumes./anon2: added volume 5b75a6ae5342c6a7a2697bc42a62faae2994519d0c1a2d9fd521849bf390f9bc
        volumes./data: added volume named
        volumes./x: added /srv/odd/bound read-only
        tmpfs: added /scratch:size=1m
        tmpfs: added /t2
        cap_add: added NET_RAW
        deploy.resources.limits.cpus: added 1.50
        deploy.resources.limits.memory: added 100M
        deploy.resources.limits.pids: added 5
        labels.mine: added 1
    "#);
}

#[test]
fn every_exposed_port_published() {
    insta::assert_snapshot!(told("/all-ports"), @r"
        image: added odd:1
        network_mode: added bridge
        ports: added any:80/tcp
        ports: added any:99/udp
        ports: added any:3001/tcp
        restart: added always
        deploy.resources.limits.cpus: added 0.20
        logging.driver: added json-file
        logging.options.max-size: added 5m
    ");
}

#[test]
fn attached_to_two_networks() {
    insta::assert_snapshot!(told("/attached"), @r#"
        image: added odd:1
        init: false → true
        entrypoint: added /bin/sh
        command: added -c "sleep 1000"
        networks: added bridge
        networks: added homelab_backend
        stop_grace_period: added 7s
    "#);
}

#[test]
fn taken_off_its_network() {
    insta::assert_snapshot!(told("/off"), @r"
        image: added odd:1
        network_mode: added none
    ");
}

#[test]
fn stopped_again() {
    insta::assert_snapshot!(told("/stopped"), @r"
        image: added odd:1
        entrypoint: added /bin/sleep
        command: added 1000
        networks: added homelab_proxy
        ports: added 9000/tcp
        ports: added 9001/tcp
        healthcheck.disable: false → true
    ");
}
