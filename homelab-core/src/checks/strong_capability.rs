//! A capability beyond the harmless ones has a recorded reason.
//!
//! Each of them lifts a wall between container and host: `NET_ADMIN` rewrites the firewall,
//! `SYS_PTRACE` reads the memory of other processes, `DAC_READ_SEARCH` opens files of the host.
//! The ulimits `nice` and `rtprio` give what `SYS_NICE` gives, and need its reason.
//! `ALL`, `SYS_ADMIN`, `SYS_MODULE` and `SYS_RAWIO` are root on the host, for whatever reason.
//!
//! Fix: remove the capability, or add it with `.capability(Capability::…, "…")`.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::dsl::privilege::{Capability, Exception};
use crate::model::power::{capabilities, priorities};
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "strong-capability",
    severity: Severity::Error,
    source: include_str!("strong_capability.rs"),
    run,
};

/// Each of them is root on the host.
const ROOT: &[&str] = &["ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO"];

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let added = capabilities(project, &member);
        let added = added.map(|it| (format!("adds the capability `{it}`"), it));
        let raised = priorities(&member).map(|it| {
            let how = format!("has the ulimit `{it}`, which gives what `SYS_NICE` gives,");
            (how, "SYS_NICE".to_owned())
        });
        for (how, capability) in added.chain(raised) {
            let capability = capability.as_str();
            let name = member.name;
            if ROOT.contains(&capability) {
                findings.on(
                    &member,
                    format!("`{name}` {how}, which is root on the host"),
                    "remove it: no reason makes it safe".to_owned(),
                );
            } else if !Capability::HARMLESS.contains(&capability)
                && member.reason_for(Exception::Capability(capability)).is_none()
            {
                findings.on(
                    &member,
                    format!("`{name}` {how} without a recorded reason"),
                    Help::new("remove it, or say why with `.capability(Capability::…, \"…\")`", format!("remove it, or say why with the label `homelab.accepts.cap.{capability}`")),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_both, break_file, spec};
    use crate::compose::Ulimit;
    use crate::dsl::privilege::Exception;
    use crate::dsl::stack::Stack;

    fn with(capability: &str) -> String {
        break_file(|file| file.services["fetch"].cap_add.push(capability.to_owned()))
    }

    /// The same, with a reason recorded for it.
    fn with_reason(capability: &'static str) -> String {
        let reason = |stack: &mut Stack| {
            let what = Exception::Capability(capability);
            spec(stack, "fetch").exceptions.push((what, "it pings"));
        };
        break_both(reason, |file| file.services["fetch"].cap_add.push(capability.to_owned()))
    }

    #[test]
    fn a_strong_capability_without_reason_is_found() {
        insta::assert_snapshot!(with("CAP_NET_ADMIN"), @r#"
        error[strong-capability]: `fetch` adds the capability `NET_ADMIN` without a recorded reason
          --> fetch.rs
          help: remove it, or say why with `.capability(Capability::…, "…")`
        "#);
        insta::assert_snapshot!(with("net_raw"), @r#"
        error[strong-capability]: `fetch` adds the capability `NET_RAW` without a recorded reason
          --> fetch.rs
          help: remove it, or say why with `.capability(Capability::…, "…")`
        "#);
    }

    #[test]
    fn a_ulimit_that_gives_priority_is_found() {
        let found = break_file(|file| {
            let limit = Ulimit { soft: 99, hard: 99 };
            file.services["fetch"].ulimits.insert("rtprio".to_owned(), limit);
        });
        insta::assert_snapshot!(found, @r#"
        error[strong-capability]: `fetch` has the ulimit `rtprio`, which gives what `SYS_NICE` gives, without a recorded reason
          --> fetch.rs
          help: remove it, or say why with `.capability(Capability::…, "…")`
        "#);
    }

    #[test]
    fn root_is_found_even_with_a_reason() {
        insta::assert_snapshot!(with_reason("SYS_ADMIN"), @r"
        error[strong-capability]: `fetch` adds the capability `SYS_ADMIN`, which is root on the host
          --> fetch.rs
          help: remove it: no reason makes it safe
        ");
        insta::assert_snapshot!(with_reason("ALL"), @r"
        error[strong-capability]: `fetch` adds the capability `ALL`, which is root on the host
          --> fetch.rs
          help: remove it: no reason makes it safe
        ");
    }

    #[test]
    fn a_reason_and_a_harmless_capability_are_accepted() {
        assert_eq!(with_reason("NET_RAW"), "");
        assert_eq!(with("CAP_CHOWN"), "");
    }
}
