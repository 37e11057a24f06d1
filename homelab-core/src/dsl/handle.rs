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
    condition: DependsOn,
    role: PhantomData<fn() -> R>,
}

impl<R> Handle<R> {
    pub(super) const fn new(name: ServiceName, condition: DependsOn) -> Self {
        Self { name, condition, role: PhantomData }
    }

    /// Returns the service's name.
    pub const fn name(&self) -> ServiceName {
        self.name
    }

    /// Returns the host name by which other services reach it.
    pub fn host(&self) -> Text {
        Text::literal(self.name.as_str())
    }

    /// Returns the URL by which other services reach it: `http://<name>:<port>`.
    pub fn url(&self, scheme: &str, port: Port) -> Text {
        Text::literal(&format!("{scheme}://{}:{}", self.name, port.number()))
    }

    /// Returns what a service that uses this one waits for.
    pub(crate) const fn condition(&self) -> DependsOn {
        self.condition
    }
}
