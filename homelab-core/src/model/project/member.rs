//! One service of a project, with everything that is known of it.

use indexmap::IndexSet;

use crate::compose::Service;
use crate::compose::interpolate;
use crate::compose::label;
use crate::dsl::contract::Contract;
use crate::dsl::privilege::Exception;
use crate::dsl::role::RoleKind;
use crate::model::facts::Facts;
use crate::model::project::Project;

/// A service of a project with everything that is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its entry in the file.
    pub service: &'a Service,
    pub(super) facts: &'a Facts<'a>,
    /// Empty without an image.
    pub(super) image: &'a str,
    pub(super) variables: &'a IndexSet<String>,
}

impl<'a> Member<'a> {
    /// What is known of it besides that entry.
    pub const fn facts(&self) -> &'a Facts<'a> {
        self.facts
    }

    /// What is known of its image.
    pub const fn contract(&self) -> Option<&'a Contract> {
        self.facts.contract
    }

    /// Its role, where that is known.
    pub const fn role(&self) -> Option<RoleKind> {
        self.facts.role
    }

    /// The recorded reason for an exception.
    pub fn reason_for(&self, what: Exception<'_>) -> Option<&'a str> {
        if !self.facts.is_declared {
            return self.accepted(&what.key());
        }
        let reason = self.facts.exceptions.iter().find(|it| it.0 == what).map(|it| it.1);
        reason.filter(|it| is_reason(it))
    }

    /// Why a finding of a rule on it is accepted.
    pub fn waiver(&self, rule: &str) -> Option<&'a str> {
        let mut waivers = self.facts.waivers.iter();
        let waiver = waivers.find(|(id, because)| *id == rule && is_reason(because));
        waiver.map(|it| it.1).or_else(|| self.accepted(rule))
    }

    /// Why a release accepts this of the service, by its label; of our own stack its intent counts.
    pub(crate) fn accepted(&self, what: &str) -> Option<&'a str> {
        let label = self.service.labels.get(&format!("{}{what}", label::ACCEPTS));
        // What a variable may say tomorrow is nobody's reason.
        let is_reason = |it: &&String| is_reason(it) && interpolate::variables(it).is_empty();
        label.filter(|_| !self.facts.is_declared).filter(is_reason).map(String::as_str)
    }

    /// Its image reference in parts, with its variables replaced.
    pub fn image(&self) -> ImageParts<'a> {
        split_image(self.image)
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
            // `CMD` alone names no program.
            Some(check) if !check.test.is_empty() => {
                check.test[0] != "NONE" && check.test.as_slice() != ["CMD"]
            }
            _ => self.contract().is_some_and(|it| it.ships_health.get() == Some(&true)),
        }
    }

    /// Whether it is enabled by every set of profiles that enables the other one.
    pub fn runs_whenever(&self, other: &Member<'_>) -> bool {
        let (own, others) = (&self.service.profiles, &other.service.profiles);
        own.is_empty() || !others.is_empty() && others.iter().all(|it| own.contains(it))
    }

    /// Names of all variables that its entry in the file refers to, in its order.
    pub const fn variables(&self) -> &'a IndexSet<String> {
        self.variables
    }

    /// Texts that its own program reads, each with where it stands: environment, command.
    pub fn program_texts(&self) -> Vec<(String, &'a str)> {
        let environment = self.service.environment.iter();
        let environment = environment.map(|(key, it)| (format!("variable `{key}`"), it.as_str()));
        let command = self.service.entrypoint.iter().chain(&self.service.command);
        let command = command.map(|it| ("command".to_owned(), it.as_str()));
        environment.chain(command).collect()
    }

    /// Its labels, each with where it stands: other programs read them, above all the proxy.
    pub fn label_texts(&self) -> impl Iterator<Item = (String, &'a str)> {
        self.service.labels.iter().map(|(key, it)| (format!("label `{key}`"), it.as_str()))
    }

    /// Networks it is attached to: its own list, else Compose's `default`. `None` when
    /// `network_mode` puts it elsewhere.
    pub fn networks(&self) -> Option<Vec<&'a str>> {
        let own = &self.service.networks;
        match self.service.network_mode {
            Some(_) => None,
            None if own.is_empty() => Some(vec!["default"]),
            None => Some(own.iter().map(String::as_str).collect()),
        }
    }

    /// Whether it is the filter in front of the Docker API.
    pub fn is_socket_proxy(&self) -> bool {
        self.facts.is_socket_proxy
    }

    /// Whether every way in from outside the stack is wrong, so that no rule should ask to repair one.
    pub(crate) fn is_private(&self) -> bool {
        self.role() == Some(RoleKind::Data) || self.is_socket_proxy()
    }

    /// Whether it drops every capability before it adds some.
    pub(crate) fn drops_all_capabilities(&self) -> bool {
        self.service.cap_drop.iter().any(|it| it.eq_ignore_ascii_case("ALL"))
    }

    /// Whether its processes may gain privileges, as it says it last; `None` when it says nothing.
    pub(crate) fn new_privileges(&self, project: &Project<'_>) -> Option<bool> {
        let all = self.security_options(project);
        let (_, value) = all.filter(|(key, _)| key == "no-new-privileges").last()?;
        Some(value.is_some_and(|it| it != "true"))
    }

    /// Its security options as key and value, with variables replaced, then split as the engine does: at
    /// `=`, else at `:`.
    pub(crate) fn security_options(
        &self,
        project: &Project<'_>,
    ) -> impl Iterator<Item = (String, Option<String>)> {
        self.service.security_opt.iter().map(|written| {
            let option = project.resolve(written);
            let pair = option.split_once('=').or_else(|| option.split_once(':'));
            let pair = pair.map(|(key, value)| (key.to_owned(), Some(value.to_owned())));
            pair.unwrap_or((option, None))
        })
    }
}

/// Whether a text says why.
fn is_reason(text: &str) -> bool {
    !text.trim().is_empty()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_references_split() {
        let parts = |text| {
            let ImageParts { repository, tag, digest } = split_image(text);
            (repository, tag, digest)
        };
        assert_eq!(parts("redis"), ("redis", None, None));
        assert_eq!(parts("localhost:5000/a/b"), ("localhost:5000/a/b", None, None));
        assert_eq!(parts("a/b:1@sha256:x"), ("a/b", Some("1"), Some("sha256:x")));
    }
}
