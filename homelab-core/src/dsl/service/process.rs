//! Methods of every service: its process, what that reads, and what it may do.

use std::time::Duration;

use super::{Role, Service, State};
use crate::dsl::name;
use crate::dsl::privilege::{Capability, Exception, Ulimit, User};
use crate::dsl::resource::Secret;
use crate::dsl::text::{Text, ToText};
use crate::dsl::variable::{EnvVar, Kind};

/// Whether a container forwards packets between its networks.
pub(crate) const FORWARDING: &str = "net.ipv4.ip_forward";

impl<R: Role, S: State> Service<R, S> {
    /// Sets a variable of its environment; `$` in text is literal.
    ///
    /// Panics when the name is empty or has a blank or `=` in it.
    #[track_caller]
    pub fn env(mut self, key: &'static str, value: impl ToText) -> Self {
        let fits = |it: char| !it.is_whitespace() && !it.is_control() && it != '=';
        assert!(
            !key.is_empty() && key.chars().all(fits),
            "a variable's name is not empty and has no blank and no `=`, unlike `{key}`"
        );
        self.spec.env.insert(key, value.to_text());
        self
    }

    /// Reads the environment file `<prefix><value>.env` of this repository, where the value is a
    /// variable's. It is for images whose switches have values that Compose cannot compute.
    /// Default: none.
    pub fn env_file(mut self, prefix: &'static str, chosen_by: &EnvVar) -> Self {
        self.spec.env_file = Some((prefix, *chosen_by));
        self
    }

    /// Names the path of a secret's file in a variable, such as `DB_PASSWORD_FILE`. It mounts the
    /// file at `/run/secrets/<name>`, unless [`Service::secret_at`] has said another place before.
    pub fn secret_env(mut self, key: &'static str, secret: Secret) -> Self {
        let known = self.spec.secrets.iter().find(|it| it.0 == secret);
        let target = known.map_or(secret.name(), |it| it.1);
        self.spec.add_secret(secret, target);
        self.env(key, format!("/run/secrets/{target}"))
    }

    /// Mounts a secret's file at `/run/secrets/<name>`. Default: none.
    pub fn secret(mut self, secret: Secret) -> Self {
        self.spec.add_secret(secret, secret.name());
        self
    }

    /// Mounts a secret's file at `/run/secrets/<target>`, for images that look for a name of their
    /// own, such as `FRIGATE_RTSP_PASSWORD`. Default: [`Service::secret`]'s place.
    ///
    /// Panics unless the target consists of letters, digits, `_`, `-` and `.`, and begins with a
    /// letter, a digit or `_`.
    #[track_caller]
    pub fn secret_at(mut self, secret: Secret, target: &'static str) -> Self {
        assert!(
            name::is_file_name(target),
            "the name of a secret's file has letters, digits, `_`, `-` and `.`, and does not begin \
             with `-` or `.`"
        );
        self.spec.add_secret(secret, target);
        self
    }

    /// Sets user and group of the first process. Default: the image's.
    ///
    /// Panics when a variable is of another kind than a number.
    #[track_caller]
    pub fn user(mut self, user: User) -> Self {
        if let User::Variables(user, group) = &user {
            must_be_a_number(user);
            must_be_a_number(group);
        }
        self.spec.user = Some(user);
        self
    }

    /// Adds the numeric group in a variable to the process. Default: none.
    ///
    /// Panics when the variable is of another kind than a number.
    #[track_caller]
    pub fn group(mut self, gid: &EnvVar) -> Self {
        must_be_a_number(gid);
        self.spec.groups.push(*gid);
        self
    }

    /// Adds a capability, for this reason. Default: none, all are dropped.
    #[track_caller]
    pub fn capability(mut self, capability: Capability, because: &'static str) -> Self {
        self.spec.capabilities.push(capability);
        self.exception(Exception::Capability(capability.as_str()), because)
    }

    /// Lets it write to its root file system, for this reason. Default: read-only.
    #[track_caller]
    pub fn writable_root(mut self, because: &'static str) -> Self {
        self.spec.read_only = false;
        self.exception(Exception::WritableRoot, because)
    }

    /// Shows it the host's processes, for this reason. Default: only its own.
    #[track_caller]
    pub fn host_pid(mut self, because: &'static str) -> Self {
        self.spec.host_pid = true;
        self.exception(Exception::Namespace("pid", "host"), because)
    }

    /// Replaces the image's entry point; the image's command is then dropped. Default: the image's.
    pub fn entrypoint(mut self, words: &[&str]) -> Self {
        self.spec.entrypoint = words.iter().map(|it| Text::literal(it)).collect();
        self
    }

    /// Replaces the image's command. Default: the image's.
    pub fn command(mut self, words: &[&str]) -> Self {
        self.spec.command = words.iter().map(|it| Text::literal(it)).collect();
        self
    }

    /// Sets the time between the stop signal and the kill, rounded up to whole seconds. Default:
    /// Docker's 10 s.
    ///
    /// Panics at zero, at which Docker kills it without a signal to stop.
    #[track_caller]
    pub fn stops_within(mut self, grace: Duration) -> Self {
        assert!(!grace.is_zero(), "Docker would kill it at once: give it at least a second");
        self.spec.stop_grace = Some(grace);
        self
    }

    /// Sets a setting of the kernel that is its namespaces' own, such as `net.core.somaxconn`.
    /// Default: the kernel's; a service on several networks does not forward packets.
    pub fn sysctl(mut self, key: &'static str, value: impl ToText) -> Self {
        self.spec.sysctls.insert(key, value.to_text());
        self
    }

    /// Makes it a router between its networks, for this reason. Default: it is none.
    #[track_caller]
    pub fn forwards_packets(self, because: &'static str) -> Self {
        self.sysctl(FORWARDING, 1).exception(Exception::Forwarding, because)
    }

    /// Limits each of its processes. Default: the engine's limits.
    pub fn ulimit(mut self, what: Ulimit, limit: u32) -> Self {
        self.spec.ulimits.insert(what, Some(limit));
        self
    }

    /// Takes a limit of its processes away. Default: the engine's limits.
    pub fn without_ulimit(mut self, what: Ulimit) -> Self {
        self.spec.ulimits.insert(what, None);
        self
    }

    /// Sets a property of the Compose specification for which there is no method, for this reason.
    /// The value is YAML, as it would stand in a file, but `$` is literal: `.raw("stop_signal",
    /// "SIGINT", "…")`. A property that the rules know is judged as if a method had set it, and replaces what
    /// the DSL says; so it has to have the long form that this program writes. Default: none.
    #[track_caller]
    pub fn raw(
        mut self,
        property: &'static str,
        yaml: &'static str,
        because: &'static str,
    ) -> Self {
        self.spec.raw.push((property, yaml));
        self.exception(Exception::Raw(property), because)
    }

    /// Runs Docker's init as first process. Default: the image's own.
    pub fn init(mut self) -> Self {
        self.spec.init = true;
        self
    }
}

/// Users and groups are numbers: a name is looked up in the image, where it may be another one's.
#[track_caller]
fn must_be_a_number(variable: &EnvVar) {
    assert!(
        matches!(variable.kind(), Kind::Count(..)),
        "a user or group is a number: declare `{}` as `Kind::Count(…)`",
        variable.name()
    );
}
