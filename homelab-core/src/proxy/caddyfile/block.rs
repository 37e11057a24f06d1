//! Merges, sorts and writes the blocks of a Caddyfile.

use std::cmp::Ordering;
use std::fmt::Write as _;

use indexmap::IndexMap;

/// The order of a block without a number: after every block with one.
pub(super) const LAST: u32 = u32::MAX;

/// A block or line of a Caddyfile: its tokens, and what stands in its braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Number before the name.
    pub(super) order: u32,
    /// Directive and arguments, or a site's addresses; none for global options.
    pub(super) tokens: Vec<String>,
    pub(super) children: Vec<Block>,
}

/// Merges and sorts blocks, and returns the text of each. Joined by empty lines, the texts are the
/// whole Caddyfile.
pub fn assemble(blocks: impl IntoIterator<Item = Block>) -> Vec<String> {
    let mut merged = Vec::new();
    merge(&mut merged, blocks);
    sort(&mut merged);
    let text = |block: &Block| {
        let mut out = String::new();
        block.write(0, &mut out);
        out
    };
    merged.iter().map(text).collect()
}

/// Adds blocks. The children of a block with the same identity as an existing one are merged into
/// that one. Blocks of one container only meet at the top, so what its labels keep apart stays
/// apart.
fn merge(into: &mut Vec<Block>, blocks: impl IntoIterator<Item = Block>) {
    let mut known = IndexMap::new();
    for (at, block) in into.iter().enumerate() {
        known.entry(block.identity()).or_insert(at);
    }
    for block in blocks {
        let at = *known.entry(block.identity()).or_insert(into.len());
        if let Some(like) = into.get_mut(at) {
            if let Some((_, upstreams)) = block.proxied() {
                like.tokens.extend_from_slice(upstreams);
            }
            merge(&mut like.children, block.children);
        } else {
            into.push(block);
        }
    }
}

fn sort(blocks: &mut [Block]) {
    for block in blocks.iter_mut() {
        sort(&mut block.children);
    }
    blocks.sort();
}

impl Block {
    /// Whether it is a snippet such as `(login)`.
    pub(super) fn is_snippet(&self) -> bool {
        matches!(self.tokens.as_slice(), [one] if one.starts_with('(') && one.ends_with(')'))
    }

    /// Whether a word of it or of a line in it is a brace.
    pub(super) fn has_brace(&self) -> bool {
        self.tokens.iter().any(|it| it == "{" || it == "}")
            || self.children.iter().any(Self::has_brace)
    }

    /// Returns what two blocks that merge have in common: all tokens except the upstreams.
    fn identity(&self) -> Vec<String> {
        match self.proxied() {
            Some(([directive, matcher], _)) => vec![directive.to_owned(), matcher.to_owned()],
            None => self.tokens.clone(),
        }
    }

    /// Returns directive, matcher and upstreams of a line that forwards requests; no matcher means
    /// `*`.
    fn proxied(&self) -> Option<([&str; 2], &[String])> {
        let (directive, rest) = self.tokens.split_first()?;
        if !matches!(directive.as_str(), "reverse_proxy" | "php_fastcgi") {
            return None;
        }
        Some(match rest.split_first() {
            Some((it, upstreams)) if it == "*" || it.starts_with(['@', '/']) => {
                ([directive, it], upstreams)
            }
            _ => ([directive, "*"], rest),
        })
    }

    fn write(&self, depth: usize, out: &mut String) {
        let tokens: Vec<_> = self.tokens.iter().map(|it| token(it)).collect();
        let _ = write!(out, "{}{}", "\t".repeat(depth), tokens.join(" "));
        if self.children.is_empty() {
            out.push('\n');
            return;
        }
        out.push_str(if tokens.is_empty() { "{\n" } else { " {\n" });
        for child in &self.children {
            child.write(depth + 1, out);
        }
        let _ = writeln!(out, "{}}}", "\t".repeat(depth));
    }

    /// Sorts global options first, then snippets, then matchers; then by number, by text, and by
    /// fewer words.
    fn rank(&self) -> (u8, u32, &[String], &[Self]) {
        let kind = match self.tokens.first() {
            None => 0,
            Some(_) if self.is_snippet() => 1,
            Some(first) if first.starts_with('@') => 2,
            Some(_) => 3,
        };
        (kind, self.order, &self.tokens, &self.children)
    }
}

impl Ord for Block {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Block {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Writes a token as the proxy does; an empty one is lost.
fn token(text: &str) -> String {
    if text.contains(['\n', '"']) {
        format!("`{}`", text.replace('`', "\\`"))
    } else if text.contains(' ') {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::rendered;

    #[test]
    fn the_order_of_blocks() {
        insta::assert_snapshot!(rendered(&[&[
            ("caddy_1", "b.lan"),
            ("caddy_1.respond", "b"),
            ("caddy_1.respond_1", ""),
            ("caddy_1.abort", "c"),
            ("caddy_1.5_zzz", ""),
            ("caddy_1.@z.path", "/z"),
            ("caddy_1.7_@a", "path /a"),
            ("caddy_2", "b.lan c.lan"),
            ("caddy_2.abort", ""),
            ("caddy_3", "a.lan"),
            ("caddy_3.abort", ""),
        ], &[
            ("caddy_0", "(auth)"),
            ("caddy_0.forward_auth", "authelia:9091"),
            ("caddy_0.forward_auth.uri", "/api/authz/forward-auth"),
            ("caddy_0.forward_auth.copy_headers", "Remote-User Remote-Groups"),
            ("caddy_9.email", "me@example.org"),
        ]]), @r"
        {
        	email me@example.org
        }

        (auth) {
        	forward_auth authelia:9091 {
        		copy_headers Remote-User Remote-Groups
        		uri /api/authz/forward-auth
        	}
        }

        a.lan {
        	abort
        }

        b.lan {
        	@a path /a
        	@z {
        		path /z
        	}
        	zzz
        	abort c
        	respond
        	respond b
        }

        b.lan c.lan {
        	abort
        }
        ");
    }

    #[test]
    fn global_options_of_containers_merge() {
        insta::assert_snapshot!(rendered(&[
            &[("caddy_9.email", "me@example.org"), ("caddy_9.servers.metrics", "")],
            &[("caddy.admin", "off"), ("caddy.servers.trusted_proxies", "static 10.0.0.0/8")],
        ]), @r"
        {
        	admin off
        	email me@example.org
        	servers {
        		metrics
        		trusted_proxies static 10.0.0.0/8
        	}
        }
        ");
    }

    #[test]
    fn replicas_of_a_site_share_its_load() {
        let replica: &[_] = &[
            ("caddy", "a.lan"),
            ("caddy.reverse_proxy", "{{upstreams 80}}"),
            ("caddy.reverse_proxy.header_up", "-Authorization"),
            ("caddy.tls", "internal"),
        ];
        insta::assert_snapshot!(rendered(&[replica, replica]), @r"
        a.lan {
        	reverse_proxy 10.0.0.2:80 10.0.0.3:80 {
        		header_up -Authorization
        	}
        	tls internal
        }
        ");
    }

    #[test]
    fn upstreams_merge_when_directive_and_matcher_agree() {
        insta::assert_snapshot!(rendered(&[
            &[
                ("caddy", "a.lan"),
                ("caddy.1_reverse_proxy", "* {{upstreams}}"),
                ("caddy.2_reverse_proxy", "/x {{upstreams}}"),
                ("caddy.3_php_fastcgi", "@m {{upstreams 9000}}"),
            ],
            &[
                ("caddy", "a.lan"),
                ("caddy.reverse_proxy", "{{upstreams}}"),
                ("caddy.reverse_proxy.lb_policy", "first"),
                ("caddy.php_fastcgi_1", "@m {{upstreams 9000}}"),
                ("caddy.php_fastcgi_2", "/m {{upstreams 9000}}"),
            ],
        ]), @r"
        a.lan {
        	reverse_proxy * 10.0.0.2 10.0.0.3 {
        		lb_policy first
        	}
        	reverse_proxy /x 10.0.0.2
        	php_fastcgi @m 10.0.0.2:9000 10.0.0.3:9000
        	php_fastcgi /m 10.0.0.3:9000
        }
        ");
    }

    #[test]
    fn blocks_merge_below_the_top_as_well() {
        insta::assert_snapshot!(rendered(&[
            &[("caddy", "a.lan"), ("caddy.header.X-A", "1"), ("caddy.log", "")],
            &[("caddy", "a.lan"), ("caddy.header.X-B", "2"), ("caddy.log", "other")],
            &[("caddy", "a.lan b.lan"), ("caddy.abort", "")],
        ]), @r"
        a.lan {
        	header {
        		X-A 1
        		X-B 2
        	}
        	log
        	log other
        }

        a.lan b.lan {
        	abort
        }
        ");
    }

    #[test]
    fn a_wildcard_site_of_several_containers() {
        let labels = |at: usize| {
            let host = ["host one.lan", "host two.lan"][at];
            [
                ("caddy".to_owned(), "*.lan"),
                (format!("caddy.{at}_@{at}"), host),
                (format!("caddy.{at}_handle"), ["@0", "@1"][at]),
                (format!("caddy.{at}_handle.reverse_proxy"), "{{upstreams}}"),
            ]
        };
        let containers = [labels(0), labels(1)];
        let [one, two] =
            containers.each_ref().map(|labels| labels.each_ref().map(|it| (it.0.as_str(), it.1)));
        insta::assert_snapshot!(rendered(&[&one, &two]), @r"
        *.lan {
        	@0 host one.lan
        	@1 host two.lan
        	handle @0 {
        		reverse_proxy 10.0.0.2
        	}
        	handle @1 {
        		reverse_proxy 10.0.0.3
        	}
        }
        ");
    }
}
