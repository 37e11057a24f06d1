//! Labels that caddy-docker-proxy turns into a Caddyfile.
//!
//! Grammar: <https://github.com/lucaslorentz/caddy-docker-proxy/blob/master/README.md>.

use indexmap::IndexMap;

use super::host;
use crate::dsl::directive::Line;
use crate::dsl::dns::AcmeDns;
use crate::dsl::domain::{BELOW_MAX, Spot};
use crate::dsl::resource::Secret;
use crate::dsl::route::{Login, Route};
use crate::dsl::service::{RoleKind, Spec};
use crate::dsl::stack::{Site, Stack};
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

pub(super) fn labels(stack: &Stack, tls: EnvVar, spec: &Spec) -> IndexMap<String, Text> {
    let mut labels = IndexMap::new();
    if spec.role == RoleKind::Edge {
        common(&mut labels);
        // No prefix number 9 without subkey: these are global options. The container
        // cannot install a root certificate on the host, so Caddy need not try.
        labels.insert("caddy_9.skip_install_trust".to_owned(), Text::default());
    }
    if let Some(challenge) = spec.acme_dns {
        acme_dns(challenge, &mut labels);
    }
    if let Some(secret) = spec.guard {
        login(secret, &mut labels);
    }
    let spots = spec.routes.iter().flat_map(|route| route.spots().map(move |it| (route, it)));
    let spots: Vec<_> = spots.collect();
    for (at, (route, spot)) in spots.iter().enumerate() {
        let prefix = if spots.len() == 1 { "caddy".to_owned() } else { format!("caddy_{at}") };
        let prefix = self::route(stack, tls, &prefix, (spec, route), *spot, &mut labels);
        if at == 0 {
            redirects(&stack.site, &prefix, spec, &mut labels);
        }
    }
    labels
}

fn redirects(site: &Site, prefix: &str, spec: &Spec, labels: &mut IndexMap<String, Text>) {
    for (index, (path, to)) in spec.redirects.iter().enumerate() {
        // Not `redir` alone: Caddy runs it before `basic_auth`, and whoever asks without a
        // login would be told every host name. `handle` comes after it.
        let handle = format!("{prefix}.handle_{index}");
        let to = Text::literal("https://").and(host(site, to.spot)).and(to.below.unwrap_or(""));
        labels.insert(format!("{handle}.redir"), to);
        labels.insert(handle, Text::literal(path));
    }
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

/// The DNS challenge, for every site whose certificate comes from an ACME account. Caddy reads the
/// token when it loads its file; an editor's line break at the end is no part of it.
fn acme_dns(challenge: AcmeDns, labels: &mut IndexMap<String, Text>) {
    const KEY: &str = "caddy_9.acme_dns";
    let AcmeDns { provider, token } = challenge;
    let (module, token) = (provider.module(), format!("{{file.{}}}", token.path()));
    let mut put = |key: String, value: &str| labels.insert(key, Text::literal(value));
    match provider.subdirective() {
        None => put(KEY.to_owned(), &format!("{module} {token}")),
        Some(subdirective) => {
            put(KEY.to_owned(), module);
            put(format!("{KEY}.{subdirective}"), &token)
        }
    };
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

/// Writes the labels of one site of a route; returns the prefix of its lines.
fn route(
    stack: &Stack,
    tls: EnvVar,
    prefix: &str,
    (spec, route): (&Spec, &Route),
    spot: Spot,
    labels: &mut IndexMap<String, Text>,
) -> String {
    labels.insert(prefix.to_owned(), host(&stack.site, spot));
    let tls = spot.domain.map_or(tls, |it| it.tls);
    labels.insert(format!("{prefix}.tls"), tls.to_text());
    let prefix = handle(stack, prefix, route, labels);
    let mut put =
        |key: &str, value: &dyn ToText| labels.insert(format!("{prefix}{key}"), value.to_text());
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
    put(".reverse_proxy", &upstream(spec, route));
    if route.unchecked.is_some() {
        put(".reverse_proxy.transport", &"http");
        put(".reverse_proxy.transport.tls_insecure_skip_verify", &"");
    }
    for (at, directive) in route.directives.iter().enumerate() {
        let (key, value) = line(directive.0, at);
        put(&key, &value);
    }
    prefix
}

/// Returns where a route leads. A container without a network of its own has no address that the
/// proxy's word `upstreams` could find.
fn upstream(spec: &Spec, route: &Route) -> String {
    let (port, is_https) = (route.port.number(), route.unchecked.is_some());
    match (spec.network, is_https) {
        (None, false) => format!("{{{{upstreams {port}}}}}"),
        (None, true) => format!("{{{{upstreams https {port}}}}}"),
        (Some(_), false) => format!("{}:{port}", spec.host()),
        (Some(_), true) => format!("https://{}:{port}", spec.host()),
    }
}

/// Writes a line that a route asks for, as key and value of a label.
fn line(line: Line, at: usize) -> (String, String) {
    // Numbers that no other line of a site has, so that none is replaced.
    let at = 100 + at;
    match line {
        Line::Redirect { from, to } => (format!(".redir_{at}"), format!("{from} {to} 301")),
        Line::MaxBody(size) => (".request_body.max_size".to_owned(), format!("{size}MiB")),
        // `>`: when the service has answered.
        Line::Header { name, value } => (format!(".header_{at}"), format!(">{name} `{value}`")),
        Line::Unbuffered => (".reverse_proxy.flush_interval".to_owned(), "-1".to_owned()),
        Line::Raw { name, arguments, .. } => (format!(".{name}_{at}"), arguments.to_owned()),
    }
}

/// Opens a block of its own for a route that shares its host; returns the prefix of its lines.
///
/// Caddy runs the first `handle` that matches. It sorts one without a matcher to the end and leaves
/// those with several paths in the order of the file, which the number makes longest path first.
/// The matcher's name is the path itself, so that no other route of the host has it.
fn handle(
    stack: &Stack,
    prefix: &str,
    route: &Route,
    labels: &mut IndexMap<String, Text>,
) -> String {
    let mut put = |key: String, value: &str| labels.insert(key, Text::literal(value));
    let Some(path) = route.below else {
        let mut others = stack.services.iter().flat_map(|it| &it.routes);
        let is_shared = others.any(|other| route.shares_a_host(other));
        return if is_shared { format!("{prefix}.handle") } else { prefix.to_owned() };
    };
    // Neither `_` nor `.` may stand in a part of a label as they are: `~` is in no path.
    let name = format!("@{}", path.replace('/', ":").replace('_', "~"));
    put(format!("{prefix}.{}.path", name.replace('.', "\\.")), &format!("{path} {path}/*"));
    let handle = format!("{prefix}.{}_handle", BELOW_MAX - path.len());
    put(handle.clone(), &name);
    if route.strips {
        put(format!("{handle}.uri"), &format!("strip_prefix {path}"));
    }
    handle
}
