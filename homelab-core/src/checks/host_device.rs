//! No service has a device of the host, except those that are made for many users.
//!
//! A service with a disk (`/dev/sda`) or the memory (`/dev/mem`) reads and writes past every
//! permission, as if `/` were mounted. Devices such as `/dev/null`, those below `/dev/dri`, and
//! `/dev/net/tun` are allowed: they give no access to the host.
//!
//! Fix: remove the device. When the service exists for that one device, such as a USB stick, and
//! the device gives no other access, say why with `.accept("host-device", …)`.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::model::power::is_harmless_device;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "host-device",
    severity: Severity::Error,
    source: include_str!("host_device.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let devices = member.service.devices.iter().map(|it| project.resolve(it));
        for device in devices.filter(|it| !is_harmless_device(it, project.folder())) {
            findings.on(
                &member,
                format!("`{}` has the device `{device}` of the host", member.name),
                Help::new(
                    "remove it, or say why with `.accept(\"host-device\", …)`",
                    "remove it, or say why with the label `homelab.accepts.host-device`",
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::spec;
    use crate::checks::testing::{break_both, break_file};
    use crate::dsl::privilege::Waiver;

    fn with(device: &str) -> String {
        break_file(|file| file.services["fetch"].devices.push(device.to_owned()))
    }

    #[test]
    fn a_device_of_the_host_is_found() {
        insta::assert_snapshot!(with("${DUMPS:-/dev/sda}:/dev/dri/renderD128:rw"), @r#"
        error[host-device]: `fetch` has the device `/dev/sda:/dev/dri/renderD128:rw` of the host
          --> fetch.rs
          help: remove it, or say why with `.accept("host-device", …)`
        "#);
        for device in ["/dev/mem:/dev/mem:r", "/dev/dri/../sda", "nvidia.com/gpu=all"] {
            let told =
                format!("error[host-device]: `fetch` has the device `{device}` of the host\n");
            assert!(with(device).starts_with(&told), "{device}");
        }
    }

    #[test]
    fn a_device_of_many_and_one_with_a_reason_are_accepted() {
        for device in ["/dev/null", "${DUMPS:-/dev/null}:/dev/dri/renderD128", "/dev/dri:/dev/dri"]
        {
            assert_eq!(with(device), "", "{device}");
        }
        let found = break_both(
            |stack| {
                spec(stack, "fetch").waivers.push(Waiver {
                    rule: "host-device",
                    what: "/dev/ttyUSB0:/dev/ttyUSB0",
                    because: "its stick, nothing else",
                })
            },
            |file| file.services["fetch"].devices.push("/dev/ttyUSB0:/dev/ttyUSB0".to_owned()),
        );
        assert_eq!(found, "");
    }
}
