//! Who may ask what.

use std::net::{IpAddr, ToSocketAddrs as _};

use anyhow::Context as _;
use regex::Regex;

use crate::{http, log};

/// The methods that have a variable `SP_ALLOW_…`.
const METHODS: &[&str] =
    &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE", "OPTIONS"];

/// A pattern for each method that is allowed at all.
#[derive(Debug)]
pub(super) struct Filter(Vec<(&'static str, Regex)>);

impl Filter {
    /// From variables and their values; only `SP_ALLOW_<method>` counts.
    pub(super) fn from_pairs(
        pairs: impl IntoIterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let mut patterns = Vec::new();
        for (name, pattern) in pairs {
            let method = name.strip_prefix("SP_ALLOW_");
            let Some(method) = METHODS.iter().find(|it| method == Some(it)) else { continue };
            if pattern.is_empty() {
                continue;
            }
            // Only the ends are anchored: `a|b` means `^a` or `b$`, as upstream.
            let compiled = Regex::new(&format!("^{pattern}$"))
                .with_context(|| format!("invalid regex `{pattern}` for method {method}"))?;
            patterns.push((*method, compiled));
        }
        Ok(Self(patterns))
    }

    /// The target in the form in which a server gets it, or status and reason of a refusal.
    pub(super) fn decide<'a>(
        &self,
        method: &str,
        target: &'a str,
    ) -> Result<&'a str, (u16, &'static str)> {
        // Go refuses what it cannot parse before it calls anybody.
        let origin = origin_form(target).ok_or((400, "no such target"))?;
        let path = path(origin).ok_or((400, "no such path"))?;
        let Some((_, pattern)) = self.0.iter().find(|it| it.0 == method) else {
            return Err((405, "method not allowed"));
        };
        if pattern.is_match(&path) { Ok(origin) } else { Err((403, "path not allowed")) }
    }
}

/// What is matched: without query, percent-decoded.
pub(super) fn path(origin: &str) -> Option<String> {
    http::percent_decoded(origin.split_once('?').map_or(origin, |it| it.0))
}

/// `/path` as it is, `http://host/path` without its host, anything else not at all.
fn origin_form(target: &str) -> Option<&str> {
    if target.starts_with('/') {
        return Some(target);
    }
    let (scheme, rest) = target.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let end = rest.find(['/', '?'])?;
    Some(&rest[end..]).filter(|it| it.starts_with('/'))
}

/// Whether one of these networks holds the address, or one of these names has it now.
///
/// In the version read, the first network in the list decides alone; lists are not used here.
pub(super) fn is_from(allowed: &[String], peer: IpAddr) -> bool {
    let peer = peer.to_canonical();
    allowed.iter().any(|it| match network(it) {
        Some((base, prefix)) => holds(base, prefix, peer),
        None => match (it.as_str(), 0).to_socket_addrs() {
            Ok(mut found) => found.any(|it| it.ip().to_canonical() == peer),
            Err(error) => {
                log(&format!("error looking up allowed client hostname {it}: {error}"));
                false
            }
        },
    })
}

fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (base, prefix) = text.split_once('/')?;
    let (base, prefix) = (base.parse::<IpAddr>().ok()?, prefix.parse().ok()?);
    (prefix <= if base.is_ipv4() { 32 } else { 128 }).then_some((base, prefix))
}

fn holds(base: IpAddr, prefix: u32, peer: IpAddr) -> bool {
    match (base, peer) {
        (IpAddr::V4(base), IpAddr::V4(peer)) => {
            (base.to_bits() ^ peer.to_bits()).leading_zeros() >= prefix
        }
        (IpAddr::V6(base), IpAddr::V6(peer)) => {
            (base.to_bits() ^ peer.to_bits()).leading_zeros() >= prefix
        }
        _ => false,
    }
}
