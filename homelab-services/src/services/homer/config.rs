//! Homer's `config.yml`: the tiles of all services, grouped.

use homelab_core::compose::yaml::{self, Spacing};
use homelab_core::dsl::house::ConfigFile;
use homelab_core::dsl::stack::PlacedTile;
use homelab_core::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use super::{CONFIG_FILE, link};

/// Name of the dashboard, also as an installed app.
pub(super) const TITLE: &str = "Home";

#[derive(JsonSchema, Serialize)]
struct Config {
    title: &'static str,
    subtitle: &'static str,
    header: bool,
    footer: bool,
    links: [(); 0],
    services: Vec<Group>,
}

#[derive(JsonSchema, Serialize)]
struct Group {
    name: &'static str,
    icon: &'static str,
    items: Vec<Item>,
}

#[derive(JsonSchema, Serialize)]
struct Item {
    name: &'static str,
    icon: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    subtitle: &'static str,
    /// The profile that has to be on for the link to work.
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'static str>,
    url: String,
    target: &'static str,
}

/// The file that is mounted; `header` is the comment that it begins with.
pub(crate) fn file(tiles: &[PlacedTile], header: &str) -> ConfigFile {
    let text = yaml::render(&config(tiles), header, Spacing::Sections);
    ConfigFile { path: CONFIG_FILE, text }
}

/// Makes the dashboard from tiles, grouped in the order in which the groups first appear.
fn config(tiles: &[PlacedTile]) -> Config {
    let mut services: Vec<Group> = Vec::new();
    for tile in tiles {
        let item = Item {
            name: tile.name(),
            icon: tile.icon(),
            subtitle: tile.subtitle(),
            tag: tile.profile().map(Profile::name),
            url: link(tile),
            target: "_blank",
        };
        match services.iter_mut().find(|it| it.name == tile.group().name()) {
            Some(group) => group.items.push(item),
            None => services.push(Group {
                name: tile.group().name(),
                icon: tile.group().icon(),
                items: vec![item],
            }),
        }
    }
    Config {
        title: TITLE,
        subtitle: "An entry with a tag works while that profile is on",
        header: true,
        footer: false,
        links: [],
        services,
    }
}

/// Returns the JSON Schema of [`config`].
pub(crate) fn schema() -> schemars::Schema {
    schemars::schema_for!(Config)
}
