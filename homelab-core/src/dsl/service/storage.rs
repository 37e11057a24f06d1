//! Methods of every service: what it keeps, and what of the host it sees.

use super::{Holds, Role, Service, State};
use crate::dsl::resource::{Mount, Tmpfs};
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

    /// Passes the device whose path is in a variable. Default: none.
    pub fn device(mut self, source: &EnvVar, target: &'static str) -> Self {
        self.spec.devices.push((*source, target));
        self
    }
}
