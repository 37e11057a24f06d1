//! What a host says to a file that it receives: ours passes, and what would govern the host does not.

use homelab_core::checks::check_received;
use homelab_core::compose::{File, MountKind, Service, ServiceMount};
use homelab_core::lower::lower;
use homelab_core::model::project::Project;

/// What the rules of a host find in our file after a change of one service, without its name.
fn refused(name: &str, change: impl FnOnce(&mut Service)) -> Vec<String> {
    let mut file: File = lower(&homelab_services::house().stack);
    change(&mut file.services[name]);
    let found = check_received(&Project::from_file(file, &[])).findings;
    assert!(found.iter().all(|it| it.subject == name), "{found:?}");
    found.into_iter().map(|it| it.rule).collect()
}

/// The same after a mount of this path.
fn mounted(name: &str, path: &str) -> Vec<String> {
    refused(name, |it| {
        let mut mount = it.volumes[0].clone();
        (mount.kind, mount.read_only) = (MountKind::Bind, false);
        path.clone_into(&mut mount.source);
        it.volumes.push(mount);
    })
}

/// Services without any exception, and those in front of the Docker API.
fn services() -> (String, Vec<String>) {
    let file = lower(&homelab_services::house().stack);
    let accepts = |it: &Service, what: &str| {
        it.labels.keys().any(|it| it.starts_with(&format!("homelab.accepts.{what}")))
    };
    let plain = file.services.iter().find(|(_, it)| !accepts(it, "") && !it.volumes.is_empty());
    let plain = plain.expect("most services are like that").0.clone();
    let filters = file.services.iter().filter(|(_, it)| accepts(it, "docker-socket"));
    (plain, filters.map(|it| it.0.clone()).collect())
}

#[test]
fn our_own_file_passes() {
    assert_eq!(refused(&services().0, |_| {}), [""; 0]);
}

#[test]
fn what_would_govern_the_host_is_refused() {
    let (plain, filters) = services();
    assert_eq!(mounted(&plain, "/var/run/docker.sock"), ["docker-socket"]);
    assert!(!filters.is_empty());
    for name in filters.iter().chain([&plain]) {
        let changed = |change: fn(&mut Service)| refused(name, change);
        for path in ["/", "/run", "/var/run"] {
            assert_eq!(mounted(name, path), ["docker-socket", "host-path"], "{name}: {path}");
        }
        for path in ["/run/podman/podman.sock", "/run/containerd/containerd.sock"] {
            assert_eq!(mounted(name, path), ["docker-socket"], "{name}: {path}");
        }
        for path in ["/etc", "/root/.ssh", "/var/lib/docker", ".", "./secrets", "/srv/homelab"] {
            assert_eq!(mounted(name, path), ["host-path"], "{name}: {path}");
        }
        assert_eq!(changed(|it| it.privileged = true), ["privileged"]);
        assert_eq!(changed(|it| it.devices.push("/dev/sda".to_owned())), ["host-device"]);
        assert_eq!(changed(|it| it.pid = Some("host".to_owned())), ["host-namespace"]);
        assert_eq!(changed(|it| it.pid = Some("service:another".to_owned())), ["host-namespace"]);
        assert_eq!(changed(|it| it.cap_add.push("SYS_ADMIN".to_owned())), ["strong-capability"]);
        assert_eq!(changed(|it| it.cap_drop.clear()), ["cap-drop-all"]);
        assert_eq!(changed(|it| it.security_opt.clear()), ["no-new-privileges"]);
        for filter in ["seccomp=unconfined", "apparmor:unconfined", "${X:-seccomp=unconfined}"] {
            let found = refused(name, |it| it.security_opt.push(filter.to_owned()));
            assert_eq!(found, ["unconfined"], "{name}: {filter}");
        }
    }
}

#[test]
fn a_filter_whose_socket_becomes_more_is_refused() {
    for name in services().1 {
        let moved = |path: &str| {
            refused(&name, |it| {
                let is_socket = |it: &&mut ServiceMount| it.source.ends_with("docker.sock");
                let mount = it.volumes.iter_mut().find(is_socket).expect("it has the socket");
                (mount.source, mount.read_only) = (path.to_owned(), false);
            })
        };
        assert_eq!(moved("/run/docker.sock"), [""; 0], "{name}");
        assert_eq!(moved("/"), ["docker-socket", "host-path"], "{name}");
        assert_eq!(moved("/run"), ["docker-socket", "host-path"], "{name}");
    }
}
