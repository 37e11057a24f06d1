//! Writes the JSON Schema of every type that is printed or stored as data.

use homelab_core::checks::finding::Verdict;
use homelab_core::compose::File;
use homelab_core::dsl::contract::observed::Observed;
use homelab_core::dsl::declaration::Declaration;
use homelab_core::dsl::house::House;
use homelab_core::model::exposure::Exposure;
use homelab_core::model::reach::Reach;
use homelab_core::release::plan::Plan;
use homelab_core::report::doctor::Diagnosis;
use homelab_core::report::explanation::{Explanation, Manual};
use homelab_core::report::memory::{AllSets, OneSet};
use homelab_core::report::receipt::Receipt;
use homelab_core::report::services::ServiceRow;
use homelab_core::report::state::Kept;
use homelab_core::report::status::Status;
use schemars::{Schema, schema_for};

/// Returns name and text of each schema.
pub(crate) fn all(house: &House) -> Vec<(&'static str, String)> {
    let own = vec![
        ("compose", schema_for!(File)),
        ("doctor", schema_for!(Diagnosis)),
        ("house", schema_for!(Declaration)),
        ("explain-rule", schema_for!(Manual)),
        ("explain-service", schema_for!(Explanation)),
        ("exposure", schema_for!(Exposure)),
        ("memory", schema_for!(AllSets)),
        ("memory-profiles", schema_for!(OneSet)),
        ("observed", schema_for!(Observed)),
        ("plan", schema_for!(Plan)),
        ("reachability", schema_for!(Vec<Reach>)),
        ("receipt", schema_for!(Receipt)),
        ("services", schema_for!(Vec<ServiceRow>)),
        ("state", schema_for!(Vec<Kept>)),
        ("status", schema_for!(Status)),
        ("verdict", schema_for!(Verdict)),
    ];
    let all = own.into_iter().chain(house.schemas.iter().cloned());
    all.map(|(name, schema)| (name, text(schema, &house.header()))).collect()
}

/// Adds the comment of generated files, and returns the text.
fn text(mut schema: Schema, header: &str) -> String {
    schema.insert("$comment".to_owned(), header.into());
    format!("{:#}\n", schema.as_value())
}
