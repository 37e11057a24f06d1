//! A service on the dashboard has a route that its entry leads to.
//!
//! An entry without route is left out of the dashboard, although somebody asked for it.
//!
//! Fix: give the service a `.route(…)`, or remove its `.tile(…)`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "tile-route",
    severity: Severity::Warning,
    source: include_str!("tile_route.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let facts = member.facts();
        if let Some(tile) = facts.tile.filter(|_| facts.routes.is_empty()) {
            findings.on(
                &member,
                format!("`{}` has the tile `{}` and no route", member.name, tile.name),
                "add a `.route(…)`, or remove the `.tile(…)`".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};
    use crate::dsl::route::{Tile, TileGroup};

    #[test]
    fn a_tile_that_leads_nowhere_is_found() {
        const TILE: Tile = Tile::new("Weather", TileGroup::new("House", "fas fa-house"));
        let found = break_stack(|stack| spec(stack, "fetch").tile = Some(TILE));
        insta::assert_snapshot!(found, @r"
        warning[tile-route]: `fetch` has the tile `Weather` and no route
          --> fetch.rs
          help: add a `.route(…)`, or remove the `.tile(…)`
        ");
    }
}
