//! Labels of one container → blocks of a Caddyfile.

use indexmap::IndexMap;

use super::Block;

/// Prefix of the labels that the proxy reads.
const PREFIX: &str = "caddy";

/// The blocks that a container's labels amount to, one for each of `caddy`, `caddy_0`, ….
pub(super) fn blocks<'a>(
    labels: impl Iterator<Item = (&'a str, String)>,
    service: &str,
) -> Vec<Block> {
    let mut roots: IndexMap<String, Node> = IndexMap::new();
    for (key, value) in labels {
        let mut path = segments(key);
        let root = path.remove(0);
        if !is_root(&root) {
            continue;
        }
        let mut node = roots.entry(root).or_default();
        for segment in path {
            node = node.children.entry(segment).or_default();
        }
        node.arguments.extend(words(&upstreams(&value, service)));
    }
    roots.into_values().map(|it| it.into_block(None)).collect()
}

#[derive(Default)]
struct Node {
    arguments: Vec<String>,
    children: IndexMap<String, Node>,
}

impl Node {
    fn into_block(self, segment: Option<&str>) -> Block {
        let (order, name) = segment.map_or((None, None), |it| {
            let (order, name) = split(it);
            (order, Some(name.to_owned()))
        });
        Block {
            order,
            tokens: name.into_iter().chain(self.arguments).collect(),
            children: self
                .children
                .into_iter()
                .map(|(key, it)| it.into_block(Some(&key)))
                .collect(),
        }
    }
}

/// Whether the proxy reads this label as a piece of its Caddyfile.
pub(crate) fn is_label(key: &str) -> bool {
    segments(key).first().is_some_and(|it| is_root(it))
}

/// `caddy`, or `caddy_` and digits.
fn is_root(segment: &str) -> bool {
    segment.strip_prefix(PREFIX).is_some_and(|rest| {
        let digits = rest.strip_prefix('_').unwrap_or("");
        rest.is_empty() || !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit())
    })
}

/// Splits at dots; `\.` is a dot inside a name.
fn segments(key: &str) -> Vec<String> {
    // A dot inside a name is hidden behind a character that no label holds.
    let parts = key.replace("\\.", "\0");
    parts.split('.').map(|it| it.replace('\0', ".")).collect()
}

/// `N_name_M` → order `N` and name; `M` only keeps apart what would be one block.
fn split(segment: &str) -> (Option<u32>, &str) {
    let (order, rest) = match segment.split_once('_') {
        Some((number, rest)) if is_number(number) => (number.parse().ok(), rest),
        _ => (None, segment),
    };
    match rest.rsplit_once('_') {
        Some((name, number)) if is_number(number) => (order, name),
        _ => (order, rest),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

/// Replaces `{{upstreams}}`, `{{upstreams 80}}` and `{{upstreams https 443}}`.
fn upstreams(value: &str, service: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((template, tail)) = after.split_once("}}") else { break };
        out.push_str(before);
        let mut words = template.split_whitespace();
        if words.next() == Some("upstreams") {
            let (ports, schemes): (Vec<_>, Vec<_>) =
                words.partition(|it| it.bytes().all(|it| it.is_ascii_digit()));
            if let Some(scheme) = schemes.first() {
                out.push_str(scheme);
                out.push_str("://");
            }
            out.push_str(service);
            if let Some(port) = ports.first() {
                out.push(':');
                out.push_str(port);
            }
        } else {
            out.push_str("{{");
            out.push_str(template);
            out.push_str("}}");
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Caddy's lexer: white space separates, double quotes and backticks keep it.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut open, mut quote, mut escaped) = (false, None, false);
    for it in text.chars() {
        match quote {
            Some('"') if escaped => {
                if it != '"' {
                    word.push('\\');
                }
                word.push(it);
                escaped = false;
            }
            Some('"') if it == '\\' => escaped = true,
            Some(mark) if it == mark => quote = None,
            Some(_) => word.push(it),
            None if it.is_whitespace() => {
                if open {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            None if !open && matches!(it, '"' | '`') => (open, quote) = (true, Some(it)),
            None => {
                open = true;
                word.push(it);
            }
        }
    }
    if open {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(labels: &[(&str, &str)]) -> String {
        let labels = labels.iter().map(|(key, value)| (*key, (*value).to_owned()));
        let mut blocks = blocks(labels, "app");
        super::super::sort(&mut blocks);
        let mut out = String::new();
        for block in &blocks {
            super::super::write_block(block, 0, &mut out);
        }
        out
    }

    #[test]
    fn a_site_with_options() {
        insta::assert_snapshot!(rendered(&[
            ("caddy", "a.lan"),
            ("caddy.tls", "internal"),
            ("caddy.import", "auth"),
            ("caddy.reverse_proxy", "{{upstreams 8080}}"),
            ("caddy.reverse_proxy.header_up", "-Authorization"),
            ("caddy_ingress_network", "other"),
            ("caddyfoo", "no"),
        ]), @r"
        a.lan {
        	import auth
        	reverse_proxy app:8080 {
        		header_up -Authorization
        	}
        	tls internal
        }
        ");
    }

    #[test]
    fn snippets_globals_order_and_isolation() {
        insta::assert_snapshot!(rendered(&[
            ("caddy_1", "a.lan b.lan"),
            ("caddy_1.route.1_reverse_proxy", "{{upstreams https 443}}"),
            ("caddy_1.route.0_uri", "strip_prefix /x"),
            ("caddy_1.redir_1", "/b \"https://b /\""),
            ("caddy_1.redir_0", "/a https://a"),
            ("caddy_1.@m.path", "/x"),
            ("caddy_0", "(auth)"),
            ("caddy_0.header.X-A\\.B", "1"),
            ("caddy_9.email", "me@example.org"),
        ]), @r#"
        {
        	email me@example.org
        }
        (auth) {
        	header {
        		X-A.B 1
        	}
        }
        a.lan b.lan {
        	@m {
        		path /x
        	}
        	redir /a https://a
        	redir /b "https://b /"
        	route {
        		uri strip_prefix /x
        		reverse_proxy https://app:443
        	}
        }
        "#);
    }
}
