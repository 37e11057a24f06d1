//! Finds files that containers read and that nobody writes: an engine starts no service without them.

use std::path::Path;

use homelab_core::compose::{MountKind, interpolate};
use homelab_core::dsl::house::House;
use homelab_core::dsl::variable::{EnvVar, Kind};
use homelab_core::model::project::Project;

use crate::artefacts::Artefact;

/// Returns a message for each environment file, and each mounted file or folder of the repository,
/// that is neither generated nor there. Of a path with a variable it tries every value that the
/// variable may have; a path whose values nobody can list is left out.
pub(crate) fn missing(
    house: &House,
    project: &Project<'_>,
    artefacts: &[Artefact],
    root: &Path,
) -> Vec<String> {
    let mut missing = Vec::new();
    for member in project.members() {
        let service = member.service;
        let binds = service.volumes.iter().filter(|it| it.kind == MountKind::Bind);
        let written = service.env_file.iter().chain(binds.map(|it| &it.source));
        for path in written.filter_map(|it| it.strip_prefix("./")).flat_map(|it| paths(house, it)) {
            let folder = format!("{path}/");
            let is_there = |it: &Artefact| it.path == path || it.path.starts_with(&folder);
            if !artefacts.iter().any(is_there) && !root.join(&path).exists() {
                missing.push(format!(
                    "error: `{}` reads `{path}`, which nobody writes\n  \
                     help: add it to the files of the house, or correct the path",
                    member.name
                ));
            }
        }
    }
    missing
}

/// Returns the paths that a text may become.
fn paths(house: &House, text: &str) -> Vec<String> {
    let Some(name) = interpolate::variables(text).into_iter().next() else {
        return interpolate::resolve(text, &|_| None).into_iter().collect();
    };
    let variables = house.stack.site().variables.iter();
    let values: Vec<String> = match variables.clone().find(|it| it.name() == name).map(EnvVar::kind)
    {
        Some(Kind::OneOf(words)) => words.iter().map(|it| (*it).to_owned()).collect(),
        Some(Kind::Count(from, to)) => (from..=to).map(|it| it.to_string()).collect(),
        Some(_) | None => Vec::new(),
    };
    let with = |value: String| {
        interpolate::resolve(text, &|asked| (asked == name).then(|| value.clone())).ok()
    };
    values.into_iter().filter_map(with).collect()
}

#[cfg(test)]
mod tests {
    use homelab_core::prelude::*;
    use homelab_core::testing::{IMAGE, house};

    use super::*;

    #[test]
    fn a_file_that_nobody_writes_is_told() {
        const LEVEL: EnvVar = EnvVar::new("LEVEL", Kind::Count(0, 1), "How much.").or("0");
        let mut house = house();
        house.stack = Stack::new(Site { variables: &[LEVEL], ..*house.stack.site() });
        house.stack.add(
            Service::agent(ServiceName::new("web"), IMAGE, Health::from_image())
                .env_file("config/web/level-", &LEVEL)
                .mount(Bind::config("config/web/theme").at("/theme")),
        );
        let project = Project::from_stack(&house.stack);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let told = |paths: &[&str]| {
            let artefact = |it: &&str| Artefact { path: (*it).to_owned(), text: String::new() };
            let artefacts: Vec<_> = paths.iter().map(artefact).collect();
            missing(&house, &project, &artefacts, folder.path()).join("\n")
        };
        let message = "error: `web` reads `config/web/level-1.env`, which nobody writes\n  \
                       help: add it to the files of the house, or correct the path";
        assert_eq!(told(&["config/web/level-0.env", "config/web/theme"]), message);
        let all = ["config/web/level-0.env", "config/web/level-1.env", "config/web/theme/a.css"];
        assert_eq!(told(&all), "");
        std::fs::create_dir_all(folder.path().join("config/web/theme")).expect("writable");
        assert_eq!(told(&all[..2]), "");
    }
}
