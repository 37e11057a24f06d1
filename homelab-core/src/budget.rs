//! Memory: the sum of the limits of every set of profiles, against the host's memory.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::project::{Member, Project};
use crate::units::Memory;

/// Memory of one set of profiles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Need {
    /// Profiles that are on; none means the base alone.
    pub profiles: Vec<String>,
    /// Sum of the limits of all services that run, in MiB.
    pub total: Memory,
    /// What stays of the budget, in MiB; 0 when it does not fit.
    pub spare: Memory,
    /// Whether it fits.
    pub fits: bool,
}

/// What all services may use together: the host's memory less the reserve.
pub fn available(project: &Project<'_>) -> Option<Memory> {
    project.stack().map(|it| it.site.memory.saturating_sub(it.site.reserve))
}

/// Every set of profiles, the empty one first, in the order of their names' positions.
///
/// With more than twelve profiles only the empty set, each single one and all of
/// them are given: the largest need is always that of all.
pub fn profile_sets<'a>(project: &'a Project<'_>) -> Vec<Vec<&'a str>> {
    let profiles: Vec<_> = project.profiles().into_iter().collect();
    if profiles.len() > 12 {
        let mut sets = vec![Vec::new()];
        sets.extend(profiles.iter().map(|it| vec![*it]));
        sets.push(profiles);
        return sets;
    }
    let all = 0..1_usize << profiles.len();
    let mut sets: Vec<Vec<_>> = all
        .map(|bits| {
            let chosen = profiles.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
            chosen.map(|(_, it)| *it).collect()
        })
        .collect();
    sets.sort_by_key(Vec::len);
    sets
}

/// The need of every set of profiles, in the order of [`profile_sets`]; none without a host.
pub fn needs(project: &Project<'_>) -> Vec<Need> {
    needs_of(project, profile_sets(project))
}

/// The need of one set of profiles; `None` for a project without a host.
pub fn need(project: &Project<'_>, profiles: &[&str]) -> Option<Need> {
    needs_of(project, vec![profiles.to_vec()]).pop()
}

fn needs_of(project: &Project<'_>, sets: Vec<Vec<&str>>) -> Vec<Need> {
    let Some(available) = available(project) else { return Vec::new() };
    // Limits of services with the same profiles are added up once, not for each set.
    let mut groups: IndexMap<&[String], Vec<Member<'_>>> = IndexMap::new();
    for member in project.members() {
        groups.entry(&member.service.profiles).or_default().push(member);
    }
    let total = |it: &Vec<Member<'_>>| it.iter().filter_map(|it| limit(project, it)).sum();
    let groups: Vec<(Member<'_>, Memory)> = groups.values().map(|it| (it[0], total(it))).collect();
    let need = |profiles: Vec<&str>| {
        let running = groups.iter().filter(|it| it.0.is_enabled_by(&profiles));
        let total = running.map(|it| it.1).sum();
        Need {
            profiles: profiles.iter().map(|it| (*it).to_owned()).collect(),
            total,
            spare: available.saturating_sub(total),
            fits: total <= available,
        }
    };
    sets.into_iter().map(need).collect()
}

/// A service's memory limit, with its variables replaced; `None` when it is not an amount.
pub fn limit(project: &Project<'_>, member: &Member<'_>) -> Option<Memory> {
    let limits = member.service.deploy.as_ref()?.resources.as_ref()?.limits.as_ref()?;
    Memory::parse(&project.resolve(limits.memory.as_deref()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{CATALOGUE, good};
    use crate::compose::{Deploy, Limits, Resources};
    use crate::lower::lower;

    fn limit_of(memory: &str) -> Option<Memory> {
        let mut file = lower(&good());
        let limits = Limits { memory: Some(memory.to_owned()), ..Limits::default() };
        let resources = Resources { limits: Some(limits) };
        file.services["web"].deploy =
            Some(Deploy { resources: Some(resources), ..Deploy::default() });
        let values = [("SET".to_owned(), "1.5G".to_owned())].into_iter().collect();
        let project = Project::from_file(file, CATALOGUE).with_values(values);
        limit(&project, &project.member("web")?)
    }

    #[test]
    fn a_limit_may_be_a_variable() {
        assert_eq!(limit_of("${SET}"), Some(Memory::mib(1536)));
        assert_eq!(limit_of("${SET:-1G}"), Some(Memory::mib(1536)));
        assert_eq!(limit_of("${UNSET:-64M}"), Some(Memory::mib(64)));
        assert_eq!(limit_of("${MIB:-64}M"), Some(Memory::mib(64)));
        for memory in ["${UNSET}", "${UNSET:?set it}", "${UNSET:-lots}", "${"] {
            assert_eq!(limit_of(memory), None, "{memory}");
        }
    }
}
