//! Turns the labels of one container into blocks of a Caddyfile.

use indexmap::IndexMap;

use super::block::{Block, LAST};

/// Prefix of the labels that the proxy reads.
const PREFIX: &str = "caddy";

/// Makes one block for each of the prefixes `caddy`, `caddy_0`, …. The caller leaves out other
/// labels and has expanded the templates.
pub(super) fn blocks<'a>(labels: impl IntoIterator<Item = (&'a str, String)>) -> Vec<Block> {
    labelled(labels).map(|it| it.1).collect()
}

/// Does the same as [`blocks`], with the prefix of each block.
pub(super) fn labelled<'a>(
    labels: impl IntoIterator<Item = (&'a str, String)>,
) -> impl Iterator<Item = (String, Block)> {
    let mut roots: IndexMap<String, Node> = IndexMap::new();
    for (key, value) in labels {
        let mut path = segments(key);
        let mut node = roots.entry(path.remove(0)).or_default();
        for segment in path {
            node = node.children.entry(segment).or_default();
        }
        node.arguments.extend(words(&value));
    }
    roots.into_iter().map(|(prefix, it)| (prefix, it.into_block(None)))
}

#[derive(Default)]
struct Node {
    arguments: Vec<String>,
    children: IndexMap<String, Node>,
}

impl Node {
    fn into_block(self, segment: Option<&str>) -> Block {
        let (order, name) = segment.map_or((LAST, None), |segment| {
            let (order, name) = split(segment);
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
    key.split('.').next().is_some_and(is_root)
}

/// Whether a part of a label is `caddy`, or `caddy_` with digits.
fn is_root(segment: &str) -> bool {
    segment.strip_prefix(PREFIX).is_some_and(|rest| {
        let digits = rest.strip_prefix('_').unwrap_or("");
        rest.is_empty() || !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit())
    })
}

/// Splits the key of a label at dots; `\.` is a dot inside a name.
fn segments(key: &str) -> Vec<String> {
    // A dot inside a name is replaced for a moment by a character that no label contains.
    let parts = key.replace("\\.", "\0");
    parts.split('.').map(|it| it.replace('\0', ".")).collect()
}

/// Splits `N_name_M` into the order `N` and the name. `M` only keeps blocks apart that would merge.
fn split(segment: &str) -> (u32, &str) {
    let (order, rest) = match segment.split_once('_') {
        Some((number, rest)) if is_number(number) && !rest.is_empty() => {
            (number.parse().unwrap_or(LAST), rest)
        }
        _ => (LAST, segment),
    };
    match rest.rsplit_once('_') {
        Some((name, number)) if is_number(number) && !name.is_empty() => (order, name),
        _ => (order, rest),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

/// Splits a value as Caddy's lexer does: at white space, unless a quote at the start of a word
/// protects it. `#` at the start of a word begins a comment. A quote that is not closed is dropped,
/// a quote within a word stays.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut quote, mut escaped, mut comment) = (None, false, false);
    for it in text.chars() {
        if it == '\\' && !escaped && quote != Some('`') {
            escaped = true;
        } else if let Some(mark) = quote {
            // Only a double quote can be escaped, and only between double quotes.
            let literal = escaped && mark == '"';
            if it == mark && !literal {
                words.push(std::mem::take(&mut word));
                quote = None;
            } else {
                word.extend((literal && it != '"').then_some('\\'));
                word.push(it);
            }
            escaped = false;
        } else if it.is_whitespace() {
            comment &= it != '\n';
            if !word.is_empty() && it != '\r' {
                words.push(std::mem::take(&mut word));
                escaped = false;
            }
        } else if comment || it == '#' && word.is_empty() {
            comment = true;
        } else if word.is_empty() && matches!(it, '"' | '`') {
            quote = Some(it);
        } else {
            word.extend(escaped.then_some('\\'));
            word.push(it);
            escaped = false;
        }
    }
    words.extend(Some(word).filter(|it| !it.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::super::tests::rendered;

    #[test]
    fn a_site_with_options() {
        insta::assert_snapshot!(rendered(&[&[
            ("caddy", "a.lan"),
            ("caddy.tls", "internal"),
            ("caddy.import", "auth"),
            ("caddy.reverse_proxy", "{{upstreams 8080}}"),
            ("caddy.reverse_proxy.header_up", "-Authorization"),
            ("caddy_ingress_network", "other"),
            ("caddy_controlled_server", ""),
            ("caddyfoo", "no"),
        ]]), @r"
        a.lan {
        	import auth
        	reverse_proxy 10.0.0.2:8080 {
        		header_up -Authorization
        	}
        	tls internal
        }
        ");
    }

    #[test]
    fn a_segment_is_a_number_a_name_and_a_number() {
        insta::assert_snapshot!(rendered(&[&[
            ("caddy", "a.lan"),
            ("caddy.header_up", "underscore"),
            ("caddy.2_header_up_1", "both"),
            ("caddy.10_uri", "numbers sort as numbers"),
            ("caddy.3_", "no name after it"),
            ("caddy._4", "no name before it"),
            ("caddy.5_6", "a number can be a name"),
            ("caddy.a.b.c\\.d\\.e", "nested"),
        ]]), @r"
        a.lan {
        	header_up both
        	6 a number can be a name
        	uri numbers sort as numbers
        	3_ no name after it
        	_4 no name before it
        	a {
        		b {
        			c.d.e nested
        		}
        	}
        	header_up underscore
        }
        ");
    }

    #[test]
    fn prefix_numbers_order_and_isolate() {
        insta::assert_snapshot!(rendered(&[&[
            ("caddy", "a.lan"),
            ("caddy.3_handle.respond", "c"),
            ("caddy.2_handle.uri", "x"),
            ("caddy.2_handle.respond", "b"),
            ("caddy.handle.respond", "last"),
            ("caddy.1_route.1_reverse_proxy", "{{upstreams}}"),
            ("caddy.1_route.0_uri", "strip_prefix /x"),
        ]]), @r"
        a.lan {
        	route {
        		uri strip_prefix /x
        		reverse_proxy 10.0.0.2
        	}
        	handle {
        		respond b
        		uri x
        	}
        	handle {
        		respond c
        	}
        	handle {
        		respond last
        	}
        }
        ");
    }

    #[test]
    fn suffix_numbers_only_isolate() {
        insta::assert_snapshot!(rendered(&[&[
            ("caddy", "a.lan"),
            ("caddy.b_1.y", ""),
            ("caddy.b_2.x", ""),
            ("caddy.a_2", "later"),
            ("caddy.a_1", "sooner"),
        ]]), @r"
        a.lan {
        	a later
        	a sooner
        	b {
        		x
        	}
        	b {
        		y
        	}
        }
        ");
    }

    #[test]
    fn values_are_split_as_caddy_does() {
        insta::assert_snapshot!(rendered(&[&[
            ("caddy", "a.lan, b.lan"),
            ("caddy.0_spaces", "\"a b\"  `c d`"),
            ("caddy.1_escaped", r#""a\"b" "c\d""#),
            ("caddy.2_opened", "\"a"),
            ("caddy.3_closed", "a\""),
            ("caddy.4_within", "a\"b c\""),
            ("caddy.5_adjacent", "\"a\"b"),
            ("caddy.6_comment", "a #b c\nd#e"),
            ("caddy.7_backslash", r"a\b \.c$ `d\`"),
            ("caddy.8_json", "`{\"a\": 1}`"),
            ("caddy.9_lines", "`a\nb`"),
            ("caddy.nothing", "\""),
            ("caddy.template", "{{\"\"}}"),
        ]]), @r#"
        a.lan, b.lan {
        	spaces "a b" "c d"
        	escaped `a"b` c\d
        	opened a
        	closed `a"`
        	within `a"b` `c"`
        	adjacent a b
        	comment a d#e
        	backslash a\b \.c$ d\
        	json `{"a": 1}`
        	lines `a
        b`
        	nothing
        	template
        }
        "#);
    }

    #[test]
    fn upstreams_in_quotes_are_one_word() {
        insta::assert_snapshot!(rendered(&[&[
            ("caddy", "a.lan"),
            ("caddy.reverse_proxy", "\"{{upstreams 80}} b\""),
        ]]), @r#"
        a.lan {
        	reverse_proxy "10.0.0.2:80 b"
        }
        "#);
    }
}
