//! Methods of every service: who reaches it, and whom it reaches.

use super::spec::NetworkMode;
use super::{Connect, Role, Service, State, Wiring};
use crate::dsl::handle::Handle;
use crate::dsl::privilege::{Exception, MACVLAN};
use crate::dsl::reason::assert_reason;
use crate::dsl::resource::Network;
use crate::dsl::text::ToText;
use crate::dsl::variable::EnvVar;

impl<R: Role, S: State> Service<R, S> {
    /// Puts it on a network whose members can all reach each other. Default: none; a route,
    /// `.uses(…)`, a way out and a published port each add the network that they need.
    pub fn on(mut self, network: Network) -> Self {
        self.spec.networks.push(network);
        self
    }

    /// Puts it on a macvlan network with this address, for this reason: there it is a machine of its
    /// own, and reached at every port that it opens, past the host's firewall and past the proxy.
    /// It gets out that way, too, so [`Service::egress`] adds no other network. Default: none.
    ///
    /// The address has to be one that the household's router gives to nobody else.
    #[track_caller]
    pub fn ipv4_address(
        mut self,
        network: Network,
        address: &EnvVar,
        because: &'static str,
    ) -> Self {
        self.spec.addresses.insert(network.name(), *address);
        self.on(network).exception(Exception::Namespace(MACVLAN, network.name()), because)
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

    /// Gives it the network of the host itself, for this reason: it has no networks and publishes no
    /// ports, because every port that it opens is one of the host. A route leads there by the name
    /// `host.docker.internal`, which the proxy is told; the host's firewall has to let the proxy's
    /// network in. Default: networks of its own.
    #[track_caller]
    pub fn host_network(mut self, because: &'static str) -> Self {
        self.spec.network = Some(NetworkMode::Host);
        self.exception(Exception::Namespace("network_mode", "host"), because)
    }

    /// Gives it the network of another service, such as a VPN client: it starts after that one is
    /// healthy, reaches others only as that one does, and nobody at all while that one is down. Its
    /// ports are published by that one, and others reach it under that one's name.
    ///
    /// A deploy that gives the other one a new container gives it one, too. When the other one
    /// restarts by itself, it has no network until it is restarted as well; `homelab status` and the
    /// next deploy see that.
    ///
    /// Default: networks of its own.
    pub fn through<Q: Role>(mut self, other: &Handle<Q>) -> Self {
        self.spec.network = Some(NetworkMode::Service(other.owner()));
        Wiring::new(&mut self.spec).starts_after(other);
        self
    }

    /// Lets it find this address under that name. Default: none.
    pub fn extra_host(mut self, name: &'static str, address: impl ToText) -> Self {
        self.spec.extra_hosts.insert(name, address.to_text());
        self
    }

    /// Sets the host name that it has for itself. Default: the container's id.
    pub fn hostname(mut self, hostname: &'static str) -> Self {
        self.spec.hostname = Some(hostname);
        self
    }

    /// Gives it a way out to the internet, for this reason. Default: none, even with a route or a
    /// published port.
    #[track_caller]
    pub fn egress(mut self, because: &'static str) -> Self {
        assert_reason(because);
        self.spec.egress = Some(because);
        self
    }
}
