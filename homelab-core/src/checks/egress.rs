//! A service that needs the internet has a way out, and no other one is given one for nothing.
//!
//! On internal networks alone every connection to the outside fails, mostly after a long
//! timeout and with a message about names. And a reason that is recorded for a way out which
//! the service has anyway hides what it is for.
//!
//! Fix: `.egress("why")` in the DSL, or a network without `internal: true`; remove `.egress(…)`
//! where a route or another network already leads out.

use super::{Findings, Rule};
use crate::contract::Egress;
use crate::finding::Severity;
use crate::project::Project;

pub(super) const RULE: Rule =
    Rule { id: "egress", severity: Severity::Error, source: include_str!("egress.rs"), run };

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let Some(networks) = member.networks() else { continue };
        let mut open = networks.into_iter().filter(|it| !project.is_internal(it));
        let needed = member.contract.map_or(Egress::None, |it| it.egress);
        if let Egress::Required(because) = needed
            && open.clone().next().is_none()
        {
            findings.on(
                &member,
                format!("`{}` has no way out, and needs one: {because}", member.name),
                "add `.egress(\"why\")`, or a network that is not internal".to_owned(),
            );
        }
        let (Some(stack), Some(_)) = (project.stack(), member.spec.and_then(|it| it.egress)) else {
            continue;
        };
        if let Some(other) = open.find(|it| *it != stack.site.egress.name()) {
            findings.on(
                &member,
                format!("`{}` needs no egress: the network `{other}` leads out too", member.name),
                "remove `.egress(…)`".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack, spec};

    #[test]
    fn a_service_without_a_way_out_is_found() {
        let found = break_file(|file| file.networks["egress"].internal = true);
        insta::assert_snapshot!(found, @r#"
        error[egress]: `fetch` has no way out, and needs one: it asks a weather service
          --> fetch.rs
          help: add `.egress("why")`, or a network that is not internal
        "#);
    }

    #[test]
    fn a_second_way_out_is_found() {
        let found = break_stack(|stack| spec(stack, "web").egress = Some("asks for updates"));
        insta::assert_snapshot!(found, @r"
        error[egress]: `web` needs no egress: the network `proxy` leads out too
          --> web.rs
          help: remove `.egress(…)`
        ");
    }
}
