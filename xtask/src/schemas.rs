//! The JSON Schema of every type that is written as data.

use homelab_core::compose::File;
use homelab_core::finding::Verdict;
use homelab_core::plan::Plan;
use homelab_core::reach::Reach;
use homelab_core::report::doctor::Diagnosis;
use homelab_core::report::explanation::{Explanation, Manual};
use homelab_core::report::exposure::Exposure;
use homelab_core::report::memory::{AllSets, OneSet};
use homelab_core::report::receipt::Receipt;
use homelab_core::report::services::ServiceRow;
use homelab_core::report::state::Kept;
use homelab_core::report::status::Status;
use schemars::{JsonSchema, schema_for};

use crate::artefacts::HEADER;

/// Name and text of each.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    let mut schemas = vec![
        ("compose", text::<File>()),
        ("doctor", text::<Diagnosis>()),
        ("explain-rule", text::<Manual>()),
        ("explain-service", text::<Explanation>()),
        ("exposure", text::<Exposure>()),
        ("memory", text::<AllSets>()),
        ("memory-profiles", text::<OneSet>()),
        ("plan", text::<Plan>()),
        ("reachability", text::<Vec<Reach>>()),
        ("receipt", text::<Receipt>()),
        ("services", text::<Vec<ServiceRow>>()),
        ("state", text::<Vec<Kept>>()),
        ("status", text::<Status>()),
        ("verdict", text::<Verdict>()),
    ];
    schemas.extend(homelab_services::schemas().into_iter().map(|(name, it)| (name, pretty(&it))));
    schemas
}

fn text<T: JsonSchema>() -> String {
    pretty(&schema_for!(T))
}

/// With a comment on how it is made, as every generated file.
fn pretty(schema: &schemars::Schema) -> String {
    let mut schema = schema.clone();
    schema.insert("$comment".to_owned(), HEADER.into());
    format!("{:#}\n", schema.as_value())
}
