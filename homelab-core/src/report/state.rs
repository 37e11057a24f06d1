//! Lists every volume and writable bind, and how it is kept safe.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{profile_names, table};
use crate::compose::MountKind;
use crate::dsl::resource::{Policy, Source};
use crate::model::project::{Member, Project};

/// A place that a service writes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kept {
    /// Who writes.
    pub service: String,
    /// Profiles that switch it on; none means the base.
    pub profiles: Vec<String>,
    /// Volume's real name, or path on the host.
    pub source: String,
    /// Path in the container.
    pub target: String,
    /// Whether its loss hurts.
    pub precious: bool,
    /// How it is kept safe, or why it is not; and why several services write to it, if they do.
    pub policy: String,
}

/// Returns every volume and writable bind, in the file's order.
pub fn gather(project: &Project<'_>) -> Vec<Kept> {
    let mut kept = Vec::new();
    for member in project.members() {
        for mount in member.service.volumes.iter().filter(|it| !it.read_only) {
            let declared = member.facts().mounts.iter().find(|it| it.target == mount.target);
            let (precious, policy) = match declared.map(|it| it.policy) {
                Some(Policy::Dump) => (true, dumped(project, member.name)),
                Some(Policy::Offsite) => (true, "copy it off the host".to_owned()),
                Some(Policy::Scratch(because)) => (false, format!("not kept: {because}")),
                Some(Policy::ReadOnly) | None => (true, "nobody said".to_owned()),
            };
            let shared = declared.and_then(|it| it.shared);
            let shared = shared.map(|because| format!("; several services write to it: {because}"));
            let policy = policy + &shared.unwrap_or_default();
            let variable = declared.and_then(|mount| match mount.source {
                Source::Variable(variable, _) => Some(variable.name()),
                Source::Volume(_) | Source::Host(_) | Source::File(_) => None,
            });
            let path = project.resolve(&mount.source);
            kept.push(Kept {
                service: member.name.to_owned(),
                profiles: member.service.profiles.clone(),
                source: match (mount.kind, variable) {
                    (MountKind::Volume, _) => {
                        format!("volume `{}`", project.file().volume_name(&path))
                    }
                    (MountKind::Bind, Some(variable)) => format!("`{path}` (`{variable}`)"),
                    (MountKind::Bind, None) => format!("`{path}`"),
                },
                target: mount.target.clone(),
                precious,
                policy,
            });
        }
    }
    kept
}

/// Says who dumps a database.
pub(super) fn dumper<'a>(project: &'a Project<'_>, service: &str) -> Option<Member<'a>> {
    project.members().find(|it| it.facts().dumps.contains(&service))
}

fn dumped(project: &Project<'_>, service: &str) -> String {
    match dumper(project, service) {
        Some(dumper) => format!("dumped by `{}`; a copy of its files is no backup", dumper.name),
        None => "to be dumped, but nobody does".to_owned(),
    }
}

/// Writes the page.
pub fn markdown(kept: &[Kept]) -> String {
    let row = |kept: &Kept| {
        vec![
            kept.source.clone(),
            format!("`{}:{}`", kept.service, kept.target),
            profile_names(&kept.profiles),
            kept.policy.clone(),
        ]
    };
    let section = |precious: bool| {
        let rows: Vec<_> = kept.iter().filter(|it| it.precious == precious).map(row).collect();
        table::render(&["What", "Where in the container", "Profile", "How it is kept"], &rows)
    };
    format!(
        "# State\n\nNothing in this stack copies files off the host: \
         what says so below is for your own off-site copy.\n\n\
         ## Precious\n\n{}\n## Made again when it is lost\n\n{}",
        section(true),
        section(false)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{good, spec};
    use crate::prelude::*;
    use crate::testing::FILES;

    #[test]
    fn a_shared_folder_says_why_and_a_scratch_one_that_it_is_not_kept() {
        let mut stack = good();
        let tree = Bind::env(&FILES, Backup::Offsite).shared("films are hard links");
        spec(&mut stack, "web").mounts =
            vec![tree.at("/files").erase(), Bind::env_scratch(&FILES, "a week").at("/x").erase()];
        let kept = gather(&Project::from_stack(&stack));
        let of_web = kept.iter().filter(|it| it.service == "web");
        let told: Vec<_> = of_web.map(|it| (it.precious, it.policy.as_str())).collect();
        let shared = "copy it off the host; several services write to it: films are hard links";
        assert_eq!(told, [(true, shared), (false, "not kept: a week")]);
    }
}
