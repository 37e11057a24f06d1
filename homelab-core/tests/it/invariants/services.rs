//! What holds of the rights of a service, and of what runs in it.

use homelab_core::compose::interpolate;
use homelab_core::compose::{MountKind, Service};

use super::{contract_of, equal, holds_in_every_service, unless};
use crate::house::House;

#[test]
fn images_are_pinned() {
    holds_in_every_service(|_, name, it| {
        let image = it.image.as_deref().unwrap_or_default();
        let image = interpolate::resolve(image, &|_| None).unwrap_or_default();
        let digest = image.split_once("@sha256:").map_or("", |it| it.1);
        let is_pinned = digest.len() == 64 && digest.bytes().all(|it| it.is_ascii_hexdigit());
        unless(!is_pinned, name, "has no digest")?;
        unless(image.contains(":latest"), name, "follows `latest`")
    });
}

#[test]
fn only_socket_proxies_have_the_docker_socket() {
    holds_in_every_service(|house, name, it| {
        if house.socket_proxies.contains(&name) {
            return Ok(());
        }
        for mount in it.volumes.iter().filter(|it| it.kind == MountKind::Bind) {
            // `${NAME:-path}` is the path, as long as nobody sets the variable.
            let default = mount.source.split_once(":-").map(|it| it.1.trim_end_matches('}'));
            let path = default.unwrap_or(&mount.source).trim_end_matches('/');
            let is_folder = matches!(path, "" | "/var" | "/run" | "/var/run");
            unless(is_folder || path.contains("docker.sock"), name, "has the Docker socket")?;
        }
        Ok(())
    });
}

#[test]
fn root_is_read_only_unless_its_reason_was_given() {
    holds_in_every_service(|house, name, it| {
        let is_granted = granted(house, name).any(|it| it == WRITABLE_ROOT);
        unless(!it.read_only && !is_granted, name, "can write to its root for no reason")?;
        unless(it.read_only && is_granted, name, "cannot write to its root")
    });
}

#[test]
fn a_service_has_no_right_but_those_that_it_was_given_a_reason_for() {
    holds_in_every_service(|house, name, it| {
        let mut granted: Vec<_> = granted(house, name).filter(|it| *it != WRITABLE_ROOT).collect();
        let has = rights(it);
        let mut has: Vec<_> = has.iter().map(String::as_str).collect();
        granted.sort_unstable();
        has.sort_unstable();
        equal(&format!("rights of `{name}`"), &has, &granted)
    });
}

const WRITABLE_ROOT: &str = "writable root";

fn granted<'a>(house: &'a House, name: &'a str) -> impl Iterator<Item = &'static str> + 'a {
    house.granted.iter().filter(move |it| it.0 == name).map(|it| it.1)
}

/// What a service of the file may do that one which only drops and forbids may not.
fn rights(service: &Service) -> Vec<String> {
    let mut rights: Vec<_> = service.cap_add.iter().map(|it| format!("cap {it}")).collect();
    let options = service.security_opt.iter();
    rights.extend(options.filter(|it| *it != "no-new-privileges:true").cloned());
    rights.extend(service.devices.iter().map(|it| format!("device {it}")));
    rights.extend(service.group_add.iter().map(|it| format!("group {it}")));
    rights.extend(service.privileged.then(|| "everything".to_owned()));
    let namespaces = [
        ("network", &service.network_mode),
        ("pid", &service.pid),
        ("ipc", &service.ipc),
        ("uts", &service.uts),
        ("userns", &service.userns_mode),
    ];
    for (key, mode) in namespaces {
        rights.extend(mode.iter().map(|it| format!("{key} {it}")));
    }
    rights
}

#[test]
fn services_have_a_health_check_or_a_reason() {
    holds_in_every_service(|house, name, it| {
        let own = it.healthcheck.as_ref();
        let is_off = own.is_some_and(|it| it.disable);
        let is_own = own.is_some_and(|it| it.test.first().is_some_and(|it| it != "NONE"));
        let ships = contract_of(it).is_some_and(|it| it.ships_health.get() == Some(&true));
        let has_reason = house.unprobed.contains(&name);
        unless(is_off && !has_reason, name, "has its check switched off for no reason")?;
        unless(!is_own && !ships && !has_reason, name, "has no health check")
    });
}
