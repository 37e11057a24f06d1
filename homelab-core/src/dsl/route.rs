//! Ways in: routes through the proxy, published ports, dashboard tiles.

use crate::dsl::directive::{Directive, Line};
use crate::dsl::domain::{self, Domain, Spot};
use crate::dsl::name;
use crate::dsl::privilege::Exception;
use crate::dsl::reason::assert_reason;
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

/// Where the proxy serves a service, and the port behind it.
///
/// ```
/// use homelab_core::prelude::*;
///
/// const WEB: Port = Port::new(3000);
/// const API: Port = Port::new(3001);
/// # const PUBLIC_DOMAIN: EnvVar = EnvVar::new("PUBLIC_DOMAIN", Kind::Hostname, "Domain").or("");
/// # const PUBLIC_TLS: EnvVar = EnvVar::new("PUBLIC_TLS", Kind::TlsIssuer, "Issuer").or("internal");
/// const PUBLIC: Domain = Domain::new(PUBLIC_DOMAIN, PUBLIC_TLS);
///
/// const PAGES: Route = Route::host("cloud", WEB)
///     .also_at(&[PUBLIC])
///     .login(Login::BuiltIn)
///     .with(&[Directive::redirect("/.well-known/carddav", "/remote.php/dav/")]);
/// const METRICS: Route = Route::host("cloud", API).below("/metrics").strip_prefix();
/// ```
///
/// A closed path that no request can have does not compile:
///
/// ```compile_fail,E0080
/// # use homelab_core::prelude::*;
/// const PAGES: Route = Route::host("cloud", Port::new(3000)).closes(&["setup"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// Where it is served first; a tile leads there.
    pub(crate) spot: Spot,
    /// Further domains, at each of which it has the same label.
    pub(crate) also: &'static [Domain],
    /// The path below which it begins; `None` means every path that no other route of the host has.
    pub(crate) below: Option<&'static str>,
    /// Whether the service is asked without that path.
    pub(crate) strips: bool,
    /// Why the service is asked by HTTPS and its certificate is not checked; `None` means HTTP.
    pub(crate) unchecked: Option<&'static str>,
    pub(crate) directives: &'static [Directive],
    pub(crate) port: Port,
    pub(crate) login: Login,
    pub(crate) closed: &'static [&'static str],
    pub(crate) closed_until: Option<(&'static [&'static str], EnvVar)>,
    /// Paths without the proxy's login, and why.
    pub(crate) open: Option<(&'static [&'static str], &'static str)>,
}

impl Route {
    /// Routes `https://<label>.<domain>` to this port. Default: the proxy asks for a login.
    #[track_caller]
    pub const fn host(label: &'static str, port: Port) -> Self {
        name::assert_valid(label);
        Self::new(Spot { label: Some(label), domain: None }, port)
    }

    /// Routes `https://<domain>` itself to this port. Default: the proxy asks for a login.
    pub const fn apex(port: Port) -> Self {
        Self::new(Spot { label: None, domain: None }, port)
    }

    /// Routes another domain than the house's, as a whole host name, to this port. Default: the
    /// proxy asks for a login.
    pub const fn at(domain: Domain, port: Port) -> Self {
        Self::new(Spot { label: None, domain: Some(domain) }, port)
    }

    const fn new(spot: Spot, port: Port) -> Self {
        Self {
            spot,
            also: &[],
            below: None,
            strips: false,
            unchecked: None,
            directives: &[],
            port,
            login: Login::Proxy,
            closed: &[],
            closed_until: None,
            open: None,
        }
    }

    /// Serves it below these domains as well, under the same label. Default: none.
    #[must_use]
    pub const fn also_at(mut self, domains: &'static [Domain]) -> Self {
        self.also = domains;
        self
    }

    /// Serves only this path, such as `/api`, and every path below it; all others of the host are
    /// for its other routes, which may lead to other services and have other logins. The service is
    /// asked with the path. Default: every path.
    #[must_use]
    #[track_caller]
    pub const fn below(mut self, path: &'static str) -> Self {
        if let Some(message) = domain::below_fault(path) {
            panic!("{}", message);
        }
        self.below = Some(path);
        self
    }

    /// Asks the service without the path that the route is below. Default: with it.
    #[must_use]
    pub const fn strip_prefix(mut self) -> Self {
        self.strips = true;
        self
    }

    /// Asks the service by HTTPS and does not check its certificate, for this reason: the proxy
    /// knows it by an address of a network of the two, for which no authority issues one.
    /// Default: by HTTP.
    #[must_use]
    #[track_caller]
    pub const fn https_unchecked(mut self, because: &'static str) -> Self {
        assert_reason(because);
        self.unchecked = Some(because);
        self
    }

    /// Asks these things of the proxy. Default: none.
    #[must_use]
    pub const fn with(mut self, directives: &'static [Directive]) -> Self {
        self.directives = directives;
        self
    }

    /// Returns what it may only do for a recorded reason.
    pub(crate) fn exceptions(&self) -> Vec<(Exception<'static>, &'static str)> {
        let unchecked = self.unchecked.map(|because| (Exception::UncheckedUpstream, because));
        let raw = self.directives.iter().filter_map(|it| match it.0 {
            Line::Raw { name, because, .. } => Some((Exception::Directive(name), because)),
            Line::Redirect { .. } | Line::MaxBody(_) | Line::Header { .. } | Line::Unbuffered => {
                None
            }
        });
        unchecked.into_iter().chain(raw).collect()
    }

    /// Returns every place where it is served.
    pub(crate) fn spots(&self) -> impl Iterator<Item = Spot> {
        let label = self.spot.label;
        let further = self.also.iter().map(move |it| Spot { label, domain: Some(*it) });
        std::iter::once(self.spot).chain(further)
    }

    /// Whether another route is served on one of its hosts, so that both share one.
    pub(crate) fn shares_a_host(&self, other: &Self) -> bool {
        self.below != other.below && self.spots().any(|spot| other.spots().any(|it| it == spot))
    }

    /// Says who asks for the login. Default: [`Login::Proxy`].
    #[must_use]
    #[track_caller]
    pub const fn login(mut self, login: Login) -> Self {
        assert!(self.open.is_none() || matches!(login, Login::Proxy), "{}", ONLY_THE_PROXYS);
        if let Login::Open { because } = login {
            assert_reason(because);
        }
        self.login = login;
        self
    }

    /// Refuses these paths, such as a set-up wizard that makes its visitor the administrator; they
    /// can still be opened from the host itself. They are paths as the service gets them.
    /// Default: every path is served.
    ///
    /// Panics (in a `const`: does not compile) on a path that begins with neither `/` nor `*`,
    /// which the proxy would never refuse.
    #[must_use]
    #[track_caller]
    pub const fn closes(mut self, paths: &'static [&'static str]) -> Self {
        assert_patterns(paths);
        self.closed = paths;
        self
    }

    /// Also refuses these paths unless this variable is exactly `true`. It is for paths that the
    /// service answers to anybody before its set-up, and only to its administrator afterwards.
    /// Default: none.
    ///
    /// Panics like [`Route::closes`].
    #[must_use]
    #[track_caller]
    pub const fn closes_until(mut self, paths: &'static [&'static str], done: EnvVar) -> Self {
        assert_patterns(paths);
        self.closed_until = Some((paths, done));
        self
    }

    /// Asks for no login on these paths, for this reason, where the proxy asks on all others. It is
    /// for programs that cannot answer and say a secret of their own, such as in the path. `*` at
    /// the end of a path stands for one or more parts of letters, digits, `-`, `_`, `~` and `.`. A
    /// request whose path is spelt in any other way is asked: with an escape, `//`, a part that
    /// begins with a dot, or letters of another case. Default: none.
    ///
    /// Panics (in a `const`: does not compile) where the proxy does not ask, and on a path that is
    /// not `/` with at least one such part.
    #[must_use]
    #[track_caller]
    pub const fn opens(mut self, paths: &'static [&'static str], because: &'static str) -> Self {
        assert!(matches!(self.login, Login::Proxy), "{}", ONLY_THE_PROXYS);
        assert_reason(because);
        let mut at = 0;
        while at < paths.len() {
            assert!(
                domain::is_open_path(paths[at].as_bytes()),
                "an open path is such as `/api/push/*`: plain parts, and `*` only as the last one"
            );
            at += 1;
        }
        self.open = Some((paths, because));
        self
    }
}

const ONLY_THE_PROXYS: &str = "paths are opened only where the proxy asks for the login";

#[track_caller]
const fn assert_patterns(paths: &[&str]) {
    let mut at = 0;
    while at < paths.len() {
        if let Some(message) = domain::pattern_fault(paths[at]) {
            panic!("{}", message);
        }
        at += 1;
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
    #[track_caller]
    pub const fn everywhere(port: Port, because: &'static str) -> Self {
        assert_reason(because);
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
        self.port.protocol() == protocol && (self.port.number()..=self.last).contains(&target)
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
