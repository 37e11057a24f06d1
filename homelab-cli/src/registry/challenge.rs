//! The `WWW-Authenticate` header: where a registry sends those who come without a token.

/// Where to ask for a token, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) realm: String,
    pub(super) service: Option<String>,
}

impl Challenge {
    /// `None` where a token is not what is wanted, as with `Basic`.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let start = header.as_bytes().windows(7).position(|it| it.eq_ignore_ascii_case(b"bearer "));
        let (mut realm, mut service) = (None, None);
        let mut rest = header.get(start? + 7..)?;
        while let Some((key, after)) = rest.split_once('=') {
            let (value, after) = match after.strip_prefix('"') {
                // A scope has commas of its own inside the quotes.
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_at(after.find(',').unwrap_or(after.len())),
            };
            match key.trim().trim_start_matches([',', ' ']) {
                "realm" => realm = Some(value.to_owned()),
                "service" => service = Some(value.to_owned()),
                _ => {}
            }
            rest = after.trim_start_matches([',', ' ']);
        }
        Some(Self { realm: realm?, service })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read() {
        let hub = "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",\
                   scope=\"repository:a/b:pull,push\",error=\"invalid_token\"";
        let it = Challenge::parse(hub).expect("it is Docker Hub's");
        assert_eq!(it.realm, "https://auth.docker.io/token");
        assert_eq!(it.service.as_deref(), Some("registry.docker.io"));
        let both = "Basic realm=\"x\", bearer scope=\"a,b\", realm=https://t.example/x";
        let it = Challenge::parse(both).expect("the second one will do");
        assert_eq!((&*it.realm, it.service), ("https://t.example/x", None));
    }

    #[test]
    fn what_is_none_is_none() {
        for header in
            ["Basic realm=\"x\"", "Bearer service=\"x\"", "Bearer realm=\"x", "", "Bearer "]
        {
            assert_eq!(Challenge::parse(header), None, "{header}");
        }
    }
}
