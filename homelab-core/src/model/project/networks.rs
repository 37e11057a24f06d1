//! What rules and reports ask about networks: who is on one, and what it lets its members do.

use std::collections::BTreeSet;

use super::attached::is_outside;
use super::{HOST, Member, Project};
use crate::compose::{Network, PublishedPort};

impl Project<'_> {
    /// Returns the services on a network.
    pub fn on_network(&self, network: &str) -> impl Iterator<Item = Member<'_>> {
        self.on_network.get(network).into_iter().flatten().map(|it| self.member_at(*it))
    }

    /// Returns the other services that a service reaches over a network, in the file's order.
    pub(crate) fn neighbours(&self, member: &Member<'_>) -> Vec<Member<'_>> {
        let networks = member.networks().iter();
        let open: Vec<_> = if member.is_on_host() {
            self.on_network.keys().filter(|it| self.has_host(it)).collect()
        } else {
            let host = HOST.to_owned();
            let is_near = member.networks().iter().any(|it| self.has_host(it));
            let own = networks.filter(|it| self.connects_members(it));
            own.chain(self.on_network.get_key_value(&host).filter(|_| is_near).map(|it| it.0))
                .collect()
        };
        let near = open.into_iter().filter_map(|it| self.on_network.get(it)).flatten();
        let near: BTreeSet<_> = near.copied().collect();
        let near = near.into_iter().map(|it| self.member_at(it));
        near.filter(|it| it.name != member.name).collect()
    }

    /// Whether a network has no way out.
    pub fn is_internal(&self, network: &str) -> bool {
        self.file.networks.get(network).is_some_and(Network::is_internal)
    }

    /// Whether the engine publishes ports of a network's members on the host.
    pub(crate) fn publishes_ports(&self, network: &str) -> bool {
        self.file.networks.get(network).is_none_or(Network::publishes)
    }

    /// Returns the addresses of a service as a machine of the household's network, each with the
    /// network of the file that is there; `None` where the file leaves the address to the engine.
    pub(crate) fn in_lan<'b>(
        &'b self,
        member: &Member<'b>,
    ) -> impl Iterator<Item = (&'b str, Option<String>)> + use<'b> {
        let owner = member.owner().and_then(|it| self.file.services.get(it));
        let networks = owner.unwrap_or(member.service).networks.iter();
        let is_macvlan = |key: &str| self.file.networks.get(key).is_some_and(Network::is_macvlan);
        let networks = networks.filter(move |it| is_macvlan(&it.key));
        networks.map(|it| (&*it.key, it.ipv4_address.as_ref().map(|it| self.resolve(it))))
    }

    /// Whether the members of a network can talk to the outside.
    pub fn leads_out(&self, network: &str) -> bool {
        let unknown = network == "default" || is_outside(network);
        self.file.networks.get(network).map_or(unknown, Network::leads_out)
    }

    /// Whether the host has an address on a network.
    pub fn has_host(&self, network: &str) -> bool {
        self.file.networks.get(network).is_none_or(Network::has_host)
    }

    /// Whether the members of a network can open connections to each other.
    pub fn connects_members(&self, network: &str) -> bool {
        self.file.networks.get(network).is_none_or(Network::connects_members)
    }

    /// Returns the services that have another one's network.
    pub fn passengers(&self, owner: &Member<'_>) -> impl Iterator<Item = Member<'_>> {
        self.members().filter(|it| it.owner() == Some(owner.name))
    }

    /// Returns the published ports that lead to a service: of those that its network's owner
    /// publishes, whichever no other service with that network declares or listens on.
    pub fn published(&self, member: &Member<'_>) -> Vec<&PublishedPort> {
        let owner = member.owner().unwrap_or(member.name);
        let Some(owner) = self.member(owner) else { return Vec::new() };
        let listens = |port: &PublishedPort| {
            let who = self.passengers(&owner).find(|it| it.listens_on(port));
            who.map_or(owner.name, |it| it.name) == member.name
        };
        owner.service.ports.iter().filter(|it| listens(it)).collect()
    }

    /// Returns the networks on which two services reach each other.
    pub fn shared<'b>(
        &'b self,
        one: &Member<'b>,
        other: &Member<'b>,
    ) -> impl Iterator<Item = &'b str> {
        let common = one.networks().iter().filter(|it| other.networks().contains(it));
        let common = common.filter(|it| self.connects_members(it));
        // Whoever is on the host is wherever the host is.
        let near = |host: &Member<'b>, guest: &Member<'b>| {
            if host.is_on_host() && !guest.is_on_host() { guest.networks() } else { &[] }
        };
        let near = near(one, other).iter().chain(near(other, one));
        common.chain(near.filter(|it| self.has_host(it))).map(String::as_str)
    }
}
