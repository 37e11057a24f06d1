//! Variables, networks and volumes that a service uses are declared.
//!
//! Compose refuses networks and volumes that are not declared. A variable that the stack does
//! not know is missing in `.env.example`, is never validated, and is empty on a new host.
//!
//! Fix: declare it in `Site::variables` or `Site::networks`, or in the top-level `networks:`
//! and `volumes:`.

use indexmap::IndexSet;

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::MountKind;
use crate::dsl::variable::EnvVar;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "undeclared",
    severity: Severity::Error,
    source: include_str!("undeclared.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let file = project.file();
    let variables = project.stack().map(|it| it.site.variables.iter().map(EnvVar::name));
    let variables: Option<IndexSet<_>> = variables.map(Iterator::collect);
    for member in project.members() {
        let mut report = |what: &str, name: &str, place: &str| {
            findings.on(
                &member,
                format!("`{}` uses the {what} `{name}`, which is not declared", member.name),
                format!("declare `{name}` in {place}, or correct its name"),
            );
        };
        // Compose makes the network `default` by itself.
        let networks =
            member.service.networks.iter().map(|it| &it.key).filter(|it| *it != "default");
        for network in networks.filter(|it| !file.networks.contains_key(*it)) {
            report("network", network, "the top-level `networks`");
        }
        let mounts = member.service.volumes.iter();
        let named = mounts.filter(|it| it.kind == MountKind::Volume && !it.source.is_empty());
        for mount in named.filter(|it| !file.volumes.contains_key(&it.source)) {
            report("volume", &mount.source, "the top-level `volumes`");
        }
        let Some(variables) = &variables else { continue };
        for variable in member.variables() {
            if !variables.contains(variable.as_str()) {
                report("variable", variable, "`Site::variables`");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn a_network_is_found() {
        let found = break_file(|file| file.services["web"].networks.push("attic".into()));
        insta::assert_snapshot!(found, @r"
        error[undeclared]: `web` uses the network `attic`, which is not declared
          --> web.rs
          help: declare `attic` in the top-level `networks`, or correct its name
        ");
    }

    #[test]
    fn a_volume_is_found() {
        let found = break_file(|file| {
            let mut mount = file.services["caddy"].volumes[0].clone();
            mount.source = "attic".to_owned();
            file.services["fetch"].volumes.push(mount);
        });
        insta::assert_snapshot!(found, @r"
        error[undeclared]: `fetch` uses the volume `attic`, which is not declared
          --> fetch.rs
          help: declare `attic` in the top-level `volumes`, or correct its name
        ");
    }

    #[test]
    fn a_variable_is_found() {
        let found = break_file(|file| {
            file.services["fetch"].environment.insert("TZ".to_owned(), "${ATTIC:-UTC}".to_owned());
        });
        insta::assert_snapshot!(found, @r"
        error[undeclared]: `fetch` uses the variable `ATTIC`, which is not declared
          --> fetch.rs
          help: declare `ATTIC` in `Site::variables`, or correct its name
        ");
    }
}
