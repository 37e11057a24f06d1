//! Compares the memory limits of services that run together with the host's memory.

use std::cmp::Reverse;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dsl::units::Memory;
use crate::model::profile_sets::apart;
use crate::model::project::{Member, Project};

/// Memory of one set of profiles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Need {
    /// Profiles that are on; none means the base alone.
    pub profiles: Vec<String>,
    /// Sum of the limits of all services that run, in MiB.
    pub total: Memory,
    /// What is left of the budget, in MiB; 0 when it does not fit.
    pub spare: Memory,
    /// Whether it fits.
    pub fits: bool,
}

/// Returns what all services may use together: the host's memory less the reserve.
pub fn available(project: &Project<'_>) -> Option<Memory> {
    project.stack().map(|it| it.site.memory.saturating_sub(it.site.reserve))
}

/// Returns the needs that tell most: of the base alone, of each profile alone, of a small set that
/// does not fit although its single profiles do, and of all profiles that may be on together. It is empty for a
/// project without a host.
pub fn needs(project: &Project<'_>) -> Vec<Need> {
    let Some(table) = Table::of(project) else { return Vec::new() };
    let profiles: Vec<_> = project.profiles().into_iter().collect();
    let mut sets = vec![Vec::new()];
    sets.extend(profiles.iter().map(|it| vec![*it]));
    // Of a group of which only one profile may be on, the one that needs most.
    let together = apart(&profiles, &project.exclusive());
    let most = together.into_iter().max_by_key(|it| table.need(it).total).unwrap_or_default();
    let small = table.too_large(&most).filter(|it| !sets.contains(it));
    sets.extend(small.filter(|it| it.len() < most.len()));
    sets.extend(Some(most).filter(|it| it.len() > 1));
    sets.iter().map(|it| table.need(it)).collect()
}

/// Returns the need of one set of profiles; `None` for a project without a host.
pub fn need(project: &Project<'_>, profiles: &[&str]) -> Option<Need> {
    Some(Table::of(project)?.need(profiles))
}

/// Returns the sum of the limits of what runs with these profiles, whatever the host has.
pub fn total(project: &Project<'_>, profiles: &[&str]) -> Memory {
    let running = project.members().filter(|it| it.is_enabled_by(profiles));
    running.filter_map(|it| limit(project, &it)).sum()
}

/// Sums of the limits of the services that have the same profiles.
struct Table<'a> {
    available: Memory,
    groups: IndexMap<&'a [String], (Member<'a>, Memory)>,
}

impl<'a> Table<'a> {
    fn of(project: &'a Project<'_>) -> Option<Self> {
        let mut groups: IndexMap<&[String], (Member<'_>, Memory)> = IndexMap::new();
        for member in project.members() {
            let group = groups.entry(&member.service.profiles).or_insert((member, Memory::ZERO));
            group.1 = limit(project, &member).into_iter().chain([group.1]).sum();
        }
        Some(Self { available: available(project)?, groups })
    }

    fn need(&self, profiles: &[&str]) -> Need {
        let running = self.groups.values().filter(|it| it.0.is_enabled_by(profiles));
        let total = running.map(|it| it.1).sum();
        Need {
            profiles: profiles.iter().map(|it| (*it).to_owned()).collect(),
            total,
            spare: self.available.saturating_sub(total),
            fits: total <= self.available,
        }
    }

    /// Returns a set of profiles that does not fit, but would fit without any one of them; `None`
    /// when all profiles fit together. The profiles that need most are taken first, so the set is
    /// small.
    fn too_large<'b>(&self, profiles: &[&'b str]) -> Option<Vec<&'b str>> {
        let is_too_large = |set: &[&str]| !self.need(set).fits;
        if !is_too_large(profiles) {
            return None;
        }
        let mut largest = profiles.to_vec();
        largest.sort_by_key(|it| Reverse(self.need(&[*it]).total));
        let mut set = Vec::new();
        for profile in largest {
            if is_too_large(&set) {
                break;
            }
            set.push(profile);
        }
        for profile in profiles {
            let without: Vec<_> = set.iter().copied().filter(|it| it != profile).collect();
            if is_too_large(&without) {
                set = without;
            }
        }
        Some(profiles.iter().copied().filter(|it| set.contains(it)).collect())
    }
}

/// Returns a service's memory limit, with its variables replaced; `None` when it is not an amount.
pub fn limit(project: &Project<'_>, member: &Member<'_>) -> Option<Memory> {
    let limits = member.service.deploy.as_ref()?.resources.as_ref()?.limits.as_ref()?;
    Memory::parse(&project.resolve(limits.memory.as_deref()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{CATALOGUE, good, spec};
    use crate::compose::{Deploy, File, Limits, Resources};
    use crate::dsl::resource::Profile;
    use crate::lower::lower;

    fn limit_of(memory: &str) -> Option<Memory> {
        let mut file = lower(&good());
        let limits = Limits { memory: Some(memory.to_owned()), ..Limits::default() };
        let resources = Resources { limits: Some(limits), ..Resources::default() };
        file.services["web"].deploy =
            Some(Deploy { resources: Some(resources), ..Deploy::default() });
        let values = [("SET".to_owned(), "1.5G".to_owned())].into_iter().collect();
        let project = Project::from_file(file, &CATALOGUE).with_values(values);
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

    #[test]
    fn of_a_group_the_profile_that_needs_most_counts() {
        const SMALL: Profile = Profile::new("small", "The small one.").one_of("dns");
        const LARGE: Profile = Profile::new("large", "The large one.").one_of("dns");
        let mut stack = good();
        stack.site.profiles = &[SMALL, LARGE];
        for (service, profile) in [("fetch", SMALL), ("web", LARGE)] {
            spec(&mut stack, service).profiles = vec![profile];
        }
        let needs = needs(&Project::from_stack(&stack));
        assert_eq!(needs.last().map(|it| it.profiles.join(" ")).as_deref(), Some("large notes"));
    }

    #[test]
    fn a_small_set_that_does_not_fit_is_among_the_needs() {
        let stack = good();
        let mut file = lower(&stack);
        let more = [("a", "256M"), ("b", "900M"), ("c", "128M"), ("d", "800M")];
        for (name, memory) in more {
            let limits = Limits { memory: Some(memory.to_owned()), ..Limits::default() };
            let resources = Some(Resources { limits: Some(limits), ..Resources::default() });
            let mut service = file.services["fetch"].clone();
            service.profiles = vec![name.to_owned()];
            service.deploy = Some(Deploy { resources, ..Deploy::default() });
            file.services.insert(name.to_owned(), service);
        }
        let told = |file: File| {
            let project = Project::new(file, Some(&stack), &CATALOGUE);
            let lines = needs(&project)
                .into_iter()
                .map(|it| format!("{}: {}\n", it.profiles.join(" "), it.fits));
            lines.collect::<String>()
        };
        insta::assert_snapshot!(told(file.clone()), @r"
        : true
        notes: true
        a: true
        b: true
        c: true
        d: true
        b d: false
        notes a b c d: false
        ");
        file.services.shift_remove("b");
        insta::assert_snapshot!(told(file), @r"
        : true
        notes: true
        a: true
        c: true
        d: true
        notes a c d: true
        ");
    }
}
