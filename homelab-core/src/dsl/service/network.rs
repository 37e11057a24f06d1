//! Methods of every service: who reaches it, and whom it reaches.

use super::{Connect, Role, Service, State, Wiring};
use crate::dsl::handle::Handle;
use crate::dsl::resource::Network;

impl<R: Role, S: State> Service<R, S> {
    /// Puts it on a network whose members can all reach each other. Default: none; a route,
    /// `.uses(…)`, a way out and a published port each add the network that they need.
    pub fn on(mut self, network: Network) -> Self {
        self.spec.networks.push(network);
        self
    }

    /// Connects it to another service: it starts after that one is healthy and shares a network
    /// with it. This is a network that both were put on, else an internal one for the two alone.
    pub fn uses(mut self, other: &(impl Connect + ?Sized)) -> Self {
        other.connect(&mut Wiring::new(&mut self.spec));
        self
    }

    /// Shares a network with another service as [`Service::uses`] does, without waiting for it.
    ///
    /// For a service that may be switched off while this one runs.
    pub fn knows<Q: Role>(mut self, other: &Handle<Q>) -> Self {
        self.spec.peers.push(other.name());
        self
    }

    /// Gives it a way out to the internet, for this reason. Default: none, even with a route or a
    /// published port.
    pub fn egress(mut self, because: &'static str) -> Self {
        self.spec.egress = Some(because);
        self
    }
}
