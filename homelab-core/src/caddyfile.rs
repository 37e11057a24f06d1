//! The Caddyfile that the labels of a project amount to.
//!
//! Follows caddy-docker-proxy's grammar (its `caddyfile/fromlabels.go`, `marshal.go`
//! and `merge.go`): dots nest, `N_` orders, `_N` isolates, blocks with the same
//! keys merge. `{{upstreams PORT}}` becomes `service:port` here, where the real
//! proxy writes addresses.

mod labels;

pub(crate) use self::labels::is_label;

use std::fmt::Write as _;

use indexmap::IndexMap;

use crate::project::Project;

/// A block or line of a Caddyfile: its tokens, and what stands in its braces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Number before the name; sorts before everything without one.
    order: Option<u32>,
    /// Directive and arguments, or a site's addresses; none for global options.
    tokens: Vec<String>,
    children: Vec<Block>,
}

/// What one container contributes to the Caddyfile under one of its label prefixes.
#[derive(Clone, Debug)]
pub struct Site {
    /// The service that carries the labels.
    pub service: String,
    block: Block,
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
        self.block.tokens.first().is_some_and(|it| it.starts_with('('))
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

    /// Whether the proxy itself asks for a login, whatever the path.
    pub fn is_guarded(&self) -> bool {
        // With a matcher it asks on some paths only; `forward_auth` takes its upstream first.
        let everywhere = |it: &[String]| !it.iter().any(|it| it.starts_with(['/', '@']));
        let asks = ["basic_auth", "basicauth", "forward_auth"];
        let imports =
            |it: &[String]| it.first().is_some_and(|it| it == crate::lower::LOGIN_SNIPPET);
        asks.iter().any(|it| self.directives(it).any(everywhere))
            || self.directives("import").any(imports)
    }
}

/// What every service contributes, in the order of the file.
pub fn sites(project: &Project<'_>) -> Vec<Site> {
    let mut sites = Vec::new();
    for member in project.members() {
        let labels = member.service.labels.iter();
        let labels = labels.map(|(key, value)| (key.as_str(), project.resolve(value)));
        for block in labels::blocks(labels, member.name) {
            sites.push(Site { service: member.name.to_owned(), block });
        }
    }
    sites
}

/// The whole Caddyfile, as the proxy would load it.
pub fn render(project: &Project<'_>) -> String {
    let mut blocks = IndexMap::new();
    for site in project.sites() {
        merge(&mut blocks, site.block.clone());
    }
    let mut blocks: Vec<Block> = blocks.into_values().collect();
    sort(&mut blocks);
    let mut out = String::new();
    for (at, block) in blocks.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        write_block(block, 0, &mut out);
    }
    out
}

/// Adds a block; one with the same tokens takes its children, upstreams of one matcher join.
fn merge(blocks: &mut IndexMap<Vec<String>, Block>, block: Block) {
    if let Some(same) = blocks.get_mut(&block.tokens) {
        for child in block.children {
            if same.children.contains(&child) {
                continue;
            }
            let proxied = proxied(&child);
            let joins = |it: &&mut Block| {
                proxied.is_some()
                    && self::proxied(it).map(|it| it.0) == proxied.map(|it| it.0)
                    && it.children == child.children
            };
            match same.children.iter_mut().find(joins) {
                Some(proxy) => {
                    proxy.tokens.extend(proxied.iter().flat_map(|it| it.1).cloned());
                }
                None => same.children.push(child),
            }
        }
    } else {
        blocks.insert(block.tokens.clone(), block);
    }
}

/// Directive and matcher of a line that forwards, and its upstreams; no matcher counts as `*`.
fn proxied(block: &Block) -> Option<((&str, &str), &[String])> {
    let (directive, rest) = block.tokens.split_first()?;
    if !matches!(directive.as_str(), "reverse_proxy" | "php_fastcgi") {
        return None;
    }
    match rest.split_first() {
        Some((matcher, upstreams)) if matcher.starts_with(['@', '/', '*']) => {
            Some(((directive, matcher), upstreams))
        }
        _ => Some(((directive, "*"), rest)),
    }
}

/// Global options, snippets, matchers, then by number, then by text, then fewer words first.
fn sort(blocks: &mut [Block]) {
    for block in blocks.iter_mut() {
        sort(&mut block.children);
    }
    let rank = |it: &Block| match it.tokens.first().map(String::as_bytes) {
        None => 0,
        Some([b'(', ..]) => 1,
        Some([b'@', ..]) => 2,
        Some(_) => 3,
    };
    blocks.sort_by(|a, b| {
        let order = |it: &Block| it.order.unwrap_or(u32::MAX);
        (rank(a), order(a), &a.tokens).cmp(&(rank(b), order(b), &b.tokens))
    });
}

fn write_block(block: &Block, depth: usize, out: &mut String) {
    let tokens: Vec<_> = block.tokens.iter().map(|it| token(it)).collect();
    let _ = write!(out, "{}{}", "\t".repeat(depth), tokens.join(" "));
    if block.children.is_empty() {
        out.push('\n');
        return;
    }
    out.push_str(if tokens.is_empty() { "{\n" } else { " {\n" });
    for child in &block.children {
        write_block(child, depth + 1, out);
    }
    let _ = writeln!(out, "{}}}", "\t".repeat(depth));
}

/// A token as Caddy's lexer reads it back.
fn token(text: &str) -> String {
    if text.contains(['\n', '"']) {
        format!("`{text}`")
    } else if text.contains(char::is_whitespace) || text.is_empty() {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    }
}
