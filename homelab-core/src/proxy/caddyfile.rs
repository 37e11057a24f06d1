//! Translates the labels of containers into a Caddyfile.
//!
//! Follows caddy-docker-proxy's grammar (its `caddyfile/fromlabels.go`, `marshal.go` and
//! `merge.go`): dots nest, `N_` orders, `_N` isolates, blocks with the same keys merge. For a
//! project, `{{upstreams PORT}}` becomes `service:port`. For a running container it becomes the
//! addresses that the caller found, as with the real proxy.

mod block;
mod labels;
mod login;
mod scope;
mod template;

pub use self::block::{Block, assemble};
pub(crate) use self::labels::is_label;
use self::login::{SiteLogin, guard};
pub use self::template::UnknownTemplate;

use indexmap::IndexMap;

use crate::compose::interpolate;

/// Label with the network on which the proxy reaches the container, instead of the networks that
/// the proxy was told.
pub const INGRESS_NETWORK: &str = "caddy_ingress_network";

/// The part of the Caddyfile that one label prefix of a container defines: a site, a snippet or
/// global options. A site whose blocks (`handle`) lead to several upstreams counts once for each.
#[derive(Clone, Debug)]
pub struct ProxySite {
    /// The service that carries the labels.
    pub service: String,
    /// The label with its addresses, such as `caddy_1`; its further labels begin with it.
    pub label: String,
    /// The host by which others reach that service.
    pub(crate) host: String,
    /// The lines that hold for it: those of the site, and those of its own block.
    block: Block,
    /// The paths of its block, without what ends them.
    below: Option<String>,
    /// The site as the proxy loads it; on the first of those that stand in one.
    written: Option<Block>,
    /// The host name that it would have if a variable had a value, and that variable.
    off: Option<(String, String)>,
    login: SiteLogin,
}

impl ProxySite {
    /// Returns its host names and addresses; none for global options and snippets. While it is off,
    /// it is the name that it would have, with `$NAME` for the variable's value.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        let is_site = !self.block.is_snippet();
        let tokens = self.block.tokens.iter().filter(move |_| is_site);
        let off = self.off.iter().map(|it| it.0.as_str());
        tokens.map(|it| it.trim_end_matches(',')).filter(|it| !it.is_empty()).chain(off)
    }

    /// Returns the variable of `.env` without whose value the proxy takes it for a snippet, and
    /// which has none.
    pub fn off_until(&self) -> Option<&str> {
        self.off.as_ref().map(|it| it.1.as_str())
    }

    /// Returns where visitors find it: an address, and the paths below which it begins.
    pub fn place(&self, address: &str) -> String {
        format!("{address}{}", self.below().unwrap_or_default())
    }

    /// Whether its certificate is from a public authority: when its lines do not say `internal`, its
    /// name is one of the public DNS, and it needs a certificate at all.
    pub fn has_public_certificate(&self) -> bool {
        let tls =
            self.block.children.iter().filter(|it| it.tokens.first().is_some_and(|it| it == "tls"));
        let mut words = tls.flat_map(|it| it.children.iter().chain([it])).flat_map(|it| &it.tokens);
        let has_none = self.addresses().all(|it| it.starts_with("http://") || is_private(it));
        !has_none && !words.any(|it| it == "internal")
    }

    /// Returns the paths below which it begins, such as `/api`; `None` when it serves every path that
    /// no other block of its site has.
    pub fn below(&self) -> Option<&str> {
        self.below.as_deref()
    }

    /// Whether it is a snippet such as `(login)`.
    pub fn is_snippet(&self) -> bool {
        self.off.is_none() && self.block.is_snippet()
    }

    /// Returns the name of the snippet that it defines, without parentheses.
    pub fn snippet(&self) -> Option<&str> {
        self.block
            .tokens
            .first()
            .filter(|_| self.off.is_none())?
            .strip_prefix('(')?
            .strip_suffix(')')
    }

    /// Returns the arguments of every line that begins with this directive.
    pub fn directives<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [String]> {
        let children = self.block.children.iter();
        children
            .filter_map(move |it| it.tokens.split_first().filter(|(first, _)| *first == name))
            .map(|(_, rest)| rest)
    }

    /// Returns the names of the modules by which it proves to an ACME authority whose a domain is,
    /// for all sites (`acme_dns`) or for itself (`dns` of `tls`).
    pub fn dns_modules(&self) -> impl Iterator<Item = &str> {
        let tls =
            self.block.children.iter().filter(|it| it.tokens.first().is_some_and(|it| it == "tls"));
        let own = tls.flat_map(|it| &it.children).filter_map(|it| match it.tokens.as_slice() {
            [dns, module, ..] if dns == "dns" => Some(module),
            _ => None,
        });
        let all = self.directives("acme_dns").filter_map(|words| words.first());
        all.chain(own).map(String::as_str)
    }

    /// Returns the ports of its own container that it forwards to.
    pub fn upstream_ports(&self) -> Vec<u16> {
        let words = self.directives("reverse_proxy").flatten();
        let hosts = words.map(|it| it.split_once("://").map_or(it.as_str(), |(_, host)| host));
        let own = hosts.filter_map(|it| it.strip_prefix(self.host.as_str())?.strip_prefix(':'));
        own.filter_map(|it| it.parse().ok()).collect()
    }

    /// Returns the paths that it always answers with an error. A path that is refused only on a
    /// further condition counts when the site's own variables make that condition true.
    pub fn closed_paths(&self) -> Vec<&str> {
        self.refused_paths(|condition| self.holds(condition))
    }

    /// Returns the paths that it answers with an error whatever else holds.
    pub fn always_closed_paths(&self) -> Vec<&str> {
        self.refused_paths(|condition| condition.tokens.first().map(String::as_str) == Some("path"))
    }

    /// Returns the closed paths, and those that it would close if a variable of the site had
    /// another value.
    pub fn closable_paths(&self) -> Vec<&str> {
        self.refused_paths(|condition| self.holds(condition) || is_switch(condition))
    }

    /// Returns the paths that it answers with an error, when `counts` is true for every condition
    /// of their matcher.
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

    /// Returns the paths of its matchers that are those of no request: a path begins with `/`.
    pub fn idle_paths(&self) -> impl Iterator<Item = &str> {
        let named = self
            .block
            .children
            .iter()
            .filter(|it| it.tokens[..].first().is_some_and(|it| it.starts_with('@')));
        let conditions = named.flat_map(|it| {
            let own = it.tokens.get(1..).unwrap_or_default();
            it.children.iter().map(|it| it.tokens.as_slice()).chain([own])
        });
        let paths = conditions.filter_map(|it| it.split_first()).filter(|it| it.0 == "path");
        let words = paths.flat_map(|it| it.1).map(String::as_str);
        words.filter(|it| !it.starts_with(['/', '*', '{']))
    }

    /// Whether a word of it is a brace, which opens or closes a block where none is meant.
    pub fn breaks_out(&self) -> bool {
        self.written.as_ref().is_some_and(Block::has_brace)
    }

    /// Whether a condition of a matcher is one on the path, or is true for every request.
    fn holds(&self, condition: &Block) -> bool {
        match (condition.tokens.first().map(String::as_str), condition.children.as_slice()) {
            (Some("path"), _) => true,
            (Some("not"), [not]) => not.tokens.split_first().is_some_and(|(kind, value)| {
                kind == "vars" && self.directives("vars").all(|set| set != value)
            }),
            _ => false,
        }
    }

    /// Returns the names of the snippets that it imports. An argument that looks like a path is a
    /// file in the proxy's container and is left out.
    pub fn imports(&self) -> impl Iterator<Item = &str> {
        let names = self.directives("import").filter_map(|words| words.first());
        names.map(String::as_str).filter(|name| !name.contains(['/', '*']))
    }
}

/// Returns the name that a site would have if the variables in it had values, `$NAME` for each, and
/// the first of these variables; `None` when it is a snippet with these, too.
pub(crate) fn stand_in(name: &str) -> Option<(String, String)> {
    let variable = interpolate::variables(name).into_iter().next()?;
    let host = interpolate::resolve(name, &|name| Some(format!("${name}"))).ok()?;
    (!host.starts_with('(')).then_some((host, variable))
}

/// Domains that do not exist in the public DNS: those of RFC 8375, 6762 and 6761, ICANN's for
/// private use, and `lan`, which routers use although nothing reserves it.
const PRIVATE: &[&str] = &["home.arpa", "local", "localhost", "internal", "lan"];

/// Whether a domain is none of the public DNS, so that no public authority issues certificates for
/// it.
pub fn is_private(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    let rest = PRIVATE.iter().find_map(|it| domain.strip_suffix(it));
    rest.is_some_and(|it| it.is_empty() || it.ends_with('.'))
}

/// Whether a condition of a matcher says that a variable of the site does not have a certain value.
fn is_switch(condition: &Block) -> bool {
    let is_vars = |it: &Block| it.tokens.first().map(String::as_str) == Some("vars");
    condition.tokens.first().map(String::as_str) == Some("not")
        && condition.children.iter().all(is_vars)
}

/// Returns the parts of the Caddyfile that services define by their labels, in the order of the
/// services; `resolve` replaces the variables of a value.
pub fn sites<'a>(
    services: impl IntoIterator<Item = (&'a str, &'a IndexMap<String, String>)>,
    resolve: impl Fn(&str) -> String,
) -> Vec<ProxySite> {
    let mut sites = Vec::new();
    for (name, labels) in services {
        let addresses = [name.to_owned()];
        let values = labels.iter().filter(|(key, _)| is_label(key)).map(|(key, value)| {
            let value = resolve(value);
            // A value with a template that only the proxy knows stays as it is, so that rules can
            // judge the rest.
            (key.as_str(), template::expand(&value, &addresses).unwrap_or(value))
        });
        for (label, written) in labels::labelled(values) {
            let mut whole = Some(written.clone());
            let own = labels.get(&label).filter(|_| written.is_snippet());
            let off = own.and_then(|it| stand_in(it));
            // A snippet is one thing.
            let is_site = off.is_some() || !written.is_snippet();
            let split = if is_site { scope::split(written) } else { vec![(written, None)] };
            sites.extend(split.into_iter().map(|(block, below)| ProxySite {
                service: name.to_owned(),
                host: name.to_owned(),
                label: label.clone(),
                block,
                below,
                written: whole.take(),
                off: off.clone(),
                login: SiteLogin::default(),
            }));
        }
    }
    guard(&mut sites);
    sites
}

/// Writes the Caddyfile of these sites, as the proxy would load it.
pub fn render<'a>(sites: impl IntoIterator<Item = &'a ProxySite>) -> String {
    assemble(sites.into_iter().filter_map(|site| site.written.clone())).join("\n")
}

/// Translates the labels of a running container, given its addresses on the proxy's networks.
/// Labels that are not the proxy's are skipped.
///
/// # Errors
///
/// A template that only the real proxy can evaluate. When a template fails, the proxy ignores all
/// labels of the container, so the caller should do the same.
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

    /// Returns the Caddyfile of containers with these labels; the first has the address 10.0.0.2.
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
    fn private_domains_are_known_by_their_end() {
        for it in ["home.arpa", "my.home.arpa", "nas.local", "x.Internal", "a.lan", "b.localhost"] {
            assert!(is_private(it), "{it}");
        }
        for it in ["example.org", "myhome.arpa", "dylan", "local.example.org"] {
            assert!(!is_private(it), "{it}");
        }
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
