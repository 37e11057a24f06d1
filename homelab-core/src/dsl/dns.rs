//! Providers of DNS with whose help the proxy gets certificates.

use crate::dsl::resource::Secret;

/// A provider of DNS whose module for Caddy takes one token. The proxy's image needs the module
/// (`github.com/caddy-dns/NAME`).
///
/// Source: `UnmarshalCaddyfile` of each module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DnsProvider {
    /// Cloudflare; the token needs `Zone.Zone:Read` and `Zone.DNS:Edit`.
    Cloudflare,
    /// deSEC.
    Desec,
    /// Duck DNS.
    DuckDns,
    /// Hetzner DNS.
    Hetzner,
    /// Any other one.
    Other {
        /// Name of its module, without `dns.providers.`.
        module: &'static str,
        /// The subdirective that takes the token, such as `api_token`.
        token: &'static str,
    },
}

impl DnsProvider {
    /// Returns the name of its module, without `dns.providers.`.
    pub const fn module(self) -> &'static str {
        match self {
            Self::Cloudflare => "cloudflare",
            Self::Desec => "desec",
            Self::DuckDns => "duckdns",
            Self::Hetzner => "hetzner",
            Self::Other { module, .. } => module,
        }
    }

    /// Returns the subdirective that takes the token; `None` when the token follows the name.
    pub(crate) const fn subdirective(self) -> Option<&'static str> {
        match self {
            Self::Cloudflare | Self::DuckDns | Self::Hetzner => None,
            Self::Desec => Some("token"),
            Self::Other { token, .. } => Some(token),
        }
    }
}

/// The DNS challenge of ACME: a provider, and the token with which the proxy changes its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AcmeDns {
    pub(crate) provider: DnsProvider,
    pub(crate) token: Secret,
}
