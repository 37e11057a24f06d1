//! Labels that caddy-docker-proxy turns into a Caddyfile.
//!
//! Grammar: <https://github.com/lucaslorentz/caddy-docker-proxy/blob/master/README.md>.

use indexmap::IndexMap;

use super::host;
use crate::dsl::resource::Secret;
use crate::dsl::route::{Login, Route};
use crate::dsl::service::{RoleKind, Spec};
use crate::dsl::stack::Site;
use crate::dsl::text::{Text, ToText};
use crate::dsl::variable::EnvVar;

/// Name of the snippet by which routes ask the proxy for a login.
const LOGIN_SNIPPET: &str = "login";

/// Name of the snippet that every route imports; `login` imports it, too.
const COMMON_SNIPPET: &str = "common";

/// The variable by which a site says that a path needs no login.
const OPEN: &str = "open yes";

/// Headers by which services believe who somebody is, where they come from or what they ask for.
/// The proxy says it of its own accord (`X-Forwarded-For`, `-Proto`, `-Host`); what a client says
/// never passes. `_` counts as `-` in many a program, hence the last one.
const CLAIMS: &[&str] = &[
    "Remote-*",
    "X-Remote-*",
    "X-Forwarded-*",
    "Forwarded",
    "X-Original-*",
    "X-Rewrite-*",
    "X-Real-*",
    "X-Auth-*",
    "X-WebAuth-*",
    "X-Authentik-*",
    "X-Client-*",
    "X-Cluster-Client-*",
    "True-Client-*",
    "CF-Connecting-*",
    "*_*",
];

/// What is worth compressing. Not `text/*`: server-sent events are `text/event-stream`, and wait
/// for nobody. Films, pictures and archives are compressed already.
const COMPRESSED: &[&str] = &[
    "text/html*",
    "text/css*",
    "text/plain*",
    "text/javascript*",
    "application/javascript*",
    "application/json*",
    "application/wasm*",
    "image/svg+xml*",
];

/// Headers for browsers, where the service sends none of its own (`?`: only where there is none,
/// <https://caddyserver.com/docs/caddyfile/directives/header>). No `Strict-Transport-Security`: a
/// device without the house's authority could not get past it (RFC 6797, 12.1), nor a house that goes
/// back to plain HTTP. Elsewhere the referrer is no more than the origin, browsers' own default
/// since Chrome 85, Firefox 87 and Safari 15, which older televisions do not have; none at all
/// would stop embedded films (<https://developers.google.com/youtube/terms/required-minimum-functionality>).
const FOR_BROWSERS: &[&str] =
    &["?X-Content-Type-Options nosniff", "?Referrer-Policy strict-origin-when-cross-origin"];

/// Only behind the login, which a browser that knows it sends by itself, in most also from within a
/// foreign frame (<https://chromestatus.com/feature/5739996117991424> is about ending that). A
/// service's own `frame-ancestors` counts more. Clients with accounts of their own, such as
/// Jellyfin's on televisions, may live in a frame.
const UNFRAMED: &str = "?X-Frame-Options SAMEORIGIN";

pub(super) fn labels(site: &Site, tls: EnvVar, spec: &Spec) -> IndexMap<String, Text> {
    let mut labels = IndexMap::new();
    if spec.role == RoleKind::Edge {
        common(&mut labels);
        // No prefix number 9 without subkey: these are global options. The container
        // cannot install a root certificate on the host, so Caddy need not try.
        labels.insert("caddy_9.skip_install_trust".to_owned(), Text::default());
    }
    if let Some(secret) = spec.guard {
        login(secret, &mut labels);
    }
    let single = spec.routes.len() == 1;
    for (at, route) in spec.routes.iter().enumerate() {
        let prefix = if single { "caddy".to_owned() } else { format!("caddy_{at}") };
        self::route(site, tls, &prefix, *route, &mut labels);
        if at == 0 {
            for (index, (path, to)) in spec.redirects.iter().enumerate() {
                // Not `redir` alone: Caddy runs it before `basic_auth`, and whoever asks without a
                // login would be told every host name. `handle` comes after it.
                let handle = format!("{prefix}.handle_{index}");
                let to = Text::literal("https://").and(host(site, *to));
                labels.insert(format!("{handle}.redir"), to);
                labels.insert(handle, Text::literal(path));
            }
        }
    }
    labels
}

/// What holds for every route, guarded or not.
fn common(labels: &mut IndexMap<String, Text>) {
    let mut put =
        |key: &str, value: &str| labels.insert(format!("caddy_0{key}"), Text::literal(value));
    put("", &format!("({COMMON_SNIPPET})"));
    for (at, claim) in CLAIMS.iter().enumerate() {
        put(&format!(".request_header_{at}"), &format!("-{claim}"));
    }
    for (at, header) in FOR_BROWSERS.iter().enumerate() {
        put(&format!(".header_{at}"), header);
    }
    for (at, kind) in COMPRESSED.iter().enumerate() {
        put(&format!(".encode.match.header_{at}"), &format!("Content-Type {kind}"));
    }
}

/// The login of the household: user and bcrypt hash in a secret's file.
///
/// Caddy compares the password of a user that it does not know with a hash of its own, at a cost
/// that no setting changes (14, over a second of one core), so that nobody learns names by the time it takes.
/// A flood of such guesses would stop every site. So the file says in a comment, behind `# `, how
/// the `Authorization` of its user begins, and everybody else is refused before. The name is no
/// secret, the password has 100 random bits. `redir`, because Caddy runs it before `basic_auth`.
fn login(secret: Secret, labels: &mut IndexMap<String, Text>) {
    const SAID: &str = "{http.request.header.Authorization}";
    const FILE: &str = "{http.vars.login}";
    let path = secret.path();
    let mut put =
        |key: &str, value: &str| labels.insert(format!("caddy_1{key}"), Text::literal(value));
    put("", &format!("({LOGIN_SNIPPET})"));
    put(".import", COMMON_SNIPPET);
    put(".header", UNFRAMED);
    put(".vars", &format!("login {{file.{path}}}"));
    // What a site may open, see `opened`.
    put(".@guarded.not.vars", OPEN);
    put(".@stranger.not.vars", OPEN);
    put(
        ".@stranger.expression",
        &format!(
            "`{SAID} != \"\" && {FILE}.contains(\"# \") && \
             !{SAID}.matches(\"^(?i:basic) +\" + {FILE}.split(\"# \")[1].trim())`"
        ),
    );
    put(".header_1", "@stranger WWW-Authenticate `Basic realm=\"restricted\"`");
    put(".redir", "@stranger / 401");
    // A missing file makes the import fail, and with it every site that asks: fail closed.
    put(".basic_auth", "@guarded");
    put(".basic_auth.import", &path);
    // The household's password is the proxy's business alone; this comes after `basic_auth`. What is
    // no password belongs to a program on an open path.
    put(".@password.header_regexp", "Authorization ^(?i)basic");
    put(".request_header", "@password -Authorization");
}

/// Sets the variable on which the snippet of the login does not ask, for these paths.
///
/// The service gets a path as the client has spelt it, and may read it in another way than Caddy
/// does, which decodes and cleans a path before it compares. So what was sent has to be plain, too.
fn opened(paths: &[&str]) -> [(&'static str, String); 3] {
    let patterns: Vec<_> = paths
        .iter()
        .map(|it| it.replace('.', "[.]").replace('*', "([A-Za-z0-9_~-][A-Za-z0-9._~-]*/?)+"))
        .collect();
    let pattern = patterns.join("|");
    [
        (".@open.path", paths.join(" ")),
        (
            ".@open.expression",
            format!("`{{http.request.orig_uri}}.matches(\"^({pattern})([?].*)?$\")`"),
        ),
        (".vars_1", format!("@open {OPEN}")),
    ]
}

fn route(
    site: &Site,
    tls: EnvVar,
    prefix: &str,
    route: Route,
    labels: &mut IndexMap<String, Text>,
) {
    let mut put =
        |key: &str, value: &dyn ToText| labels.insert(format!("{prefix}{key}"), value.to_text());
    put("", &host(site, route));
    put(".tls", &tls);
    if !route.closed.is_empty() {
        put(".@closed.path", &route.closed.join(" "));
        put(".respond", &"@closed 403");
    }
    if let Some((paths, done)) = route.closed_until {
        // Behind `done=`, because the proxy writes a word without its quotes and Caddy takes a bare
        // `TRUE`, `True` or `t` for `true`. In quotes, so that spaces do not make it several.
        put(".vars", &Text::literal("set-up `done=").and(done).and("`"));
        put(".@unsettled.path", &paths.join(" "));
        put(".@unsettled.not.vars", &"set-up done=true");
        put(".respond_1", &"@unsettled 403");
    }
    for (key, value) in route.open.iter().flat_map(|(paths, _)| opened(paths)) {
        put(key, &value);
    }
    let snippet = if route.login == Login::Proxy { LOGIN_SNIPPET } else { COMMON_SNIPPET };
    put(".import", &snippet);
    put(".reverse_proxy", &format!("{{{{upstreams {}}}}}", route.port.number()));
}
