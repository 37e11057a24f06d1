//! What a host says to a file that it receives: ours passes, and what would govern the host does not.

use homelab_core::checks::check_received;
use homelab_core::compose::{File, MountKind, Service};
use homelab_core::lower::lower;
use homelab_core::project::Project;

/// What the rules of a host find in our file after a change of one service.
fn refused(change: impl FnOnce(&mut Service)) -> Vec<String> {
    let mut file: File = lower(&homelab_services::stack());
    change(&mut file.services["homer"]);
    let catalogue = homelab_services::catalogue();
    let found = check_received(&Project::from_file(file, &catalogue)).findings;
    found.into_iter().map(|it| format!("{} {}", it.rule, it.subject)).collect()
}

fn mounted(path: &str) -> Vec<String> {
    refused(|it| {
        let mut mount = it.volumes[0].clone();
        (mount.kind, mount.read_only) = (MountKind::Bind, false);
        path.clone_into(&mut mount.source);
        it.volumes.push(mount);
    })
}

#[test]
fn our_own_file_passes() {
    assert_eq!(refused(|_| {}), [""; 0]);
}

#[test]
fn what_would_govern_the_host_is_refused() {
    for path in ["/var/run/docker.sock", "/", "/run"] {
        assert_eq!(mounted(path), ["docker-socket homer"], "{path}");
    }
    for path in ["/etc", "/root/.ssh", "/var/lib/docker", ".", "./secrets", "/srv/homelab"] {
        assert_eq!(mounted(path), ["host-path homer"], "{path}");
    }
    assert_eq!(refused(|it| it.privileged = true), ["privileged homer"]);
    assert_eq!(refused(|it| it.pid = Some("host".to_owned())), ["host-namespace homer"]);
    assert_eq!(refused(|it| it.cap_add.push("SYS_ADMIN".to_owned())), ["strong-capability homer"]);
    assert_eq!(refused(|it| it.cap_drop.clear()), ["cap-drop-all homer"]);
    assert_eq!(refused(|it| it.security_opt.clear()), ["no-new-privileges homer"]);
    for filter in ["seccomp=unconfined", "apparmor:unconfined"] {
        assert_eq!(refused(|it| it.security_opt.push(filter.to_owned())), ["unconfined homer"]);
    }
}
