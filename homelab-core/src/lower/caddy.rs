//! Labels that caddy-docker-proxy turns into a Caddyfile.
//!
//! Grammar: <https://github.com/lucaslorentz/caddy-docker-proxy/blob/master/README.md>.

use indexmap::IndexMap;

use crate::route::{Login, Route};
use crate::service::Spec;
use crate::stack::Site;
use crate::text::{Text, secret_path};

/// Name of the snippet by which routes ask the proxy for a login.
pub(crate) const LOGIN_SNIPPET: &str = "login";

pub(super) fn labels(site: &Site, spec: &Spec) -> IndexMap<String, String> {
    let mut labels = IndexMap::new();
    if let Some(secret) = spec.guard {
        // A missing file makes the import fail, and with it every site that asks: fail closed.
        labels.insert("caddy_0".to_owned(), format!("({LOGIN_SNIPPET})"));
        labels.insert("caddy_0.basic_auth.import".to_owned(), secret_path(secret));
        // No prefix number 9 without subkey: these are global options. The container
        // cannot install a root certificate on the host, so Caddy need not try.
        labels.insert("caddy_9.skip_install_trust".to_owned(), String::new());
    }
    let single = spec.routes.len() == 1;
    for (at, route) in spec.routes.iter().enumerate() {
        let prefix = if single { "caddy".to_owned() } else { format!("caddy_{at}") };
        self::route(site, &prefix, *route, &mut labels);
        if at == 0 {
            for (index, (path, to)) in spec.redirects.iter().enumerate() {
                // Not `redir` alone: Caddy runs it before `basic_auth`, and whoever asks without a
                // login would be told every host name. `handle` comes after it.
                let handle = format!("{prefix}.handle_{index}");
                let to = Text::literal("https://").and(host(site, *to)).into_string();
                labels.insert(format!("{handle}.redir"), to);
                labels.insert(handle, Text::literal(path).into_string());
            }
        }
    }
    labels
}

fn route(site: &Site, prefix: &str, route: Route, labels: &mut IndexMap<String, String>) {
    let mut put = |key: &str, value: String| labels.insert(format!("{prefix}{key}"), value);
    put("", host(site, route).into_string());
    put(".tls", site.tls.reference());
    if !route.closed.is_empty() {
        put(".@closed.path", route.closed.join(" "));
        put(".respond", "@closed 403".to_owned());
    }
    let upstream = format!("{{{{upstreams {}}}}}", route.port.number());
    if route.login == Login::Proxy {
        put(".import", LOGIN_SNIPPET.to_owned());
        put(".reverse_proxy", upstream);
        // The household's password is the proxy's business alone.
        put(".reverse_proxy.header_up", "-Authorization".to_owned());
    } else {
        put(".reverse_proxy", upstream);
    }
}

/// The host name of a route: `<label>.<domain>`, or the domain itself.
pub(crate) fn host(site: &Site, route: Route) -> Text {
    match route.label {
        Some(label) => Text::literal(label).and(".").and(site.domain),
        None => Text::variable(&site.domain),
    }
}
