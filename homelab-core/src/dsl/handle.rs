//! Handles: the only way to refer to a service.

use std::marker::PhantomData;

use crate::dsl::health::DependsOn;
use crate::dsl::name::ServiceName;
use crate::dsl::text::Text;
use crate::dsl::units::Port;

/// A service that is part of a stack: the only way to refer to it.
#[derive(Clone, Debug)]
pub struct Handle<R> {
    name: ServiceName,
    /// The service whose network it has: mostly itself.
    owner: ServiceName,
    /// The host by which others reach it.
    host: &'static str,
    condition: DependsOn,
    role: PhantomData<fn() -> R>,
}

impl<R> Handle<R> {
    pub(super) const fn new(
        name: ServiceName,
        owner: ServiceName,
        host: &'static str,
        condition: DependsOn,
    ) -> Self {
        Self { name, owner, host, condition, role: PhantomData }
    }

    /// Returns the service's name.
    pub const fn name(&self) -> ServiceName {
        self.name
    }

    /// Returns the host name by which other services reach it: its own name, or that of the service
    /// whose network it has.
    pub fn host(&self) -> Text {
        Text::literal(self.host)
    }

    /// Returns the URL by which other services reach it: `http://<host>:<port>`.
    pub fn url(&self, scheme: &str, port: Port) -> Text {
        Text::literal(&format!("{scheme}://{}:{}", self.host, port.number()))
    }

    pub(crate) const fn owner(&self) -> ServiceName {
        self.owner
    }

    /// Returns what a service that uses this one waits for.
    pub(crate) const fn condition(&self) -> DependsOn {
        self.condition
    }
}
