//! Methods of every service: what it keeps, and what of the host it sees.

use super::{Holds, Role, Service, State};
use crate::dsl::privilege::{Exception, Nvidia};
use crate::dsl::resource::{Mount, Tmpfs, assert_in_container};
use crate::dsl::text::Text;
use crate::dsl::variable::EnvVar;

impl<R: Role, S: State> Service<R, S> {
    /// Mounts a volume or a host path. A service that updates itself unattended holds no precious state.
    pub fn mount<K>(mut self, mount: Mount<K>) -> Service<R, S::Then>
    where
        S: Holds<K>,
    {
        self.spec.mounts.push(mount.erase());
        self.into_state()
    }

    /// Puts a folder into memory. Default: none; the root file system is read-only.
    pub fn tmpfs(mut self, tmpfs: Tmpfs) -> Self {
        self.spec.tmpfs.push(tmpfs);
        self
    }

    /// Passes the device whose path is in a variable, and which many may use, such as a graphics
    /// processor. Default: none.
    #[track_caller]
    pub fn device(mut self, source: &EnvVar, target: &'static str) -> Self {
        assert_in_container(target);
        self.spec.devices.push((Text::variable(source), target));
        self
    }

    /// Passes the device whose path is in a variable, and for which this service is there, such as
    /// a Zigbee stick: `/dev/serial/by-id/…`. Default: none.
    #[track_caller]
    pub fn own_device(self, source: &EnvVar, target: &'static str, because: &'static str) -> Self {
        self.device(source, target).exception(Exception::Device(target), because)
    }

    /// Passes a device of the same path on every host, or all in a folder such as `/dev/bus/usb`,
    /// for this reason. Default: none.
    #[track_caller]
    pub fn own_device_at(mut self, path: &'static str, because: &'static str) -> Self {
        assert_in_container(path);
        self.spec.devices.push((Text::literal(path), path));
        self.exception(Exception::Device(path), because)
    }

    /// Lets it use devices that appear later, for this reason: `c 189:* rmw` is every USB device.
    /// Default: none. The rule's form is that of the kernel's control groups.
    #[track_caller]
    pub fn device_cgroup_rule(mut self, rule: &'static str, because: &'static str) -> Self {
        self.spec.device_cgroup_rules.push(rule);
        self.exception(Exception::Device(rule), because)
    }

    /// Gives it graphics processors of NVIDIA. Default: none.
    pub fn nvidia(mut self, which: Nvidia) -> Self {
        self.spec.nvidia = Some(which);
        self
    }
}
