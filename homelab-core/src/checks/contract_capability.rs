//! A service has the capabilities without which its image does not start.
//!
//! An entry point that begins as root gives folders to another user and then becomes that user. With
//! `cap_drop: [ALL]` the kernel refuses that, and the container ends with `operation not permitted`.
//!
//! Fix: add the capability with the reason, or give the service the user that the image ends up with:
//! then nobody changes anything. `homelab explain` names the source of the fact.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::dsl::privilege::Capability;
use crate::model::power;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "contract-capability",
    severity: Severity::Error,
    source: include_str!("contract_capability.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let service = member.service;
        // Another user or another entry point needs others. What Docker gives by itself has them all.
        let is_own = service.user.is_none() && service.entrypoint.is_empty();
        if !is_own || !member.drops_all_capabilities() {
            continue;
        }
        let needed = member.contract().map_or(&[][..], |it| it.capabilities.items());
        let has: Vec<_> = power::capabilities(project, &member).collect();
        let lacks = |it: &&Capability| !has.iter().any(|has| has == it.as_str() || has == "ALL");
        let missing: Vec<_> = needed.iter().filter(lacks).collect();
        if missing.is_empty() {
            continue;
        }
        let names: Vec<_> = missing.iter().map(|it| format!("`{}`", it.as_str())).collect();
        let words = missing.iter().map(|it| format!("`.capability(Capability::{it:?}, …)`"));
        let words: Vec<_> = words.collect();
        findings.on(
            &member,
            format!(
                "`{}` lacks {}, without which its image does not start",
                member.name,
                names.join(", ")
            ),
            Help::new(
                format!("say {}, or set the user with `.user(…)`", words.join(", ")),
                format!("add {} to `cap_add`, or set `user`", names.join(", ")),
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_image;
    use crate::compose::File;
    use crate::dsl::contract::{Contract, ran};
    use crate::dsl::privilege::Capability;

    fn needs(image: &mut Contract) {
        image.capabilities = ran("tests").all([Capability::Setgid, Capability::Setuid]);
    }

    #[test]
    fn a_capability_that_the_image_needs_and_the_service_drops_is_found() {
        let found = break_image(
            |file| {
                file.services["web"].user = None;
                file.services["web"].cap_add = vec!["CAP_SETUID".to_owned()];
            },
            needs,
        );
        insta::assert_snapshot!(found, @r"
        error[contract-capability]: `web` lacks `SETGID`, without which its image does not start
          --> web.rs
          help: say `.capability(Capability::Setgid, …)`, or set the user with `.user(…)`
        ");
    }

    #[test]
    fn whoever_has_it_or_needs_none_is_fine() {
        let user = |file: &mut File| file.services["web"].user = Some("1000:1000".to_owned());
        let kept = |file: &mut File| {
            let web = &mut file.services["web"];
            web.user = None;
            web.cap_add = vec!["SETUID".to_owned(), "setgid".to_owned()];
        };
        for change in [user as fn(&mut File), kept] {
            let found = break_image(change, needs);
            assert!(!found.contains("contract-capability"), "{found}");
        }
    }
}
