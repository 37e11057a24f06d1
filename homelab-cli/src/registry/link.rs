//! The `Link` header, by which a registry says where the next page of tags is.

/// The path of the next page; `None` when the header names none.
///
/// The error is a link that leads away from the registry, or that cannot be read: following it
/// would give somebody else the token, and ending there would call half of the tags all of them.
pub(super) fn next(header: &str, current: &str, base: &str) -> Result<Option<String>, String> {
    for link in header.split(",<").flat_map(|it| it.split(", <")) {
        let Some((target, parameters)) = link.trim_start_matches([' ', '<']).split_once('>') else {
            return Err(header.to_owned());
        };
        let is_next = parameters.split(';').any(|parameter| {
            let (name, value) = parameter.trim().split_once('=').unwrap_or_default();
            name.eq_ignore_ascii_case("rel") && value.trim_matches('"') == "next"
        });
        if is_next {
            return resolve(target, current, base).map(Some).ok_or_else(|| target.to_owned());
        }
    }
    Ok(None)
}

/// The path and query on the same registry.
fn resolve(target: &str, current: &str, base: &str) -> Option<String> {
    if let Some(rest) = target.strip_prefix(base) {
        return rest.starts_with('/').then(|| rest.to_owned());
    }
    if target.starts_with('?') {
        let path = current.split('?').next().unwrap_or(current);
        return Some(format!("{path}{target}"));
    }
    // Two slashes begin another host's address.
    (target.starts_with('/') && !target.starts_with("//")).then(|| target.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://ghcr.io";

    #[track_caller]
    fn check(header: &str, expected: Result<Option<&str>, &str>) {
        let next = next(header, "/v2/a/tags/list?n=2", BASE);
        let next = next.as_ref().map(Option::as_deref).map_err(String::as_str);
        assert_eq!(next, expected, "{header}");
    }

    #[test]
    fn the_next_page_is_on_the_same_registry() {
        check("</v2/a/tags/list?last=b&n=2>; rel=\"next\"", Ok(Some("/v2/a/tags/list?last=b&n=2")));
        check("</p?last=b>;rel=next", Ok(Some("/p?last=b")));
        check("<?last=b>; rel=\"next\"", Ok(Some("/v2/a/tags/list?last=b")));
        check("<https://ghcr.io/p>; rel=\"next\"", Ok(Some("/p")));
        check("</first>; rel=\"first\", </p>; rel=\"next\"", Ok(Some("/p")));
        check("</first>; rel=\"first\"", Ok(None));
    }

    #[test]
    fn a_link_that_leads_away_is_refused() {
        for target in ["https://evil.example/p", "//evil.example/p", "https://ghcr.io.evil/p", "p"]
        {
            check(&format!("<{target}>; rel=\"next\""), Err(target));
        }
        check("nonsense", Err("nonsense"));
    }
}
