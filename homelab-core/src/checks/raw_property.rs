//! A property that is set as YAML is one of the Compose specification, in a form that can be read.
//!
//! `.raw("hostname", "nas", "…")` sets what the DSL has no method for. What the rules know, such as
//! `privileged`, they judge as if it stood in a Compose file; of anything else plan and deploy say
//! that nobody judged it. The page of services lists each with its reason.
//!
//! A limit that stands below `deploy` already, such as `mem_limit` beside `.memory(…)`, has no second
//! name: where the two differ, Compose refuses the whole file.
//!
//! A list or map that methods write, such as `labels`, would be replaced as a whole: use the method.
//!
//! Fix: correct the name or the value. What this program knows has to have its long form.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::{Service, specification};
use crate::dsl::privilege::Exception;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "raw-property",
    severity: Severity::Error,
    source: include_str!("raw_property.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        for (key, twin) in twice(member.service) {
            let name = member.name;
            findings.on(
                &member,
                format!("`{name}` has `{key}`, and `{twin}` says it already"),
                format!("remove `{key}`: where the two differ, Compose refuses the file"),
            );
        }
        for (key, yaml) in member.facts().raw {
            let name = member.name;
            if let Some((_, method)) = METHODS.iter().find(|it| it.0 == *key) {
                let fault = format!("`{key}` of `{name}` replaces all that its methods have said");
                findings.on(&member, fault, format!("say it with `.{method}(…)`"));
            }
            if let Err(fault) = specification::property(key, yaml) {
                let help = format!("correct `.raw(\"{key}\", …)`");
                findings.on(&member, format!("`{key}: {yaml}` of `{name}` {fault}"), help);
            }
            if member.reason_for(Exception::Raw(key)).is_none() {
                let message = format!("`{name}` has the raw property `{key}` without a reason");
                findings.on(&member, message, format!("say why in `.raw(\"{key}\", …)`"));
            }
        }
    }
}

/// Lists and maps that the methods of a service write piece by piece, each with its method.
const METHODS: &[(&str, &str)] = &[
    ("depends_on", "uses"),
    ("environment", "env"),
    ("labels", "label"),
    ("networks", "on"),
    ("ports", "publish"),
    ("secrets", "secret"),
    ("volumes", "mount"),
];

/// Returns the keys that have the meaning of one below `deploy`, each with that one. `scale` is another
/// one, which the rule `powerful-key` refuses. Tried with Compose 2.40.
fn twice(service: &Service) -> impl Iterator<Item = (&'static str, &'static str)> {
    let resources = service.deploy.as_ref().and_then(|it| it.resources.as_ref());
    let limits = resources.and_then(|it| it.limits.as_ref());
    let reserved = resources.and_then(|it| it.reservations.as_ref()?.memory.as_ref());
    let pairs = [
        (
            "mem_limit",
            "deploy.resources.limits.memory",
            limits.is_some_and(|it| it.memory.is_some()),
        ),
        ("cpus", "deploy.resources.limits.cpus", limits.is_some_and(|it| it.cpus.is_some())),
        ("pids_limit", "deploy.resources.limits.pids", limits.is_some_and(|it| it.pids.is_some())),
        ("mem_reservation", "deploy.resources.reservations.memory", reserved.is_some()),
    ];
    let is_twice = |it: &(&str, _, bool)| it.2 && service.unjudged.contains_key(it.0);
    pairs.into_iter().filter(is_twice).map(|it| (it.0, it.1))
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack, good, spec};
    use crate::compose::unjudged;
    use crate::dsl::privilege::Exception;
    use crate::lower::lower;

    fn with(key: &'static str, yaml: &'static str, because: &'static str) -> String {
        break_stack(|stack| {
            let fetch = spec(stack, "fetch");
            fetch.raw.push((key, yaml));
            fetch.exceptions.push((Exception::Raw(key), because));
        })
    }

    #[test]
    fn a_property_that_nobody_knows_is_found() {
        insta::assert_snapshot!(with("hostnam", "nas", "it says its name"), @r#"
        error[raw-property]: `hostnam: nas` of `fetch` is no property of a service in the Compose specification
          --> fetch.rs
          help: correct `.raw("hostnam", …)`
        "#);
        insta::assert_snapshot!(with("hostname", "nas", " "), @r#"
        error[raw-property]: `fetch` has the raw property `hostname` without a reason
          --> fetch.rs
          help: say why in `.raw("hostname", …)`
        "#);
    }

    #[test]
    fn what_methods_have_said_is_not_replaced() {
        insta::assert_snapshot!(with("labels", "{}", "it has too many"), @r"
        error[raw-property]: `labels` of `fetch` replaces all that its methods have said
          --> fetch.rs
          help: say it with `.label(…)`
        ");
    }

    #[test]
    fn a_limit_that_stands_below_deploy_already_is_found() {
        let why = "it needs less";
        insta::assert_snapshot!(with("mem_limit", "32m", why), @r"
        error[raw-property]: `fetch` has `mem_limit`, and `deploy.resources.limits.memory` says it already
          --> fetch.rs
          help: remove `mem_limit`: where the two differ, Compose refuses the file
        ");
        for (key, yaml) in [("cpus", "0.5"), ("pids_limit", "50"), ("mem_reservation", "16m")] {
            assert!(with(key, yaml, why).starts_with("error[raw-property]: "), "{key}");
        }
        let without = break_file(|file| {
            let fetch = &mut file.services["fetch"];
            fetch.deploy = None;
            fetch.unjudged.insert("mem_limit".into(), "32m".into());
        });
        assert!(!without.contains("raw-property"), "{without}");
    }

    #[test]
    fn what_the_rules_know_is_judged() {
        insta::assert_snapshot!(with("privileged", "true", "it is"), @r"
        error[privileged]: `fetch` has `privileged: true`
          --> fetch.rs
          help: remove it and add the device or the capability that the service needs
        ");
        insta::assert_snapshot!(with("runtime", "runc", "it is"), @r"
        error[powerful-key]: `fetch` has the key `runtime`, which no rule judges
          --> fetch.rs
          help: remove `runtime`
        ");
    }

    #[test]
    fn what_they_do_not_know_is_written_as_it_is() {
        assert_eq!(with("hostname", "nas", "it says its name"), "");
        let mut stack = good();
        spec(&mut stack, "fetch").raw =
            vec![("extra_hosts", "{ nas: $HOME }"), ("tmpfs", "[/a]"), ("hostname", "nas")];
        let file = lower(&stack);
        let fetch = &unjudged::data(&file)["services"]["fetch"];
        assert_eq!(fetch["hostname"], "nas");
        assert_eq!(fetch["extra_hosts"]["nas"], "$$HOME");
        assert_eq!(file.services["fetch"].tmpfs, ["/a"]);
    }
}
