//! A property that is set as YAML is one of the Compose specification, in a form that can be read.
//!
//! `.raw("hostname", "nas", "…")` sets what the DSL has no method for. What the rules know, such as
//! `privileged`, they judge as if it stood in a Compose file; of anything else plan and deploy say
//! that nobody judged it. The page of services lists each with its reason.
//!
//! Fix: correct the name or the value. What this program knows has to have its long form.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::specification;
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
        for (key, yaml) in member.facts().raw {
            let name = member.name;
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

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, good, spec};
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
