//! What registries say of an image: its tags, its digest, when it was made.
//!
//! The HTTP API of the distribution specification, read only and without an account:
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>.

mod challenge;
mod failure;
mod http;
mod link;
mod manifest;
mod name;
#[cfg(test)]
mod played;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

pub(crate) use self::failure::Failure;
use self::http::{Ask, Http};
pub(crate) use self::http::{Limits, Mirror};
use self::manifest::{Config, Descriptor, Manifest};
pub(crate) use self::name::Name;
use crate::bytes;

/// What a tag is today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Of the index where there is one; computed from what was sent.
    pub(crate) digest: String,
    /// When it was made, by its publisher's word; `None` where it says nothing that can be true.
    pub(crate) created: Option<Timestamp>,
}

/// Whom the command asks; another one in tests.
pub(crate) trait Registry {
    /// Every tag of the image.
    fn tags(&mut self, repository: &str) -> Result<Vec<String>, Failure>;

    /// The digest that the registry says a tag has, for comparing only.
    fn digest(&mut self, repository: &str, tag: &str) -> Result<String, Failure>;

    /// What a tag is, read and verified.
    fn find(&mut self, repository: &str, tag: &str) -> Result<Found, Failure>;
}

/// Registries on the network.
#[derive(Debug)]
pub(crate) struct Client {
    http: Http,
}

impl Client {
    pub(crate) fn new(limits: Limits, mirrors: Vec<Mirror>) -> Self {
        Self { http: Http::new(limits, mirrors) }
    }

    /// A manifest by tag or digest, with the digest that it really has.
    fn manifest(&mut self, name: &Name, reference: &str) -> Result<(Manifest, String), Failure> {
        let path = format!("/v2/{}/manifests/{reference}", name.path);
        let limit = self.http.limits.manifest;
        let answer = self.http.get(name, &Ask { path: &path, accept: manifest::TYPES, limit })?;
        let digest = bytes::digest(&answer.body);
        let said = if reference.contains(':') { Some(reference) } else { answer.digest.as_deref() };
        if let Some(said) = said.filter(|it| *it != digest) {
            return Err(Failure::Lie { what: name.with(reference), said: said.to_owned(), digest });
        }
        Ok((read(name, reference, &answer.body)?, digest))
    }

    fn config(&mut self, name: &Name, of: &Descriptor) -> Result<Config, Failure> {
        let path = format!("/v2/{}/blobs/{}", name.path, checked(name, &of.digest)?);
        let limit = self.http.limits.config;
        let answer = self.http.get(name, &Ask { path: &path, accept: "*/*", limit })?;
        let digest = bytes::digest(&answer.body);
        if digest != of.digest {
            let said = of.digest.clone();
            return Err(Failure::Lie { what: name.with(&said), said, digest });
        }
        read(name, &of.digest, &answer.body)
    }
}

impl Registry for Client {
    fn tags(&mut self, repository: &str) -> Result<Vec<String>, Failure> {
        let name = Name::parse(repository);
        let mut path = format!("/v2/{}/tags/list?n=1000", name.path);
        let mut tags = Vec::new();
        let mut seen = Vec::new();
        loop {
            let limit = self.http.limits.tags;
            let ask = Ask { path: &path, accept: "application/json", limit };
            let answer = self.http.get(&name, &ask)?;
            let page: manifest::Tags = read(&name, "tags/list", &answer.body)?;
            tags.extend(page.tags.unwrap_or_default());
            let Some(link) = answer.link else { return Ok(tags) };
            let next = link::next(&link, &path, &self.http.base(&name));
            let next = next.map_err(|link| Failure::Link { name: name.clone(), link })?;
            let Some(next) = next else { return Ok(tags) };
            seen.push(std::mem::replace(&mut path, next));
            if seen.contains(&path) || seen.len() >= self.http.limits.pages {
                return Err(Failure::Pages { name, pages: seen.len() });
            }
        }
    }

    fn digest(&mut self, repository: &str, tag: &str) -> Result<String, Failure> {
        let name = Name::parse(repository);
        let path = format!("/v2/{}/manifests/{tag}", name.path);
        let ask = Ask { path: &path, accept: manifest::TYPES, limit: 0 };
        match self.http.head(&name, &ask)?.digest {
            Some(digest) => Ok(checked(&name, &digest)?.to_owned()),
            // The header is not required of a registry; what it sends is what counts then.
            None => Ok(self.manifest(&name, tag)?.1),
        }
    }

    fn find(&mut self, repository: &str, tag: &str) -> Result<Found, Failure> {
        let name = Name::parse(repository);
        let (top, digest) = self.manifest(&name, tag)?;
        let image = match top.platform() {
            None => top.clone(),
            Some(of) => self.manifest(&name, checked(&name, &of.digest)?)?.0,
        };
        let Some(of) = &image.config else {
            return Err(Failure::NoImage { what: name.with(tag) });
        };
        let config = self.config(&name, of)?;
        Ok(Found { digest, created: manifest::created(&config, [&image, &top]) })
    }
}

fn read<T: serde::de::DeserializeOwned>(
    name: &Name,
    reference: &str,
    body: &[u8],
) -> Result<T, Failure> {
    let malformed = |source| Failure::Malformed { what: name.with(reference), source };
    serde_json::from_slice(body).map_err(malformed)
}

/// A digest that a registry named, before it becomes part of an address or of our files.
fn checked<'a>(name: &Name, digest: &'a str) -> Result<&'a str, Failure> {
    let hex = digest.strip_prefix("sha256:").unwrap_or_default();
    if hex.len() == 64 && hex.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')) {
        Ok(digest)
    } else {
        Err(Failure::Digest { name: name.clone(), digest: digest.to_owned() })
    }
}
