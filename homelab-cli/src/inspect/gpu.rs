//! A device that a service uses exists, and the service is in the group that owns it.
//!
//! Without the group the service starts and silently transcodes on the processor; without
//! the device it does not start. `/dev/null` stands for no device.
//!
//! Docker gives graphics processors of NVIDIA with a program of NVIDIA's container toolkit.
//!
//! Fix: set the variables of the device and of its group in `.env` as the finding says.

use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

use homelab_core::compose::interpolate;

use super::{Context, Findings, HostRule};

pub(super) const RULE: HostRule = HostRule { id: "host-gpu", source: include_str!("gpu.rs"), run };

/// The program by which Docker gives graphics processors of NVIDIA, and the folders where it may be.
const NVIDIA: &str = "nvidia-container-runtime-hook";
const PROGRAMS: [&str; 4] = ["/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/local/sbin"];

fn run(context: &Context<'_>, findings: &mut Findings) {
    for member in context.enabled() {
        let exists = |it: &str| context.house.host.path(&format!("{it}/{NVIDIA}")).exists();
        let mut requests = member.service.device_requests().iter();
        let asks = requests.any(|it| it.driver.as_deref() == Some("nvidia"));
        if asks && !PROGRAMS.into_iter().any(exists) {
            findings.warning(
                member.name,
                format!("`{}` needs `{NVIDIA}`, which this host does not have", member.name),
                "install NVIDIA's container toolkit".to_owned(),
            );
        }
        for written in &member.service.devices {
            // `source:target:permissions`
            let device = context.project.resolve(written);
            let source = device.split(':').next().unwrap_or_default();
            if source == "/dev/null" {
                continue;
            }
            let path = context.house.host.path(source);
            let found = std::fs::metadata(&path).ok();
            // The engine passes every device in a folder such as `/dev/bus/usb`.
            if found.as_ref().is_some_and(std::fs::Metadata::is_dir) {
                continue;
            }
            let Some(found) = found.filter(|it| it.file_type().is_char_device()) else {
                findings.error(
                    member.name,
                    format!("`{source}` is not a device of this host"),
                    set(written, "/dev/null") + ", or the name that `ls /dev/dri` shows",
                );
                continue;
            };
            let group = found.gid();
            let written = &member.service.group_add;
            let groups = written.iter().map(|it| context.project.resolve(it));
            let groups: Vec<_> = groups.filter_map(|it| it.parse().ok()).collect();
            if !may_use(found.mode(), group, &groups) {
                findings.error(
                    member.name,
                    format!(
                        "`{source}` belongs to group {group}, which `{}` is not in",
                        member.name
                    ),
                    set(&written.concat(), &group.to_string()),
                );
            }
        }
    }
}

/// Says how to set the variable that a text of the file begins with.
fn set(text: &str, value: &str) -> String {
    match interpolate::variables(text).first() {
        Some(variable) => format!("set `{variable}={value}` in `.env`"),
        None => format!("write `{value}` into the definition of the service"),
    }
}

/// Whether members of `groups` can read and write a device of this mode and group.
fn may_use(mode: u32, group: u32, groups: &[u32]) -> bool {
    let everybody = mode & 0o006 == 0o006;
    everybody || mode & 0o060 == 0o060 && groups.contains(&group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_for_its_group() {
        assert!(may_use(0o660, 105, &[44, 105]));
        assert!(may_use(0o666, 105, &[]));
        assert!(!may_use(0o660, 105, &[65_534]));
        assert!(!may_use(0o600, 105, &[105]));
    }
}
