//! No service can change files that give power over the host, or read the host's secrets.
//!
//! A service that writes to `/etc`, `/root/.ssh`, `/usr` or the engine's own folder can become
//! root; one that writes to the house's folder can change its settings, secrets and releases.
//! Sockets below `/run` answer even when the mount is read-only, and reading `/etc/shadow`, SSH
//! keys or the house's secrets is enough to do harm. Another rule judges the sockets of an engine.
//!
//! Fix: mount the one file or folder that the service needs, read-only, or keep its data
//! elsewhere, such as below `/srv`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::power::{self, Disclosure, HostPath, Power, is_socket};
use crate::model::project::Project;

pub(super) const RULE: Rule =
    Rule { id: "host-path", severity: Severity::Error, source: include_str!("host_path.rs"), run };

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        for power in power::of(project, &member) {
            let Power::Path { path: HostPath { path, what, disclosure }, writable } = power else {
                continue;
            };
            if is_socket(&path) || !writable && disclosure != Disclosure::Secret {
                continue;
            }
            let how = if writable { "change" } else { "read" };
            findings.on(
                &member,
                format!("`{}` can {how} `{path}` of the host: {what}", member.name),
                "mount only what it needs, read-only, or keep its data elsewhere".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    fn with_mount(source: &str, read_only: bool) -> String {
        break_file(|file| {
            let mut mount = file.services["socket"].volumes[0].clone();
            (mount.source, mount.read_only) = (source.to_owned(), read_only);
            file.services["web"].volumes.push(mount);
        })
    }

    #[test]
    fn a_mount_that_can_be_written_is_found() {
        insta::assert_snapshot!(with_mount("${DUMPS:-/etc}", false), @r"
        error[host-path]: `web` can change `/etc` of the host: its settings
          --> web.rs
          help: mount only what it needs, read-only, or keep its data elsewhere
        ");
        for path in ["/root/.ssh", "/var/lib/docker", "/srv/homelab", ".", "./config/web", "~"] {
            let found = with_mount(path, false);
            assert!(found.starts_with("error[host-path]: `web` can change "), "{path}: {found}");
        }
    }

    #[test]
    fn a_secret_that_can_be_read_is_found() {
        insta::assert_snapshot!(with_mount("/etc/shadow", true), @r"
        error[host-path]: `web` can read `/etc/shadow` of the host: its passwords
          --> web.rs
          help: mount only what it needs, read-only, or keep its data elsewhere
        ");
        for path in ["/etc", "/root", "/home/ada/.ssh", "./.env", "./secrets", "/run/dbus"] {
            let found = with_mount(path, true);
            assert!(found.starts_with("error[host-path]: `web` can read "), "{path}: {found}");
        }
    }

    #[test]
    fn a_secret_whose_file_is_the_hosts_is_found() {
        let found = break_file(|file| file.secrets["login"].file = "/etc/shadow".to_owned());
        insta::assert_snapshot!(found, @r"
        error[host-path]: `caddy` can read `/etc/shadow` of the host: its passwords
          --> caddy.rs
          help: mount only what it needs, read-only, or keep its data elsewhere
        ");
    }

    #[test]
    fn what_only_informs_may_be_read() {
        for path in ["/etc/os-release", "/proc", "/sys", "/usr/share/zoneinfo", "./config/web"] {
            assert_eq!(with_mount(path, true), "", "{path}");
        }
        assert_eq!(with_mount("/srv/data", false), "");
    }
}
