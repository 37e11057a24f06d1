//! No service has a device of the host, except those that are made for many users.
//!
//! A service with a disk (`/dev/sda`) or the memory (`/dev/mem`) reads and writes past every
//! permission, as if `/` were mounted. Devices such as `/dev/null`, those below `/dev/dri`, and
//! `/dev/net/tun` are allowed: they give no access to the host. So are the graphics processors that
//! the engine's driver `nvidia` gives; another driver, such as `cdi`, can give any device.
//!
//! Fix: remove the device. When the service exists for that one device, such as a USB stick, and
//! the device gives no other access, say why: `.own_device(…)`, or `.device_cgroup_rule(…)` for
//! devices that appear later.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::compose::label::ACCEPTS;
use crate::dsl::privilege::Exception;
use crate::lower::NVIDIA;
use crate::model::power::{is_harmless_device, requests};
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
        let devices = devices.filter(|it| !is_harmless_device(it, project.folder()));
        let mut told: Vec<_> =
            devices.map(|it| ("has the device", target(&it).to_owned(), it)).collect();
        let rules = member.service.device_cgroup_rules.iter().map(|it| project.resolve(it));
        told.extend(rules.map(|it| ("uses devices by the rule", it.clone(), it)));
        let requests = requests(project, &member).filter(|(driver, _)| driver != NVIDIA);
        told.extend(requests.map(|(driver, which)| ("has a device of the driver", which, driver)));
        for (how, what, shown) in told {
            let what = Exception::Device(&what);
            if member.reason_for(what).is_some() {
                continue;
            }
            let label = format!("remove it, or say why with the label `{ACCEPTS}{}`", what.key());
            findings.on(
                &member,
                format!("`{}` {how} `{shown}` of the host", member.name),
                Help::new("remove it, or say why with `.own_device(…)`", label),
            );
        }
    }
}

/// Returns the path in the container of `source[:target[:permissions]]`.
fn target(device: &str) -> &str {
    let mut parts = device.split(':');
    let source = parts.next().unwrap_or_default();
    parts.next().unwrap_or(source)
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_both, break_file, spec};
    use crate::compose::{DeviceRequest, Reservations, Service};
    use crate::dsl::privilege::Exception;

    fn with(device: &str) -> String {
        break_file(|file| file.services["fetch"].devices.push(device.to_owned()))
    }

    #[test]
    fn a_device_of_the_host_is_found() {
        insta::assert_snapshot!(with("${DUMPS:-/dev/sda}:/dev/dri/renderD128:rw"), @r"
        error[host-device]: `fetch` has the device `/dev/sda:/dev/dri/renderD128:rw` of the host
          --> fetch.rs
          help: remove it, or say why with `.own_device(…)`
        ");
        for device in ["/dev/mem:/dev/mem:r", "/dev/dri/../sda", "nvidia.com/gpu=all"] {
            let told =
                format!("error[host-device]: `fetch` has the device `{device}` of the host\n");
            assert!(with(device).starts_with(&told), "{device}");
        }
    }

    #[test]
    fn a_rule_and_another_driver_are_found() {
        let rule = |it: &mut Service| it.device_cgroup_rules.push("b *:* rwm".to_owned());
        insta::assert_snapshot!(break_file(|file| rule(&mut file.services["fetch"])), @r"
        error[host-device]: `fetch` uses devices by the rule `b *:* rwm` of the host
          --> fetch.rs
          help: remove it, or say why with `.own_device(…)`
        ");
        let driver = |name: &str| {
            break_file(|file| {
                let request = DeviceRequest {
                    driver: Some(name.to_owned()),
                    device_ids: vec!["vendor.com/class=all".to_owned()],
                    capabilities: vec!["gpu".to_owned()],
                    count: None,
                };
                let deploy = file.services["fetch"].deploy.get_or_insert_default();
                let resources = deploy.resources.get_or_insert_default();
                resources.reservations =
                    Some(Reservations { devices: vec![request], ..Reservations::default() });
            })
        };
        insta::assert_snapshot!(driver("cdi"), @r"
        error[host-device]: `fetch` has a device of the driver `cdi` of the host
          --> fetch.rs
          help: remove it, or say why with `.own_device(…)`
        ");
        assert_eq!(driver("nvidia"), "");
    }

    #[test]
    fn a_device_of_many_and_one_with_a_reason_are_accepted() {
        for device in ["/dev/null", "${DUMPS:-/dev/null}:/dev/dri/renderD128", "/dev/dri:/dev/dri"]
        {
            assert_eq!(with(device), "", "{device}");
        }
        let found = break_both(
            |stack| {
                let what = Exception::Device("/dev/ttyACM0");
                spec(stack, "fetch").exceptions.push((what, "its stick"));
            },
            |file| file.services["fetch"].devices.push("/dev/ttyUSB0:/dev/ttyACM0".to_owned()),
        );
        assert_eq!(found, "");
    }
}
