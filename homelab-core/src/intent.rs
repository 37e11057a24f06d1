//! What a stack says beyond its Compose file: reasons, policies, waivers, secrets.

use crate::compose::PublishedPort;
use crate::name::ServiceName;
use crate::privilege::Exception;
use crate::project::Member;
use crate::resource::{Policy, Secret};
use crate::route::{Address, Route};
use crate::stack::Stack;

/// A mount of a service and how it is treated when the disk dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Path in the container.
    pub target: &'static str,
    /// Its policy.
    pub policy: Policy,
}

impl Stack {
    /// Every secret, each once, in the order of their services.
    pub fn secrets(&self) -> Vec<Secret> {
        let mut secrets = Vec::new();
        for secret in self.services.iter().flat_map(|it| &it.secrets) {
            if !secrets.contains(secret) {
                secrets.push(*secret);
            }
        }
        secrets
    }
}

impl<'a> Member<'a> {
    /// Its routes.
    pub fn routes(&self) -> &'a [Route] {
        self.spec.map_or(&[], |it| &it.routes)
    }

    /// What it may do that no service should do without a reason.
    pub fn exceptions(&self) -> &'a [Exception] {
        self.spec.map_or(&[], |it| &it.exceptions)
    }

    /// Rules whose findings are accepted, each with the reason.
    pub fn waivers(&self) -> &'a [(&'static str, &'static str)] {
        self.spec.map_or(&[], |it| &it.waivers)
    }

    /// Why it has a way out.
    pub fn egress_reason(&self) -> Option<&'static str> {
        self.spec?.egress
    }

    /// Why it may be updated without review.
    pub fn unattended_reason(&self) -> Option<&'static str> {
        self.spec?.unattended
    }

    /// Databases that it dumps.
    pub fn dumps(&self) -> &'a [ServiceName] {
        self.spec.map_or(&[], |it| &it.dumps)
    }

    /// Its mounts with their policies, in the order of the file.
    pub fn kept(&self) -> Vec<Kept> {
        let kept = |it: &crate::resource::Mount<()>| Kept { target: it.target, policy: it.policy };
        self.spec.map_or_else(Vec::new, |it| it.mounts.iter().map(kept).collect())
    }

    /// Why a port is published on every address of the host.
    pub fn publish_reason(&self, port: &PublishedPort) -> Option<&'static str> {
        self.spec?.publishes.iter().find_map(|it| match it.address {
            Address::Everywhere(because) if it.port.number() == port.target => Some(because),
            Address::Everywhere(_) | Address::Variable(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{CATALOGUE, good};
    use crate::project::Project;

    #[test]
    fn intent_is_known_of_a_stack_and_of_nothing_else() {
        let stack = good();
        let secrets: Vec<_> = stack.secrets().iter().map(|it| it.name()).collect();
        assert_eq!(secrets, ["login", "db-password"]);
        let project = Project::from_stack(&stack, CATALOGUE);
        let member = |name| project.member(name).expect("the good example has it");
        assert_eq!(member("fetch").egress_reason(), Some("fetches the weather"));
        assert_eq!(member("web").routes().len(), 1);
        assert_eq!(member("dump").dumps()[0].as_str(), "db");
        let caddy = member("caddy");
        assert_eq!(caddy.publish_reason(&caddy.service.ports[0]), Some("the way in"));

        let bare = Project::from_file(project.file().clone(), CATALOGUE);
        let fetch = bare.member("fetch").expect("the file has it");
        assert_eq!((fetch.egress_reason(), fetch.kept()), (None, Vec::new()));
    }
}
