//! No key of a service gives power over the host that nobody has looked at.
//!
//! `provider` runs a program on the host, `post_start` a command with rights of its own, `volumes_from`
//! and `extends` bring what stands elsewhere, `runtime` and `gpus` open the host's
//! devices, `label_file` adds labels that the proxy reads. No rule judges what such a key does. Keys that
//! no rule knows, and that are none of these, are passed on and named in the plan.
//!
//! Fix: remove the key; say what it is for with keys that the rules judge, such as `devices`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::unjudged::POWERFUL;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "powerful-key",
    severity: Severity::Error,
    source: include_str!("powerful_key.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let keys = member.service.unjudged.keys().filter_map(|it| it.as_str());
        for key in keys.filter(|it| POWERFUL.contains(it)) {
            findings.on(
                &member,
                format!("`{}` has the key `{key}`, which no rule judges", member.name),
                format!("remove `{key}`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_yaml::Value;

    use crate::checks::testing::break_file;

    fn with(key: &str) -> String {
        break_file(|file| {
            file.services["web"].unjudged.insert(key.into(), Value::Null);
        })
    }

    #[test]
    fn a_key_with_power_is_found() {
        insta::assert_snapshot!(with("provider"), @r"
        error[powerful-key]: `web` has the key `provider`, which no rule judges
          --> web.rs
          help: remove `provider`
        ");
    }

    #[test]
    fn another_one_is_passed_on() {
        assert_eq!(with("hostname"), "");
    }
}
