//! Compares what services that run together need of memory with what the host has.

use std::cmp::Reverse;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dsl::units::{Memory, MemoryRange};
use crate::model::profile_sets::apart;
use crate::model::project::{Member, Project};

/// What one set of profiles takes of the memory for services; amounts in MiB.
///
/// It fits when the needs of all services that run fit together, and the one that can grow most
/// above its need may do so at the same time. Limits may add up to more than there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Need {
    /// Profiles that are on; none means the base alone.
    pub profiles: Vec<String>,
    /// Sum of the needs of all services that run.
    pub needs: Memory,
    /// The largest difference between a limit and a need among them.
    pub growth: Memory,
    /// The service that can grow so far; absent when none can grow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grows: Option<String>,
    /// What is taken: needs and growth.
    pub total: Memory,
    /// What is left of the memory for services; 0 when it does not fit.
    pub spare: Memory,
    /// Whether it fits.
    pub fits: bool,
}

/// What fits into a host of some size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fit {
    /// The host's memory, in MiB.
    pub host: Memory,
    /// Sets of profiles that fit, and in which no other profile fits besides. Each profile that fits
    /// is in one of them. There is none when not even the base alone fits.
    pub sets: Vec<Vec<String>>,
}

/// The sizes of hosts that [`fits`] tells about.
const HOSTS: [Memory; 5] =
    [Memory::gib(4), Memory::gib(8), Memory::gib(12), Memory::gib(16), Memory::gib(32)];

/// Returns what all services may use together: the host's memory less the reserve.
pub fn available(project: &Project<'_>) -> Option<Memory> {
    project.stack().map(|it| it.site.memory.saturating_sub(it.site.reserve))
}

/// Returns the needs that tell most: of the base alone, of each profile alone, of a small set that
/// does not fit although its single profiles do, and of all profiles that may be on together.
/// Profiles that the host never switches on are left out. It is empty for a project without a
/// host.
pub fn needs(project: &Project<'_>) -> Vec<Need> {
    let Some(available) = available(project) else { return Vec::new() };
    let table = Table::of(project, available);
    let profiles: Vec<_> = switched_on(project);
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

/// Returns what one set of profiles takes of this much memory for services.
pub fn need(project: &Project<'_>, profiles: &[&str], available: Memory) -> Need {
    Table::of(project, available).need(profiles)
}

/// Returns what fits into hosts of usual sizes with the same reserve, also of profiles that this
/// host never switches on. It is empty for a project without a host.
pub fn fits(project: &Project<'_>) -> Vec<Fit> {
    let Some(stack) = project.stack() else { return Vec::new() };
    let profiles: Vec<_> = project.profiles().into_iter().collect();
    let mut table = Table::of(project, Memory::ZERO);
    let of_host = |host: Memory| {
        table.available = host.saturating_sub(stack.site.reserve);
        let sets = table.largest_sets(&profiles).into_iter();
        Fit { host, sets: sets.map(|set| set.into_iter().map(str::to_owned).collect()).collect() }
    };
    HOSTS.into_iter().map(of_host).collect()
}

/// Returns the profiles that the host ever switches on.
fn switched_on<'a>(project: &'a Project<'_>) -> Vec<&'a str> {
    let never = project.stack().map_or(&[][..], |it| it.site.never);
    let is_never = |name: &&str| never.iter().any(|profile| profile.name() == *name);
    project.profiles().into_iter().filter(|name| !is_never(name)).collect()
}

/// Sums over the services that have the same profiles.
struct Table<'a> {
    available: Memory,
    groups: IndexMap<&'a [String], Group<'a>>,
}

/// Services that have the same profiles.
struct Group<'a> {
    one: Member<'a>,
    needs: Memory,
    /// The largest growth among them, and whose it is.
    growth: (Memory, &'a str),
}

impl<'a> Table<'a> {
    fn of(project: &'a Project<'_>, available: Memory) -> Self {
        let mut groups: IndexMap<&[String], Group<'_>> = IndexMap::new();
        for member in project.members().filter(|member| !is_switched_off(project, member)) {
            let Some(memory) = memory(project, &member) else { continue };
            let group = groups.entry(&member.service.profiles).or_insert(Group {
                one: member,
                needs: Memory::ZERO,
                growth: (Memory::ZERO, member.name),
            });
            group.needs = [group.needs, memory.need].into_iter().sum();
            if memory.growth() > group.growth.0 {
                group.growth = (memory.growth(), member.name);
            }
        }
        Self { available, groups }
    }

    fn need(&self, profiles: &[&str]) -> Need {
        let running = || self.groups.values().filter(|group| group.one.is_enabled_by(profiles));
        let needs: Memory = running().map(|group| group.needs).sum();
        // The first of several, so that the order of the file decides.
        let largest = running().map(|group| group.growth).rev().max_by_key(|growth| growth.0);
        let (growth, grows) = largest.unwrap_or_default();
        let total = [needs, growth].into_iter().sum();
        Need {
            profiles: profiles.iter().map(|it| (*it).to_owned()).collect(),
            needs,
            growth,
            grows: (growth > Memory::ZERO).then(|| grows.to_owned()),
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

    /// Returns sets of profiles that fit and in which no other fits besides. Each begins with the
    /// first profile that is in none before and takes in what still fits, so there are never more
    /// sets than profiles.
    fn largest_sets<'b>(&self, profiles: &[&'b str]) -> Vec<Vec<&'b str>> {
        let fits = |set: &[&str]| self.need(set).fits;
        let mut sets: Vec<Vec<&str>> = Vec::new();
        for first in profiles {
            if sets.iter().any(|set| set.contains(first)) || !fits(&[*first]) {
                continue;
            }
            let mut set = vec![*first];
            for other in profiles.iter().filter(|other| *other != first) {
                set.push(other);
                if !fits(&set) {
                    set.pop();
                }
            }
            sets.push(profiles.iter().copied().filter(|profile| set.contains(profile)).collect());
        }
        if sets.is_empty() && fits(&[]) {
            sets.push(Vec::new());
        }
        sets
    }
}

/// Whether the values of a host say that there are no containers of a service. Without them it may
/// be switched on, whatever the default is.
fn is_switched_off(project: &Project<'_>, member: &Member<'_>) -> bool {
    let replicas = member.service.deploy.as_ref().and_then(|it| it.replicas.as_deref());
    project.has_values() && replicas.is_some_and(|replicas| project.resolve(replicas) == "0")
}

/// Returns a service's memory, with its variables replaced: its need is what is reserved for it,
/// else its limit. It is `None` when the limit is no amount.
pub fn memory(project: &Project<'_>, member: &Member<'_>) -> Option<MemoryRange> {
    let resources = member.service.deploy.as_ref()?.resources.as_ref()?;
    let amount = |text: &String| Memory::parse(&project.resolve(text));
    let limit = amount(resources.limits.as_ref()?.memory.as_ref()?)?;
    let reserved = resources.reservations.as_ref().and_then(|it| it.memory.as_ref());
    Some(MemoryRange { need: reserved.and_then(amount).unwrap_or(limit), limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{CATALOGUE, good, spec};
    use crate::compose::{Deploy, File, Limits, Reservations, Resources, Service};
    use crate::dsl::resource::Profile;
    use crate::lower::lower;

    /// Gives a service this memory; without a need nothing is reserved.
    fn set(service: &mut Service, need: Option<&str>, limit: &str) {
        let limits = Limits { memory: Some(limit.to_owned()), ..Limits::default() };
        let reserved = need
            .map(|need| Reservations { memory: Some(need.to_owned()), ..Reservations::default() });
        let resources = Resources { limits: Some(limits), reservations: reserved };
        let replicas = service.deploy.take().and_then(|it| it.replicas);
        service.deploy = Some(Deploy { replicas, resources: Some(resources) });
    }

    fn memory_of(need: Option<&str>, limit: &str) -> Option<(u32, u32)> {
        let mut file = lower(&good());
        set(&mut file.services["web"], need, limit);
        let values = [("SET".to_owned(), "1.5G".to_owned())].into_iter().collect();
        let project = Project::from_file(file, &CATALOGUE).with_values(values);
        let memory = memory(&project, &project.member("web")?)?;
        Some((memory.need().as_mib(), memory.limit().as_mib()))
    }

    #[test]
    fn a_limit_may_be_a_variable_and_is_the_need_where_nothing_is_reserved() {
        assert_eq!(memory_of(None, "${SET}"), Some((1536, 1536)));
        assert_eq!(memory_of(Some("64M"), "${SET:-1G}"), Some((64, 1536)));
        assert_eq!(memory_of(Some("${MIB:-64}M"), "${UNSET:-128M}"), Some((64, 128)));
        assert_eq!(memory_of(Some("lots"), "64M"), Some((64, 64)));
        for limit in ["${UNSET}", "${UNSET:?set it}", "${UNSET:-lots}", "${"] {
            assert_eq!(memory_of(Some("64M"), limit), None, "{limit}");
        }
    }

    /// The good example with more services like `fetch`, each in the profile of its own name.
    fn with_profiles(stack: &crate::dsl::stack::Stack, more: &[(&str, &str, &str)]) -> File {
        let mut file = lower(stack);
        for (name, need, limit) in more {
            let mut service = file.services["fetch"].clone();
            service.profiles = vec![(*name).to_owned()];
            set(&mut service, Some(need), limit);
            file.services.insert((*name).to_owned(), service);
        }
        file
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
        let mut file = with_profiles(
            &stack,
            &[("a", "256M", "256M"), ("b", "900M", "1G"), ("c", "128M", "1G"), ("d", "200M", "1G")],
        );
        let told = |file: File| {
            let project = Project::new(file, Some(&stack), &CATALOGUE);
            let line = |need: Need| {
                let grows = need.grows.unwrap_or_default();
                let (profiles, needs) = (need.profiles.join(" "), need.needs);
                format!("{profiles}: {needs} + {} {grows} {}\n", need.growth, need.fits)
            };
            needs(&project).into_iter().map(line).collect::<String>()
        };
        insta::assert_snapshot!(told(file.clone()), @r"
        : 80 MiB + 32 MiB caddy true
        notes: 240 MiB + 64 MiB db true
        a: 336 MiB + 32 MiB caddy true
        b: 980 MiB + 124 MiB b true
        c: 208 MiB + 896 MiB c true
        d: 280 MiB + 824 MiB d true
        b c: 1108 MiB + 896 MiB c false
        notes a b c d: 1724 MiB + 896 MiB c false
        ");
        file.services.shift_remove("b");
        insta::assert_snapshot!(told(file), @r"
        : 80 MiB + 32 MiB caddy true
        notes: 240 MiB + 64 MiB db true
        a: 336 MiB + 32 MiB caddy true
        c: 208 MiB + 896 MiB c true
        d: 280 MiB + 824 MiB d true
        notes a c d: 824 MiB + 896 MiB c true
        ");
    }

    #[test]
    fn sizes_of_hosts_tell_every_profile_that_fits_in_few_sets() {
        let stack = good();
        let names: Vec<_> = (b'a'..=b'z').map(|it| char::from(it).to_string()).collect();
        let needs: Vec<_> = (1..).step_by(150).take(26).map(|it| format!("{}M", it + 5)).collect();
        let more: Vec<_> =
            names.iter().zip(&needs).map(|(name, need)| (name.as_str(), &**need, "4G")).collect();
        let project = Project::new(with_profiles(&stack, &more), Some(&stack), &CATALOGUE);
        let table = Table::of(&project, Memory::gib(8));
        let profiles: Vec<_> = project.profiles().into_iter().collect();
        let sets = table.largest_sets(&profiles);
        assert!(sets.len() < profiles.len(), "{sets:?}");
        for profile in &profiles {
            let told = sets.iter().any(|set| set.contains(profile));
            assert_eq!(told, table.need(&[*profile]).fits, "{profile}");
        }
        for set in &sets {
            assert!(table.need(set).fits, "{set:?}");
            for other in profiles.iter().filter(|it| !set.contains(*it)) {
                let more: Vec<_> = set.iter().copied().chain([*other]).collect();
                assert!(!table.need(&more).fits, "{other} fits beside {set:?}");
            }
        }
    }

    #[test]
    fn what_a_host_switches_off_by_a_variable_takes_nothing_there() {
        let mut file = lower(&good());
        let fetch = file.services["fetch"].deploy.as_mut().expect("it has limits");
        fetch.replicas = Some("${ON:-0}".to_owned());
        let project = Project::from_file(file, &CATALOGUE);
        let needs = |project: &Project<'_>| need(project, &[], Memory::gib(1)).needs.as_mib();
        assert_eq!(needs(&project), 80, "it may be switched on");
        let with =
            |value: &str| project.clone().with_values([("ON".to_owned(), value.to_owned())].into());
        assert_eq!([needs(&with("0")), needs(&with("1"))], [48, 80]);
    }
}
