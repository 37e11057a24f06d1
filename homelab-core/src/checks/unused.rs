//! Everything that is declared is used.
//!
//! A network, volume, secret, variable or profile that nobody uses is what a removed service
//! left behind, or a misspelt name; its reader looks for a meaning that it does not have.
//!
//! Fix: remove it, or use it.

use super::{Findings, Rule};
use crate::access;
use crate::compose::{MountKind, ServiceMount};
use crate::finding::Severity;
use crate::project::{Member, Project};
use crate::variable::EnvVar;

pub(super) const RULE: Rule =
    Rule { id: "unused", severity: Severity::Error, source: include_str!("unused.rs"), run };

/// The variable that Compose reads by itself.
const READ_BY_COMPOSE: &str = "COMPOSE_PROFILES";

fn run(project: &Project<'_>, findings: &mut Findings) {
    let file = project.file();
    for name in file.networks.keys() {
        let on = |it: Member<'_>| it.networks().is_some_and(|it| it.contains(&name.as_str()));
        if !project.members().any(on) {
            report(findings, "network", name, "the top-level `networks`");
        }
    }
    for name in file.volumes.keys() {
        let mounts = |it: &ServiceMount| it.kind == MountKind::Volume && it.source == *name;
        if !file.services.values().any(|it| it.volumes.iter().any(mounts)) {
            report(findings, "volume", name, "the top-level `volumes`");
        }
    }
    for name in file.secrets.keys() {
        if access::readers(project, name).next().is_none() {
            report(findings, "secret", name, "the top-level `secrets`");
        }
    }
    let Some(stack) = project.stack() else { return };
    // A parent whose path is another variable's default is in the file too, in that default.
    let mentioned = project.variables();
    for variable in stack.site.variables.iter().map(EnvVar::name) {
        if variable != READ_BY_COMPOSE && !mentioned.contains(variable) {
            report(findings, "variable", variable, "`Site::variables`");
        }
    }
    for profile in stack.site.profiles.iter().map(|it| it.name()) {
        if !file.services.values().any(|it| it.profiles.iter().any(|it| it == profile)) {
            report(findings, "profile", profile, "`Site::profiles`");
        }
    }
}

fn report(findings: &mut Findings, what: &str, name: &str, place: &str) {
    findings.about(
        name,
        format!("no service uses the {what} `{name}`"),
        format!("remove `{name}` from {place}"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{NOTES, break_file, break_stack};
    use crate::compose::{Network, Secret, Volume};
    use crate::resource::Profile;
    use crate::variable::Kind;

    #[test]
    fn networks_volumes_and_secrets_without_users_are_found() {
        let found = break_file(|file| {
            file.networks.insert("attic".to_owned(), Network::default());
        });
        insta::assert_snapshot!(found, @r"
        error[unused]: no service uses the network `attic`
          --> attic
          help: remove `attic` from the top-level `networks`
        ");
        let found = break_file(|file| {
            file.volumes.insert("attic".to_owned(), Volume::default());
        });
        insta::assert_snapshot!(found, @r"
        error[unused]: no service uses the volume `attic`
          --> attic
          help: remove `attic` from the top-level `volumes`
        ");
        let found = break_file(|file| {
            file.secrets.insert("attic".to_owned(), Secret { file: "./secrets/attic".to_owned() });
        });
        insta::assert_snapshot!(found, @r"
        error[unused]: no service uses the secret `attic`
          --> attic
          help: remove `attic` from the top-level `secrets`
        ");
    }

    #[test]
    fn a_variable_without_users_is_found() {
        const ATTIC: EnvVar = EnvVar::new("ATTIC", Kind::Path, "The attic.");
        const PROFILES: EnvVar = EnvVar::new(READ_BY_COMPOSE, Kind::Profiles, "What runs.").or("");
        let found = break_stack(|stack| {
            stack.site.variables = [stack.site.variables, &[ATTIC, PROFILES]].concat().leak();
        });
        insta::assert_snapshot!(found, @r"
        error[unused]: no service uses the variable `ATTIC`
          --> ATTIC
          help: remove `ATTIC` from `Site::variables`
        ");
    }

    #[test]
    fn a_profile_without_services_is_found() {
        const ATTIC: Profile = Profile::new("attic", "The attic.");
        let found = break_stack(|stack| stack.site.profiles = &[NOTES, ATTIC]);
        insta::assert_snapshot!(found, @r"
        error[unused]: no service uses the profile `attic`
          --> attic
          help: remove `attic` from `Site::profiles`
        ");
    }
}
