//! What is reserved for a service, its `/dev/shm` and each tmpfs are not above its memory limit.
//!
//! Docker refuses a container whose reservation is above its limit. What lies in `/dev/shm` or in a
//! tmpfs counts as memory of the service, so the kernel stops it before a larger one is full.
//!
//! Fix: raise `deploy.resources.limits.memory`, or lower the reservation, `shm_size` or the tmpfs's size.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::dsl::units::Memory;
use crate::model::budget;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "memory-limit",
    severity: Severity::Error,
    source: include_str!("memory_limit.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let Some(memory) = budget::memory(project, &member) else { continue };
        let limit = memory.limit();
        if memory.need() > limit {
            findings.on(
                &member,
                format!("`{}` reserves {}, and its limit is {limit}", member.name, memory.need()),
                Help::new(
                    "say `.memory(…)` with a need that is not above the limit",
                    "lower `deploy.resources.reservations.memory`, or raise the limit",
                ),
            );
        }
        let shm = member.service.shm_size.as_deref();
        let shm = shm.and_then(|size| Memory::parse(&project.resolve(size)));
        if let Some(shm) = shm.filter(|shm| *shm > limit) {
            findings.on(
                &member,
                format!("`{}` has a `/dev/shm` of {shm}, and its limit is {limit}", member.name),
                Help::new(
                    "lower `.shared_memory(…)`, or raise the limit of `.memory(…)`",
                    "lower `shm_size`, or raise `deploy.resources.limits.memory`",
                ),
            );
        }
        for tmpfs in &member.service.tmpfs {
            let (path, options) = tmpfs.split_once(':').unwrap_or((tmpfs, ""));
            let size = options.split(',').find_map(|it| it.strip_prefix("size="));
            let Some(size) = size.and_then(Memory::parse).filter(|it| *it > limit) else {
                continue;
            };
            findings.on(
                &member,
                format!(
                    "`{}` has a tmpfs of {size} at `{path}`, and its limit is {limit}",
                    member.name
                ),
                Help::new(
                    "lower its `.size(…)`, or raise the limit of `.memory(…)`",
                    "lower its `size=`, or raise `deploy.resources.limits.memory`",
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack, spec};
    use crate::dsl::units::Memory;

    #[test]
    fn a_reservation_above_the_limit_is_found() {
        let reserving = |amount: &str| {
            break_file(|file| {
                let deploy = file.services["web"].deploy.as_mut().expect("it has limits");
                let resources = deploy.resources.as_mut().expect("it has limits");
                resources.reservations.get_or_insert_default().memory = Some(amount.to_owned());
            })
        };
        assert_eq!(reserving("128M"), "");
        insta::assert_snapshot!(reserving("129M"), @r"
        error[memory-limit]: `web` reserves 129 MiB, and its limit is 128 MiB
          --> web.rs
          help: say `.memory(…)` with a need that is not above the limit
        ");
    }

    #[test]
    fn shared_memory_above_the_limit_is_found() {
        let sharing = |size| break_stack(|stack| spec(stack, "web").shm = Some(size));
        assert_eq!(sharing(Memory::mib(128)), "");
        insta::assert_snapshot!(sharing(Memory::mib(129)), @r"
        error[memory-limit]: `web` has a `/dev/shm` of 129 MiB, and its limit is 128 MiB
          --> web.rs
          help: lower `.shared_memory(…)`, or raise the limit of `.memory(…)`
        ");
    }

    #[test]
    fn a_tmpfs_above_the_limit_is_found() {
        let with = |size: &str| {
            break_file(|file| {
                file.services["web"].tmpfs.push(format!("/cache:mode=0700,size={size}"));
            })
        };
        insta::assert_snapshot!(with("64g"), @r"
        error[memory-limit]: `web` has a tmpfs of 64 GiB at `/cache`, and its limit is 128 MiB
          --> web.rs
          help: lower its `.size(…)`, or raise the limit of `.memory(…)`
        ");
        assert_eq!(with("1m"), "");
    }
}
