//! Services that can create containers, and so have power over the whole host.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::project::{Member, Project};

/// A service that can create containers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Creator {
    /// Name of the service.
    pub service: String,
    /// Profiles that switch it on; none means the base.
    pub profiles: Vec<String>,
    /// The socket proxy through which it does so.
    pub by: String,
    /// Paths of the host that its containers may mount.
    pub paths: Vec<String>,
}

/// Returns the services that can create containers through one socket proxy.
pub(super) fn through(project: &Project<'_>, proxy: &Member<'_>) -> Vec<Creator> {
    let Some(key) = proxy.facts().creates_env else { return Vec::new() };
    let paths = project.resolve(&proxy.service.environment[key]);
    let paths: Vec<_> = paths.split(',').map(str::to_owned).collect();
    let asks = |it: &Member<'_>| it.facts().uses.contains(&proxy.name);
    let creator = |member: Member<'_>| Creator {
        service: member.name.to_owned(),
        profiles: member.service.profiles.clone(),
        by: proxy.name.to_owned(),
        paths: paths.clone(),
    };
    project.members().filter(asks).map(creator).collect()
}

#[cfg(test)]
mod tests {
    use super::super::gather;
    use super::*;
    use crate::checks::testing::{good, spec};
    use crate::dsl::resource::Bind;
    use crate::dsl::variable::Switch;

    #[test]
    fn who_creates_containers_is_told_with_what_they_may_bind() {
        const FOLLOW: Switch = Switch::new("FOLLOW", "Follows its tag");
        let mut stack = good();
        assert_eq!(gather(&Project::from_stack(&stack)).creators, []);

        spec(&mut stack, "socket").creates_env = Some("BINDS");
        let fetch = spec(&mut stack, "fetch");
        fetch.unattended = Some((FOLLOW, "it keeps nothing"));
        fetch.mounts.push(Bind::config("config/fetch").at("/config").erase());
        let values = [("HOUSE".to_owned(), "/srv/b".to_owned())];
        let project = Project::from_stack(&stack).with_values(values.into());
        let creator = Creator {
            service: "caddy".to_owned(),
            profiles: Vec::new(),
            by: "socket".to_owned(),
            paths: vec!["/srv/b/config/fetch".to_owned()],
        };
        assert_eq!(gather(&project).creators, [creator]);
    }
}
