//! What `gh --jq` does: a filter over what GitHub answered, strings printed without quotes.

use anyhow::{Context as _, anyhow};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};
use serde_json::Value;

pub(crate) fn filter(code: &str, input: &Value) -> anyhow::Result<Vec<u8>> {
    let loader = Loader::new(jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()));
    let arena = Arena::default();
    let modules = loader
        .load(&arena, File { code, path: () })
        .map_err(|errors| anyhow!("`{code}` is no filter: {errors:?}"))?;
    let filter = Compiler::default()
        .with_funs(jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs()))
        .compile(modules)
        .map_err(|errors| anyhow!("`{code}` is no filter: {errors:?}"))?;
    let input = read::parse_single(input.to_string().as_bytes())
        .map_err(|error| anyhow!("no JSON: {error:?}"))?;
    let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let mut printed = Vec::new();
    for value in filter.id.run((context, input)).map(unwrap_valr) {
        let value = value.map_err(|error| anyhow!("`{code}` failed: {error:?}"))?;
        let value: Value = serde_json::from_str(&value.to_string()).context("it prints JSON")?;
        let line = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        printed.extend_from_slice(line.as_bytes());
        printed.push(b'\n');
    }
    Ok(printed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::filter;

    #[test]
    fn strings_are_bare_numbers_are_plain_and_nothing_is_nothing() {
        let input = json!([{ "id": 5, "name": "a b" }]);
        assert_eq!(filter(".[] | .id, .name", &input).expect("a filter"), b"5\na b\n");
        assert_eq!(filter(".[1].id // empty", &input).expect("a filter"), b"");
        assert!(filter(".[", &input).is_err());
    }
}
