//! Ways in: routes through the proxy, published ports, dashboard tiles.

use crate::dsl::name;
use crate::dsl::units::{Port, Protocol};
use crate::dsl::variable::EnvVar;

/// Who asks the visitor of a route for a login.
///
/// Single sign-on will become one more variant; match with a wildcard outside this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Login {
    /// The proxy itself, with the household's user and password (basic auth).
    Proxy,
    /// The service, whose image has accounts and never makes a stranger the administrator.
    BuiltIn,
    /// Nobody, because of this.
    Open {
        /// Why that is right; printed in the exposure page.
        because: &'static str,
    },
}

/// A host name that the proxy serves, and the port behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    pub(crate) label: Option<&'static str>,
    pub(crate) port: Port,
    pub(crate) login: Login,
    pub(crate) closed: &'static [&'static str],
    pub(crate) closed_until: Option<(&'static [&'static str], EnvVar)>,
}

impl Route {
    /// Routes `https://<label>.<domain>` to this port. Default: the proxy asks for a login.
    #[track_caller]
    pub const fn host(label: &'static str, port: Port) -> Self {
        name::assert_valid(label);
        Self { label: Some(label), port, login: Login::Proxy, closed: &[], closed_until: None }
    }

    /// Routes `https://<domain>` itself to this port. Default: the proxy asks for a login.
    pub const fn apex(port: Port) -> Self {
        Self { label: None, port, login: Login::Proxy, closed: &[], closed_until: None }
    }

    /// Says who asks for the login. Default: [`Login::Proxy`].
    #[must_use]
    pub const fn login(mut self, login: Login) -> Self {
        self.login = login;
        self
    }

    /// Refuses these paths, such as a set-up wizard that makes its visitor the administrator; they
    /// can still be opened from the host itself. Default: every path is served.
    #[must_use]
    pub const fn closes(mut self, paths: &'static [&'static str]) -> Self {
        self.closed = paths;
        self
    }

    /// Also refuses these paths unless this variable is exactly `true`. It is for paths that the
    /// service answers to anybody before its set-up, and only to its administrator afterwards.
    /// Default: none.
    #[must_use]
    pub const fn closes_until(mut self, paths: &'static [&'static str], done: EnvVar) -> Self {
        self.closed_until = Some((paths, done));
        self
    }
}

/// A port of the host that leads into a container.
///
/// Published ports bypass the host's firewall (Docker writes its own rules), so
/// the address is always chosen: everywhere with a reason, or a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Publish {
    pub(crate) port: Port,
    /// The last port of a range; that of `port` itself when there is only one.
    pub(crate) last: u16,
    /// The number on the host of the first one.
    pub(crate) host_port: u16,
    pub(crate) address: Address,
}

/// The host address that a published port is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    Everywhere(&'static str),
    Variable(EnvVar),
}

impl Publish {
    /// Publishes a port on every address of the host, for this reason.
    pub const fn everywhere(port: Port, because: &'static str) -> Self {
        Self::on(Address::Everywhere(because), port)
    }

    /// Publishes a port on the address in a variable.
    pub const fn at(address: &EnvVar, port: Port) -> Self {
        Self::on(Address::Variable(*address), port)
    }

    const fn on(address: Address, port: Port) -> Self {
        Self { port, last: port.number(), host_port: port.number(), address }
    }

    /// Publishes all ports from this one to that number. Default: this one alone.
    #[must_use]
    pub const fn up_to(mut self, last: u16) -> Self {
        self.last = last;
        self
    }

    /// Publishes it under another number on the host, and the others of a range under the numbers
    /// that follow. Default: the container's own.
    #[must_use]
    pub const fn as_host_port(mut self, number: u16) -> Self {
        self.host_port = number;
        self
    }

    /// Returns each port in the container with its number on the host, as far as numbers go.
    pub(crate) fn ports(self) -> impl Iterator<Item = (u16, u16)> {
        (self.port.number()..=self.last).zip(self.host_port..=u16::MAX)
    }

    /// Whether it publishes this port of the container.
    pub(crate) fn leads_to(self, target: u16, protocol: Protocol) -> bool {
        self.port.protocol() == protocol && self.ports().any(|it| it.0 == target)
    }

    /// Whether every port of the range exists, in the container and on the host.
    pub(crate) fn is_valid(self) -> bool {
        let more = self.last.checked_sub(self.port.number());
        self.host_port != 0 && more.is_some_and(|it| self.host_port.checked_add(it).is_some())
    }
}

/// A heading of the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TileGroup {
    name: &'static str,
    icon: &'static str,
}

impl TileGroup {
    /// Makes a heading with a Font Awesome icon, such as `fas fa-film`.
    pub const fn new(name: &'static str, icon: &'static str) -> Self {
        Self { name, icon }
    }

    /// Returns the heading.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Returns the Font Awesome class.
    pub const fn icon(self) -> &'static str {
        self.icon
    }
}

/// A service's entry on the dashboard; it leads to the service's first route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    pub(crate) name: &'static str,
    pub(crate) group: TileGroup,
    pub(crate) icon: &'static str,
    pub(crate) subtitle: &'static str,
}

impl Tile {
    /// Makes an entry under a heading. Default: the heading's icon and no subtitle.
    pub const fn new(name: &'static str, group: TileGroup) -> Self {
        Self { name, group, icon: group.icon, subtitle: "" }
    }

    /// Sets a Font Awesome icon of its own.
    #[must_use]
    pub const fn icon(mut self, icon: &'static str) -> Self {
        self.icon = icon;
        self
    }

    /// Sets the line under the name. Default: none.
    #[must_use]
    pub const fn subtitle(mut self, subtitle: &'static str) -> Self {
        self.subtitle = subtitle;
        self
    }
}
