//! A Compose file in its normal form, with what is known of it: what rules and reports read.

use std::panic::Location;

use indexmap::{IndexMap, IndexSet};

use crate::caddyfile::{self, Site as CaddySite};
use crate::compose::{File, Service};
use crate::contract::{self, Contract};
use crate::interpolate;
use crate::lower::lower;
use crate::service::{RoleKind, Spec};
use crate::stack::Stack;

/// A Compose file, the catalogue of images, and the stack that it was lowered from, if any.
///
/// Rules read this and nothing else, so that one rule judges our own stack and
/// anybody's file. Places, roles, reasons and waivers exist only with a stack.
#[derive(Clone, Debug)]
pub struct Project<'a> {
    file: File,
    catalogue: &'a [Contract],
    stack: Option<&'a Stack>,
    /// The stack's services by name: every member asks for its own.
    specs: IndexMap<&'static str, &'a Spec>,
    values: IndexMap<String, String>,
    sites: Vec<CaddySite>,
}

/// A service of a project with everything that is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its entry in the file.
    pub service: &'a Service,
    /// What is known of its image.
    pub contract: Option<&'a Contract>,
    pub(crate) spec: Option<&'a Spec>,
}

/// Repository, tag and digest of an image reference, as far as it has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageParts<'a> {
    /// Registry and path.
    pub repository: &'a str,
    /// After the colon.
    pub tag: Option<&'a str>,
    /// After the `@`.
    pub digest: Option<&'a str>,
}

/// Splits `registry:port/path:tag@digest`.
pub fn split_image(reference: &str) -> ImageParts<'_> {
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (reference, None),
    };
    let slash = name.rfind('/').map_or(0, |it| it + 1);
    match name[slash..].find(':') {
        Some(colon) => ImageParts {
            repository: &name[..slash + colon],
            tag: Some(&name[slash + colon + 1..]),
            digest,
        },
        None => ImageParts { repository: name, tag: None, digest },
    }
}

impl<'a> Project<'a> {
    /// Our own stack: lowered, with places and intent.
    pub fn from_stack(stack: &'a Stack, catalogue: &'a [Contract]) -> Self {
        Self::new(lower(stack), Some(stack), catalogue)
    }

    /// Anybody's file.
    pub fn from_file(file: File, catalogue: &'a [Contract]) -> Self {
        Self::new(file, None, catalogue)
    }

    pub(crate) fn new(file: File, stack: Option<&'a Stack>, catalogue: &'a [Contract]) -> Self {
        let mut specs = IndexMap::new();
        for spec in stack.iter().flat_map(|it| &it.services) {
            specs.entry(spec.name.as_str()).or_insert(spec);
        }
        let values = IndexMap::new();
        let mut project = Self { file, catalogue, stack, specs, values, sites: Vec::new() };
        project.sites = caddyfile::sites(&project);
        project
    }

    /// The same project with the values of a real `.env`, for rules that are run on a host.
    #[must_use]
    pub fn with_values(mut self, values: IndexMap<String, String>) -> Self {
        self.values = values;
        self.sites = caddyfile::sites(&self);
        self
    }

    /// The file.
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// The stack that the file was lowered from.
    pub const fn stack(&self) -> Option<&'a Stack> {
        self.stack
    }

    /// Every service, in the file's order.
    pub fn members(&self) -> impl Iterator<Item = Member<'_>> {
        self.file.services.iter().map(|(name, service)| self.member_of(name, service))
    }

    /// A service by its name.
    pub fn member(&self, name: &str) -> Option<Member<'_>> {
        let (_, key, service) = self.file.services.get_full(name)?;
        Some(self.member_of(key, service))
    }

    fn member_of<'b>(&'b self, name: &'b str, service: &'b Service) -> Member<'b> {
        let repository = service.image.as_deref().map_or("", |it| split_image(it).repository);
        Member {
            name,
            service,
            contract: contract::find(self.catalogue, repository),
            spec: self.specs.get(name).copied(),
        }
    }

    /// The sites that the proxy serves, read from the labels.
    pub fn sites(&self) -> &[CaddySite] {
        &self.sites
    }

    /// A string of the file with its variables replaced: by the values given, by
    /// their defaults, and where there is neither by `$NAME`, so that texts that
    /// depend on it can still be compared.
    pub fn resolve(&self, text: &str) -> String {
        let lookup = |name: &str| self.values.get(name).cloned();
        match interpolate::resolve(text, &lookup) {
            Ok(resolved) => resolved,
            Err(interpolate::Error::Missing { name, .. }) => {
                let lookup = |it: &str| {
                    self.values.get(it).cloned().or_else(|| (it == name).then(|| format!("${it}")))
                };
                interpolate::resolve(text, &lookup).unwrap_or_else(|_| text.to_owned())
            }
            Err(interpolate::Error::Syntax(_)) => text.to_owned(),
        }
    }

    /// Every profile: those of the stack, then those that only services name.
    pub fn profiles(&self) -> IndexSet<&str> {
        let declared = self.stack.iter().flat_map(|it| it.site.profiles).map(|it| it.name());
        let used =
            self.file.services.values().flat_map(|it| it.profiles.iter().map(String::as_str));
        declared.chain(used).collect()
    }

    /// The network that proxy and routed services share, where the stack says it.
    pub fn ingress(&self) -> Option<&str> {
        self.stack.map(|it| it.site.ingress.name())
    }

    /// Services on a network.
    pub fn on_network<'b>(&'b self, network: &'b str) -> impl Iterator<Item = Member<'b>> {
        self.members().filter(move |it| it.service.networks.iter().any(|on| on == network))
    }

    /// Whether a network has no way out.
    pub fn is_internal(&self, network: &str) -> bool {
        self.file.networks.get(network).is_some_and(|it| it.internal)
    }
}

impl<'a> Member<'a> {
    /// Its role, where the stack says it.
    pub fn role(&self) -> Option<RoleKind> {
        self.spec.map(|it| it.role)
    }

    /// Where it is defined.
    pub fn place(&self) -> Option<&'static Location<'static>> {
        self.spec.map(|it| it.place)
    }

    /// The recorded reason for an exception, such as `cap SYS_PTRACE` or `pid host`.
    pub fn reason_for(&self, what: &str) -> Option<&'a str> {
        let exceptions = &self.spec?.exceptions;
        exceptions.iter().find(|it| it.what == what).map(|it| it.because)
    }

    /// Its image reference in parts.
    pub fn image(&self) -> ImageParts<'a> {
        self.service.image.as_deref().map(split_image).unwrap_or_default()
    }

    /// Whether it is enabled by this set of profiles.
    pub fn is_enabled_by(&self, profiles: &[&str]) -> bool {
        let own = &self.service.profiles;
        own.is_empty() || own.iter().any(|it| profiles.contains(&it.as_str()))
    }

    /// Whether its engine can tell that it is healthy: a check of its own, or one of the image.
    pub fn has_health_check(&self) -> bool {
        match &self.service.healthcheck {
            Some(check) if check.disable => false,
            Some(check) if !check.test.is_empty() => check.test[0] != "NONE",
            _ => self.contract.is_some_and(|it| it.ships_health),
        }
    }

    /// Whether it is the filter in front of the Docker API.
    pub fn is_socket_proxy(&self) -> bool {
        self.spec.is_some_and(|it| it.docker_socket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_references_split() {
        let parts = |it| {
            let ImageParts { repository, tag, digest } = split_image(it);
            (repository, tag, digest)
        };
        assert_eq!(parts("redis"), ("redis", None, None));
        assert_eq!(parts("localhost:5000/a/b"), ("localhost:5000/a/b", None, None));
        assert_eq!(parts("a/b:1@sha256:x"), ("a/b", Some("1"), Some("sha256:x")));
    }
}
