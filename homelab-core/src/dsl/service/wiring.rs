//! What `.uses(…)` accepts, and how it changes the service.

use super::spec::Spec;
use crate::dsl::handle::Handle;
use crate::dsl::health::DependsOn;
use crate::dsl::resource::Secret;
use crate::dsl::role::Role;

/// What a service can use: a [`Handle`], or a type of your own that bundles a handle with secrets.
#[diagnostic::on_unimplemented(
    message = "a service cannot use `{Self}`",
    label = "not a handle",
    note = "pass the handle that `Stack::add` returned: a name as text could be misspelt"
)]
pub trait Connect {
    /// Makes every change that the connection needs.
    fn connect(&self, wiring: &mut Wiring<'_>);
}

impl<R: Role> Connect for Handle<R> {
    fn connect(&self, wiring: &mut Wiring<'_>) {
        wiring.service(self);
    }
}

/// The service that is being connected.
#[derive(Debug)]
pub struct Wiring<'a> {
    spec: &'a mut Spec,
}

impl<'a> Wiring<'a> {
    pub(crate) fn new(spec: &'a mut Spec) -> Self {
        Self { spec }
    }

    /// Starts after that service is healthy (started, when it has no probe), and shares a network with it.
    /// After a job it starts when that has ended with exit code 0, and shares no network with it.
    pub fn service<R: Role>(&mut self, handle: &Handle<R>) {
        self.starts_after(handle);
        if handle.condition() != DependsOn::Ended {
            self.spec.peers.push(handle.name());
        }
    }

    pub(super) fn starts_after<R: Role>(&mut self, handle: &Handle<R>) {
        self.spec.depends.insert(handle.name(), handle.condition());
    }

    /// Mounts that secret.
    pub fn secret(&mut self, secret: Secret) {
        self.spec.add_secret(secret, secret.name());
    }
}
