//! The Caddyfile that labels amount to.
//!
//! Follows caddy-docker-proxy's grammar (its `caddyfile/fromlabels.go`, `marshal.go`
//! and `merge.go`): dots nest, `N_` orders, `_N` isolates, blocks with the same
//! keys merge. For a project `{{upstreams PORT}}` becomes `service:port`; for a
//! container that runs, the addresses that the caller found, as with the real proxy.

mod block;
mod labels;
mod template;

pub use self::block::{Block, assemble};
pub(crate) use self::labels::is_label;
pub use self::template::UnknownTemplate;

use indexmap::{IndexMap, IndexSet};

/// A label with the network whose address of the container counts, instead of the networks
/// that the proxy was told.
pub const INGRESS_NETWORK: &str = "caddy_ingress_network";

/// What one container contributes to the Caddyfile under one of its label prefixes.
#[derive(Clone, Debug)]
pub struct Site {
    /// The service that carries the labels.
    pub service: String,
    block: Block,
    guarded: bool,
}

impl Site {
    /// Host names and addresses; empty for global options and snippets.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        let is_site = !self.is_snippet();
        let tokens = self.block.tokens.iter().filter(move |_| is_site);
        tokens.map(|it| it.trim_end_matches(',')).filter(|it| !it.is_empty())
    }

    /// Whether it is a snippet such as `(login)`.
    pub fn is_snippet(&self) -> bool {
        self.block.is_snippet()
    }

    /// The name of the snippet that it defines, without parentheses.
    pub fn snippet(&self) -> Option<&str> {
        self.block.tokens.first()?.strip_prefix('(')?.strip_suffix(')')
    }

    /// Every line of the site that begins with this directive, without the directive.
    pub fn directives<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [String]> {
        let children = self.block.children.iter();
        children
            .filter_map(move |it| it.tokens.split_first().filter(|(first, _)| *first == name))
            .map(|(_, rest)| rest)
    }

    /// Ports of its own container that it forwards to.
    pub fn upstream_ports(&self) -> Vec<u16> {
        let words = self.directives("reverse_proxy").flatten();
        let hosts = words.map(|it| it.split_once("://").map_or(it.as_str(), |(_, host)| host));
        let own = hosts.filter_map(|it| it.strip_prefix(self.service.as_str())?.strip_prefix(':'));
        own.filter_map(|it| it.parse().ok()).collect()
    }

    /// Paths that it answers with an error itself. One that is closed on a further condition is open,
    /// unless that is a variable of the site that has another value.
    pub fn closed_paths(&self) -> Vec<&str> {
        self.refused_paths(|condition| self.holds(condition))
    }

    /// The same with those that it opens as soon as a variable of its own has another value.
    pub fn closable_paths(&self) -> Vec<&str> {
        self.refused_paths(|condition| self.holds(condition) || is_switch(condition))
    }

    /// Paths that it answers with an error while every further condition is one of these.
    fn refused_paths(&self, counts: impl Fn(&Block) -> bool) -> Vec<&str> {
        let is_error = |word: &String| word.parse().is_ok_and(|it: u16| it >= 400);
        let refuses = self.directives("respond").filter(|it| it.last().is_some_and(is_error));
        let matchers = refuses.filter_map(|it| it.first()).filter(|it| it.starts_with('@'));
        let blocks = matchers.flat_map(|name| {
            self.block.children.iter().filter(move |it| it.tokens.first() == Some(name))
        });
        let closed = blocks.filter(|block| block.children.iter().all(&counts));
        let paths = closed.flat_map(|it| &it.children).flat_map(|it| &it.tokens);
        paths.map(String::as_str).filter(|it| it.starts_with(['/', '*'])).collect()
    }

    /// Whether a condition of a matcher is one on the path, or holds whatever is asked.
    fn holds(&self, condition: &Block) -> bool {
        match (condition.tokens.first().map(String::as_str), condition.children.as_slice()) {
            (Some("path"), _) => true,
            (Some("not"), [it]) => it.tokens.split_first().is_some_and(|(kind, it)| {
                kind == "vars" && self.directives("vars").all(|set| set != it)
            }),
            _ => false,
        }
    }

    /// Whether the proxy itself asks for a login, whatever the path: here, or in a snippet that it imports.
    pub const fn is_guarded(&self) -> bool {
        self.guarded
    }

    /// Whether its own lines ask for a login.
    fn asks(&self) -> bool {
        // With a matcher it asks on some paths only; `forward_auth` takes its upstream first.
        let everywhere = |words: &[String]| !words.iter().any(|it| it.starts_with(['/', '@']));
        let asks = ["basic_auth", "basicauth", "forward_auth"];
        asks.iter().any(|name| self.directives(name).any(everywhere))
    }

    /// Names of the snippets that it imports; what looks like a path is a file of the proxy's container.
    pub fn imports(&self) -> impl Iterator<Item = &str> {
        let names = self.directives("import").filter_map(|words| words.first());
        names.map(String::as_str).filter(|name| !name.contains(['/', '*']))
    }
}

/// Whether a condition of a matcher is that a variable of the site does not have a value.
fn is_switch(condition: &Block) -> bool {
    let is_vars = |it: &Block| it.tokens.first().map(String::as_str) == Some("vars");
    condition.tokens.first().map(String::as_str) == Some("not")
        && condition.children.iter().all(is_vars)
}

/// What services contribute, each with its labels, in their order; `resolve` replaces the variables of a value.
pub fn sites<'a>(
    services: impl IntoIterator<Item = (&'a str, &'a IndexMap<String, String>)>,
    resolve: impl Fn(&str) -> String,
) -> Vec<Site> {
    let mut sites = Vec::new();
    for (name, labels) in services {
        let addresses = [name.to_owned()];
        let values = labels.iter().filter(|(key, _)| is_label(key)).map(|(key, value)| {
            let value = resolve(value);
            // Rules judge what they can read, also beside a template that only the proxy knows.
            (key.as_str(), template::expand(&value, &addresses).unwrap_or(value))
        });
        let site = |block| Site { service: name.to_owned(), block, guarded: false };
        sites.extend(labels::blocks(values).into_iter().map(site));
    }
    guard(&mut sites);
    sites
}

/// Notes which sites and snippets ask for a login, themselves or by what they import.
///
/// A snippet that no label defines counts as one that asks: without it the proxy drops the site, and
/// where a file of the proxy's own defines it, nothing is known against it.
fn guard(sites: &mut [Site]) {
    let mut open: IndexSet<String> =
        sites.iter().filter_map(Site::snippet).map(str::to_owned).collect();
    loop {
        for site in sites.iter_mut() {
            site.guarded = site.asks() || site.imports().any(|name| !open.contains(name));
        }
        let guarded = sites.iter().filter(|site| site.guarded).filter_map(Site::snippet);
        let guarded: Vec<_> = guarded.map(str::to_owned).collect();
        let before = open.len();
        open.retain(|name| !guarded.contains(name));
        if open.len() == before {
            return;
        }
    }
}

/// The Caddyfile of these sites, as the proxy would load it.
pub fn render<'a>(sites: impl IntoIterator<Item = &'a Site>) -> String {
    assemble(sites.into_iter().map(|site| site.block.clone())).join("\n")
}

/// What a container that runs contributes, given its labels and its addresses on ingress
/// networks. Labels that are not the proxy's are skipped.
///
/// # Errors
///
/// A template that only the real proxy could evaluate. It does without the container's labels
/// when a template fails, so the caller should as well.
pub fn translate<'a>(
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    addresses: &[String],
) -> Result<Vec<Block>, UnknownTemplate> {
    let labels = labels.into_iter().filter(|it| is_label(it.0));
    let values = labels.map(|(key, value)| Ok((key, template::expand(value, addresses)?)));
    Ok(labels::blocks(values.collect::<Result<Vec<_>, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The Caddyfile of containers with these labels; the first has the address 10.0.0.2.
    #[track_caller]
    pub(super) fn rendered(containers: &[&[(&str, &str)]]) -> String {
        let mut blocks = Vec::new();
        for (at, labels) in containers.iter().enumerate() {
            let addresses = [format!("10.0.0.{}", at + 2)];
            let translated = translate(labels.iter().copied(), &addresses);
            blocks.extend(translated.expect("every template is known"));
        }
        assemble(blocks).join("\n")
    }

    #[test]
    fn a_template_that_is_not_known_costs_the_labels() {
        let labels = [("caddy", "{{index .Names 0}}.lan"), ("other", "{{unread}}")];
        assert!(translate(labels, &[]).is_err());
        assert_eq!(translate(labels.into_iter().skip(1), &[]), Ok(Vec::new()));
    }

    #[test]
    fn without_addresses_there_are_no_upstreams() {
        let labels = [("caddy", "a.lan"), ("caddy.reverse_proxy", "{{upstreams 80}}")];
        let blocks = translate(labels, &[]).expect("every template is known");
        insta::assert_snapshot!(assemble(blocks).join("\n"), @r"
        a.lan {
        	reverse_proxy
        }
        ");
    }
}
