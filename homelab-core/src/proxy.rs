//! The reverse proxy: its labels, made of a stack, and the Caddyfile that labels, anybody's, amount to.

mod caddy;
pub mod caddyfile;

use indexmap::IndexMap;

use crate::dsl::route::Route;
use crate::dsl::service::Spec;
use crate::dsl::stack::{Proxy, Site};
use crate::dsl::text::Text;

/// The labels by which the house's proxy knows a service; none without a proxy.
pub(crate) fn labels(site: &Site, spec: &Spec) -> IndexMap<String, Text> {
    match site.proxy {
        Some(Proxy::Caddy { tls, .. }) => caddy::labels(site, tls, spec),
        None => IndexMap::new(),
    }
}

/// The host name of a route: `<label>.<domain>`, or the domain itself.
pub(crate) fn host(site: &Site, route: Route) -> Text {
    match route.label {
        Some(label) => Text::literal(label).and(".").and(site.domain),
        None => Text::variable(&site.domain),
    }
}
