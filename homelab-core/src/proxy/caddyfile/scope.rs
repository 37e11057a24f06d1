//! Splits a site whose blocks lead to several upstreams, so that rules see each as a site.

use super::block::Block;

/// Returns what a site serves: once for itself, when it forwards requests outside of every block
/// or none of its blocks does, and once for each block that forwards; each with the paths of that
/// block. Lines of the site hold for its blocks, too.
pub(super) fn split(site: Block) -> Vec<(Block, Option<String>)> {
    let (blocks, lines): (Vec<_>, Vec<_>) = site.children.iter().cloned().partition(is_route);
    if blocks.is_empty() {
        return vec![(site, None)];
    }
    let (upstreams, shared): (Vec<_>, Vec<_>) = lines.into_iter().partition(forwards);
    let scope = |lines: Vec<Block>| Block {
        children: shared.iter().cloned().chain(lines).collect(),
        ..site.clone()
    };
    let own = (!upstreams.is_empty()).then(|| (scope(upstreams), None));
    let split = blocks.into_iter().map(|block| {
        let below = below(&shared, &block);
        (scope(block.children), below)
    });
    own.into_iter().chain(split).collect()
}

fn is_route(block: &Block) -> bool {
    let is_handle = |it: &String| matches!(it.as_str(), "handle" | "handle_path" | "route");
    block.tokens.first().is_some_and(is_handle) && block.children.iter().any(forwards)
}

fn forwards(line: &Block) -> bool {
    line.tokens.first().is_some_and(|it| it == "reverse_proxy")
}

/// Returns the paths for which a block is, by its own words or those of the matcher that it names.
/// A matcher of another kind, such as one on headers, is returned by its name.
fn below(lines: &[Block], block: &Block) -> Option<String> {
    let matcher = block.tokens.get(1).filter(|it| *it != "*")?;
    let named = lines.iter().filter(|it| it.tokens.first() == Some(matcher));
    // `@name path /a` or, in braces, `path /a`.
    let inline = named.clone().map(|it| it.tokens.get(1..).unwrap_or_default());
    let conditions = named.flat_map(|it| &it.children).map(|it| it.tokens.as_slice());
    let words = inline.chain(conditions).filter(|it| it.first().is_some_and(|it| it == "path"));
    let own = matcher.starts_with('/').then_some(matcher);
    let patterns = words.flat_map(|it| &it[1..]).chain(own);
    let mut all = Vec::new();
    for path in patterns.map(|it| it.trim_end_matches('*').trim_end_matches('/')) {
        if !all.contains(&path) {
            all.push(path);
        }
    }
    Some(if all.is_empty() { matcher.clone() } else { all.join(" ") })
}
