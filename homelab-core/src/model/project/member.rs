//! One service of a project with the facts about it.

use indexmap::IndexSet;

use crate::compose::interpolate;
use crate::compose::label;
use crate::compose::{PublishedPort, Service};
use crate::dsl::contract::{Contract, ImageKind, Panel, PanelLogin};
use crate::dsl::privilege::Exception;
use crate::dsl::role::RoleKind;
use crate::dsl::units::Port;
use crate::model::facts::Facts;
use crate::model::project::{HOST, Project};

/// A service of a project with its entry in the file and the facts about it.
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
    pub(super) networks: &'a [String],
    pub(super) owner: Option<&'a String>,
}

impl<'a> Member<'a> {
    /// Returns the facts about it besides that entry.
    pub const fn facts(&self) -> &'a Facts<'a> {
        self.facts
    }

    /// Returns the contract of its image, if there is one.
    pub const fn contract(&self) -> Option<&'a Contract> {
        self.facts.contract
    }

    /// Returns its role, if that is known.
    pub const fn role(&self) -> Option<RoleKind> {
        self.facts.role
    }

    /// Returns the recorded reason for an exception.
    pub fn reason_for(&self, what: Exception<'_>) -> Option<&'a str> {
        if !self.facts.is_declared {
            return self.accepted(&what.key());
        }
        let reason = self.facts.exceptions.iter().find(|it| it.0 == what).map(|it| it.1);
        reason.filter(|it| is_reason(it))
    }

    /// Returns why a rule's finding on this service, with this message, is accepted.
    pub fn waiver(&self, rule: &str, message: &str) -> Option<&'a str> {
        let mut waivers = self.facts.waivers.iter();
        let waiver =
            waivers.find(|it| it.accepts(rule, self.name, message) && is_reason(it.because));
        waiver.map(|it| it.because).or_else(|| self.accepted(rule))
    }

    /// Returns the reason that a label of the file gives for accepting something. It is `None` for
    /// our own stack, whose authors declare their reasons in Rust.
    pub fn accepted(&self, what: &str) -> Option<&'a str> {
        let label = self.service.labels.get(&format!("{}{what}", label::ACCEPTS));
        // A variable may have another value tomorrow, so a text with a variable is no reason.
        let is_reason = |it: &&String| is_reason(it) && interpolate::variables(it).is_empty();
        label.filter(|_| !self.facts.is_declared).filter(is_reason).map(String::as_str)
    }

    /// Returns the parts of its image reference, with its variables replaced.
    pub fn image(&self) -> ImageParts<'a> {
        split_image(self.image)
    }

    /// Whether it is enabled by this set of profiles.
    pub fn is_enabled_by(&self, profiles: &[&str]) -> bool {
        let own = &self.service.profiles;
        own.is_empty() || own.iter().any(|it| profiles.contains(&it.as_str()))
    }

    /// Whether it has a health check, of its own or of its image.
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

    /// Whether every set of profiles that enables the other service enables this one, too, and no
    /// switch of its own takes it away.
    pub fn runs_whenever(&self, other: &Member<'_>) -> bool {
        let (own, others) = (&self.service.profiles, &other.service.profiles);
        let is_on =
            own.is_empty() || !others.is_empty() && others.iter().all(|it| own.contains(it));
        let switch = |it: &Service| it.deploy.as_ref().and_then(|it| it.replicas.clone());
        let (own, others) = (switch(self.service), switch(other.service));
        is_on && (own.is_none() || own == others)
    }

    /// Returns the names of all variables that its entry in the file refers to, in its order.
    pub const fn variables(&self) -> &'a IndexSet<String> {
        self.variables
    }

    /// Returns the name of the secret whose path a variable of its environment has.
    pub(crate) fn secret_in(&self, variable: &str) -> Option<&'a str> {
        let path = self.service.environment.get(variable)?;
        let secret = self.service.secrets.iter().find(|it| it.path() == *path)?;
        Some(&secret.source)
    }

    /// Returns the texts that its own program reads, each with its place: environment or command.
    pub fn program_texts(&self) -> Vec<(String, &'a str)> {
        let environment = self.service.environment.iter();
        let environment = environment.map(|(key, it)| (format!("variable `{key}`"), it.as_str()));
        let command = self.service.entrypoint.iter().chain(&self.service.command);
        let command = command.map(|it| ("command".to_owned(), it.as_str()));
        environment.chain(command).collect()
    }

    /// Returns its labels, each with its place. Other programs read them, above all the proxy.
    pub fn label_texts(&self) -> impl Iterator<Item = (String, &'a str)> {
        self.service.labels.iter().map(|(key, it)| (format!("label `{key}`"), it.as_str()))
    }

    /// Returns the networks that it is on, by their keys. Those of a service that has the network of
    /// another one are that one's; a `network_mode` that the file cannot tell stands there as it is.
    pub const fn networks(&self) -> &'a [String] {
        self.networks
    }

    /// Returns the service whose network it has instead of one of its own.
    pub fn owner(&self) -> Option<&'a str> {
        self.owner.map(String::as_str)
    }

    /// Whether it has the network of the host itself.
    pub fn is_on_host(&self) -> bool {
        self.networks.iter().any(|it| it == HOST)
    }

    /// Whether its author publishes this port of it, or its image is known to listen on it.
    pub(super) fn listens_on(&self, port: &PublishedPort) -> bool {
        let publishes =
            self.facts.publishes.iter().any(|it| it.leads_to(port.target, port.protocol));
        let known = self.contract().into_iter().flat_map(|it| it.ports.items());
        let same = |it: &Port| (it.number(), it.protocol()) == (port.target, port.protocol);
        publishes || known.into_iter().any(same)
    }

    /// Whether it is the filter in front of the Docker API.
    pub fn is_socket_proxy(&self) -> bool {
        self.facts.is_socket_proxy
    }

    /// Returns its panel, where others than those with an account may enter it.
    pub(crate) fn open_panel(&self) -> Option<&Panel> {
        let panel = self.contract()?.panel.some()?;
        let makes_administrator =
            || panel.administrator.iter().any(|it| self.service.environment.contains_key(it));
        let is_open = match panel.login {
            PanelLogin::BuiltIn => false,
            PanelLogin::FirstVisitor { .. } => !makes_administrator(),
            PanelLogin::None | PanelLogin::DefaultPassword { .. } => true,
        };
        is_open.then_some(panel)
    }

    /// Whether it runs another program of a database's image, such as one that dumps, and so keeps
    /// no database itself.
    pub(crate) fn is_client(&self) -> bool {
        let is_database =
            self.contract().and_then(|it| it.kind.get()) == Some(&ImageKind::Database);
        let is_server = matches!(self.role(), None | Some(RoleKind::Data));
        is_database && !is_server && !self.service.entrypoint.is_empty()
    }

    /// Whether it may have no way in from outside the stack. Rules about broken ways in skip such a
    /// service, because another rule wants the way removed.
    pub(crate) fn is_private(&self) -> bool {
        self.role() == Some(RoleKind::Data) || self.is_socket_proxy()
    }

    /// Whether it drops every capability before it adds some.
    pub(crate) fn drops_all_capabilities(&self) -> bool {
        self.service.cap_drop.iter().any(|it| it.eq_ignore_ascii_case("ALL"))
    }

    /// Returns whether its processes may gain privileges, by the last option that says so; `None`
    /// when no option does.
    pub(crate) fn new_privileges(&self, project: &Project<'_>) -> Option<bool> {
        let all = self.security_options(project);
        let (_, value) = all.filter(|(key, _)| key == "no-new-privileges").last()?;
        Some(value.is_some_and(|it| it != "true"))
    }

    /// Returns its security options as key and value, with variables replaced. They are split as
    /// the engine does it: at `=`, else at `:`.
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

/// Whether a text is a reason: any text that is not blank.
pub(crate) fn is_reason(text: &str) -> bool {
    !text.trim().is_empty()
}

/// Repository, tag and digest of an image reference, each if it is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageParts<'a> {
    /// Registry and path.
    pub repository: &'a str,
    /// The tag, after the colon.
    pub tag: Option<&'a str>,
    /// The digest, after the `@`.
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
