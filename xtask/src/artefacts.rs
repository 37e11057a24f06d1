//! Lists every generated file of the repository with its text.

use std::fmt::Write as _;

use homelab_core::checks;
use homelab_core::compose::unjudged;
use homelab_core::compose::yaml::{self, Spacing};
use homelab_core::dsl::declaration::{DECLARATION, Declaration};
use homelab_core::dsl::house::House;
use homelab_core::model::exposure::gather;
use homelab_core::model::project::Project;
use homelab_core::report::{env_example, exposure, memory, services, state, topology};

use crate::{renovate, schemas};

/// A generated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Artefact {
    /// Path relative to the repository's root.
    pub(crate) path: String,
    /// Its whole text.
    pub(crate) text: String,
}

/// Folders in which a file that is no longer generated may be left.
pub(crate) const FOLDERS: &[&str] = &["config", "schemas"];

/// Returns every generated file. The same input gives the same bytes.
pub(crate) fn all(house: &House, project: &Project<'_>) -> Vec<Artefact> {
    let header = house.header();
    let page = |markdown: &str| format!("<!-- {header} -->\n\n{markdown}");
    let mut artefacts = Vec::new();
    let mut put = |path: &str, text: String| {
        artefacts.push(Artefact { path: path.to_owned(), text });
    };
    put("compose.yaml", yaml::render(&unjudged::data(project.file()), &header, Spacing::Sections));
    let hint = "`homelab init` writes such a file as `.env`; `homelab doctor` checks it.";
    put(".env.example", env_example::text(house.stack.site(), &format!("{header}\n{hint}")));
    put(DECLARATION, Declaration::of(&house.stack).text());
    for file in &house.files {
        put(file.path, file.text.clone());
    }
    for image in house.stack.images() {
        let Some(folder) = image.context_folder() else { continue };
        for file in image.context() {
            put(&format!("{folder}/{}", file.path), file.text.to_owned());
        }
    }
    put("docs/services.md", page(&services::markdown(&services::gather(project))));
    put("docs/exposure.md", page(&exposure::markdown(&gather(project))));
    put("docs/topology.md", page(&topology::markdown(project)));
    if let Some(memory) = memory::gather(project) {
        put("docs/memory.md", page(&memory::markdown(&memory)));
    }
    put("docs/state.md", page(&state::markdown(&state::gather(project))));
    put("docs/checks.md", page(&rules()));
    put(".github/renovate.json", renovate::text(house));
    for (name, schema) in schemas::all(house) {
        put(&format!("schemas/{name}.json"), schema);
    }
    artefacts
}

/// Returns the page with the manual of every rule.
fn rules() -> String {
    let mut out = "# Checks\n\nEvery rule that `cargo xtask gen` runs. \
                   `homelab explain <rule>` prints its entry.\n"
        .to_owned();
    for rule in checks::ALL {
        let _ = write!(out, "\n## `{}` ({})\n\n{}\n", rule.id, rule.severity, rule.manual());
    }
    out
}
