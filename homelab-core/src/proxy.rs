//! The reverse proxy: its labels, made of a stack, and the Caddyfile that labels, anybody's, amount to.

mod caddy;
pub mod caddyfile;

use indexmap::IndexMap;

use crate::dsl::domain::{Domain, Spot};
use crate::dsl::service::Spec;
use crate::dsl::stack::{Proxy, Site, Stack};
use crate::dsl::text::Text;

/// What stands in the place of a host name whose domain `.env` does not set. It makes the site a
/// snippet that nobody imports; without any name its lines would be taken for global options.
const OFF: &str = "(off)";

/// The labels by which the house's proxy knows a service; none without a proxy.
pub(crate) fn labels(stack: &Stack, spec: &Spec) -> IndexMap<String, Text> {
    match stack.site.proxy {
        Some(Proxy::Caddy { tls, .. }) => caddy::labels(stack, tls, spec),
        None => IndexMap::new(),
    }
}

/// The host name at which a route is served: `<label>.<domain>`, or the domain itself.
pub(crate) fn host(site: &Site, spot: Spot) -> Text {
    let optional = spot.domain.filter(Domain::is_optional);
    let domain = spot.domain.map_or(site.domain, |it| it.name);
    let end = if optional.is_some() { domain.or(OFF) } else { domain };
    match (spot.label, optional) {
        (None, _) => Text::variable(&end),
        (Some(label), None) => Text::literal(label).and(".").and(end),
        (Some(label), Some(_)) => Text::if_set(domain, &format!("{label}.")).and(end),
    }
}
