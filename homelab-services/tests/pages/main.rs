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
mod vaultwarden_contract;

use homelab_core::checks;
use homelab_core::model::project::Project;
use homelab_core::testing;

const PAGE: &str = include_str!("../../../CONTRIBUTING.md");

#[test]
fn no_rule_objects_to_the_service_of_the_page() {
    let stack = testing::house().stack;
    let mut catalogue = stack.catalogue().to_vec();
    catalogue.push(vaultwarden_contract::contract());
    let mut stack = stack.knowing(catalogue);
    stack.add(vaultwarden::define());
    let verdict = checks::check(&Project::from_stack(&stack));
    assert_eq!(verdict.findings, []);
}

#[test]
fn the_page_shows_what_compiles() {
    for (file, source) in [
        ("vaultwarden.rs", include_str!("vaultwarden.rs")),
        ("vaultwarden_contract.rs", include_str!("vaultwarden_contract.rs")),
    ] {
        let indented = source.lines().map(|line| format!("   {line}"));
        let indented: Vec<_> = indented.map(|line| line.trim_end().to_owned()).collect();
        let block = format!("   ```rs\n{}\n   ```\n", indented.join("\n"));
        assert!(PAGE.contains(&block), "put tests/pages/{file} into the page:\n{block}");
    }
}
