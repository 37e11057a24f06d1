//! Ways in: routes through the proxy, published ports, dashboard tiles.

use crate::dsl::name;
use crate::dsl::units::Port;
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
    /// Paths without the proxy's login, and why.
    pub(crate) open: Option<(&'static [&'static str], &'static str)>,
}

impl Route {
    /// Routes `https://<label>.<domain>` to this port. Default: the proxy asks for a login.
    #[track_caller]
    pub const fn host(label: &'static str, port: Port) -> Self {
        name::assert_valid(label);
        Self { label: Some(label), ..Self::apex(port) }
    }

    /// Routes `https://<domain>` itself to this port. Default: the proxy asks for a login.
    pub const fn apex(port: Port) -> Self {
        let login = Login::Proxy;
        Self { label: None, port, login, closed: &[], closed_until: None, open: None }
    }

    /// Says who asks for the login. Default: [`Login::Proxy`].
    #[must_use]
    #[track_caller]
    pub const fn login(mut self, login: Login) -> Self {
        assert!(self.open.is_none() || matches!(login, Login::Proxy), "{}", ONLY_THE_PROXYS);
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
        let mut at = 0;
        while at < paths.len() {
            assert!(
                is_open_path(paths[at].as_bytes()),
                "an open path is such as `/api/push/*`: plain parts, and `*` only as the last one"
            );
            at += 1;
        }
        self.open = Some((paths, because));
        self
    }
}

const ONLY_THE_PROXYS: &str = "paths are opened only where the proxy asks for the login";

/// Whether a path is one that [`Route::opens`] takes.
const fn is_open_path(path: &[u8]) -> bool {
    let (mut at, mut begins_part) = (1, true);
    while at < path.len() {
        let is_plain = path[at].is_ascii_alphanumeric() || matches!(path[at], b'-' | b'_' | b'~');
        let is_star = path[at] == b'*' && begins_part && at > 1 && at + 1 == path.len();
        let is_further = !begins_part && matches!(path[at], b'.' | b'/');
        if !(is_plain || is_star || is_further) {
            return false;
        }
        begins_part = path[at] == b'/';
        at += 1;
    }
    path.len() > 1 && path[0] == b'/' && !begins_part
}

/// A port of the host that leads into a container.
///
/// Published ports bypass the host's firewall (Docker writes its own rules), so
/// the address is always chosen: everywhere with a reason, or a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Publish {
    pub(crate) port: Port,
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
        Self { port, address: Address::Everywhere(because) }
    }

    /// Publishes a port on the address in a variable.
    pub const fn at(address: &EnvVar, port: Port) -> Self {
        Self { port, address: Address::Variable(*address) }
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

#[cfg(test)]
mod tests {
    use super::is_open_path;

    #[test]
    fn an_open_path_is_plain() {
        for path in ["/a", "/api/push/*", "/a.b/~c_-", "/hook"] {
            assert!(is_open_path(path.as_bytes()), "{path}");
        }
        for path in
            ["", "/", "/*", "a", "a/*", "//a", "/a//b", "/a/", "/.a", "/a/../b", "/a*", "/a/*/b"]
                .into_iter()
                .chain(["/a b", "/a%2f", "/a\\b", "/a?b", "/a;b", "/a\"", "/a`", "/{a}", "/ä"])
        {
            assert!(!is_open_path(path.as_bytes()), "{path}");
        }
    }
}
