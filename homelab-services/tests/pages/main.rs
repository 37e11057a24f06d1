//! The service of `CONTRIBUTING.md`, in a house of its own: it compiles, no rule objects to it, and the
//! page shows it as it is here.

// What the house has for it.
mod env {
    pub(crate) const DOMAIN: EnvVar = testing::DOMAIN;

    use homelab_core::prelude::EnvVar;
    use homelab_core::testing;
}

mod groups {
    use homelab_core::prelude::TileGroup;

    pub(crate) const DATA: TileGroup = TileGroup::new("Files", "fas fa-folder-open");
}

mod images {
    use homelab_core::prelude::Image;

    pub(crate) const VAULTWARDEN: Image = Image::pinned(
        "vaultwarden/server:1.37.4@sha256:efb3cde962015fcc036b2ea625242248611943b27212ebf4392841fb30fad055",
    );
}

mod vaultwarden;

use homelab_core::checks;
use homelab_core::model::project::Project;
use homelab_core::testing;

const PAGE: &str = include_str!("../../../CONTRIBUTING.md");

#[test]
fn no_rule_objects_to_the_service_of_the_page() {
    let mut stack = testing::house().stack;
    stack.add(vaultwarden::define());
    let catalogue = stack.catalogue();
    let verdict = checks::check(&Project::from_stack(&stack, &catalogue));
    assert_eq!(verdict.findings, []);
}

#[test]
fn the_page_shows_what_compiles() {
    let indented = include_str!("vaultwarden.rs").lines().map(|line| format!("   {line}"));
    let indented: Vec<_> = indented.map(|line| line.trim_end().to_owned()).collect();
    let block = format!("   ```rs\n{}\n   ```\n", indented.join("\n"));
    assert!(PAGE.contains(&block), "put tests/pages/vaultwarden.rs into the page:\n{block}");
}
