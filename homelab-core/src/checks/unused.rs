//! Everything that is declared is used.
//!
//! A network, volume, secret, variable or profile that nobody uses was left behind by a removed
//! service, or its name is misspelt. Whoever reads it looks for a meaning that it does not have.
//!
//! Fix: remove it, or use it.

use indexmap::IndexSet;

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::MountKind;
use crate::model::project::Project;

pub(super) const RULE: Rule =
    Rule { id: "unused", severity: Severity::Error, source: include_str!("unused.rs"), run };

/// The variable that Compose reads by itself.
const READ_BY_COMPOSE: &str = "COMPOSE_PROFILES";

fn run(project: &Project<'_>, findings: &mut Findings) {
    let file = project.file();
    let networks: IndexSet<_> = project.members().flat_map(|it| it.networks()).collect();
    for name in file.networks.keys().filter(|it| !networks.contains(it)) {
        report(findings, "network", name, "the top-level `networks`");
    }
    let mounts = file.services.values().flat_map(|it| &it.volumes);
    let volumes = mounts.filter(|it| it.kind == MountKind::Volume);
    let volumes: IndexSet<_> = volumes.map(|it| &it.source).collect();
    for name in file.volumes.keys().filter(|it| !volumes.contains(it)) {
        report(findings, "volume", name, "the top-level `volumes`");
    }
    for name in file.secrets.keys() {
        if project.readers(name).next().is_none() {
            report(findings, "secret", name, "the top-level `secrets`");
        }
    }
    let Some(stack) = project.stack() else { return };
    // A variable that occurs only in the default of another one is in the file, too.
    let mentioned = project.variables();
    let is_read = |it: &str| it == READ_BY_COMPOSE || mentioned.contains(it);
    for variable in stack.site.variables.iter().filter(|it| !is_read(it.name())) {
        findings.variable(
            variable,
            format!("no service uses the variable `{variable}`"),
            format!("remove `{variable}` from `Site::variables`"),
        );
    }
    let profiles = file.services.values().flat_map(|it| &it.profiles);
    let profiles: IndexSet<_> = profiles.map(String::as_str).collect();
    for profile in stack.site.profiles.iter().map(|it| it.name()) {
        if !profiles.contains(profile) {
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
    use crate::compose::{AddressRange, Ipam, Network, Secret, Volume};
    use crate::dsl::resource::Profile;
    use crate::dsl::variable::EnvVar;
    use crate::dsl::variable::Kind;

    #[test]
    fn networks_volumes_and_secrets_without_users_are_found() {
        let found = break_file(|file| {
            let config = vec![AddressRange::of("10.231.0.0/24")];
            let attic = Network { ipam: Some(Ipam { config }), ..Network::default() };
            file.networks.insert("attic".to_owned(), attic);
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
          --> ATTIC.rs
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
