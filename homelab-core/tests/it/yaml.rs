//! What is rendered reads back as what it was, with a parser of each YAML version.

use homelab_core::compose::File;
use homelab_core::compose::yaml::{Spacing, render};
use homelab_core::lower::lower;
use proptest::prelude::*;
use serde_yaml::{Mapping, Value};
use yaml_rust2::{Yaml, YamlLoader};

use crate::house::{build, plan};
use crate::text::{property, text};

/// Scalars, lists and maps with string keys: all that a Compose file consists of.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        8 => text().prop_map(Value::String),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let map = prop::collection::vec((text(), inner.clone()), 0..5);
        let map = map.prop_map(|it| {
            let entries = it.into_iter().map(|(key, it)| (Value::String(key), it));
            Value::Mapping(entries.collect::<Mapping>())
        });
        prop_oneof![
            1 => prop::collection::vec(inner, 0..5).prop_map(Value::Sequence),
            2 => map,
        ]
    })
}

/// The same tree as yaml-rust2 would have read it.
fn as_read_by_yaml_1_2(value: &Value) -> Yaml {
    match value {
        Value::Null => Yaml::Null,
        Value::Bool(it) => Yaml::Boolean(*it),
        Value::Number(it) => Yaml::Integer(it.as_i64().expect("the trees hold i64 only")),
        Value::String(it) => Yaml::String(it.clone()),
        Value::Sequence(it) => Yaml::Array(it.iter().map(as_read_by_yaml_1_2).collect()),
        Value::Mapping(it) => Yaml::Hash(
            it.iter()
                .map(|(key, it)| (as_read_by_yaml_1_2(key), as_read_by_yaml_1_2(it)))
                .collect(),
        ),
        Value::Tagged(it) => as_read_by_yaml_1_2(&it.value),
    }
}

/// Reads with both parsers and compares.
fn reads_back(value: &Value, header: &str, spacing: Spacing) -> Result<(), TestCaseError> {
    let rendered = render(value, header, spacing);
    let fail = |reader: &str, error: String| {
        TestCaseError::fail(format!("{reader}: {error}\n{}", rendered.escape_debug()))
    };
    // The real line breaks are the emitter's own: none comes out of a string.
    let legible =
        |it: char| it == '\n' || !it.is_control() && !"\u{2028}\u{2029}\u{feff}".contains(it);
    prop_assert!(rendered.chars().all(legible), "{}", rendered.escape_debug());

    let read: Value =
        serde_yaml::from_str(&rendered).map_err(|it| fail("libyaml (YAML 1.1)", it.to_string()))?;
    prop_assert_eq!(&read, value, "libyaml (YAML 1.1):\n{}", rendered);

    let read = YamlLoader::load_from_str(&rendered)
        .map_err(|it| fail("yaml-rust2 (YAML 1.2)", it.to_string()))?;
    prop_assert_eq!(&read, &[as_read_by_yaml_1_2(value)], "yaml-rust2 (YAML 1.2):\n{}", rendered);
    Ok(())
}

#[test]
fn any_tree_reads_back() {
    let spacing = prop_oneof![Just(Spacing::Dense), Just(Spacing::Sections)];
    property(512, &(tree(), spacing), |(tree, spacing)| reads_back(&tree, "", spacing));
}

#[test]
fn any_text_reads_back_as_value_key_and_word() {
    property(1024, &text(), |it| {
        let text = Value::String(it);
        let map = Value::Mapping([(text.clone(), text.clone())].into_iter().collect());
        let list = Value::Sequence(vec![text.clone(), map.clone(), Value::Sequence(vec![text])]);
        reads_back(&list, "", Spacing::Dense)?;
        reads_back(&map, "Generated.\n\nDo not edit.", Spacing::Sections)
    });
}

/// Strings at the places of a real service.
#[test]
fn any_text_in_a_service_reads_back() {
    let texts = prop::collection::vec(text(), 6);
    property(256, &texts, |it| {
        let mut service = homelab_core::compose::Service {
            command: it.clone(),
            tmpfs: it.clone(),
            ..Default::default()
        };
        for (key, value) in it.iter().zip(it.iter().rev()) {
            service.environment.insert(key.clone(), value.clone());
            service.labels.insert(key.clone(), value.clone());
            service.volumes.push(homelab_core::compose::ServiceMount {
                kind: homelab_core::compose::MountKind::Bind,
                source: key.clone(),
                target: value.clone(),
                read_only: false,
                bind: None,
            });
        }
        let mut file = File { name: it[0].clone(), ..File::default() };
        file.services.insert(it[1].clone(), service);
        let value = serde_yaml::to_value(&file).expect("plain data");
        reads_back(&value, "", Spacing::Sections)?;
        let read: Result<File, _> = serde_yaml::from_str(&render(&file, "", Spacing::Sections));
        prop_assert_eq!(read.map_err(|it| it.to_string()), Ok(file));
        Ok(())
    });
}

#[test]
fn a_whole_file_reads_back() {
    property(128, &plan(), |plan| {
        let file = lower(&build(&plan).stack);
        let rendered = render(&file, "Generated.", Spacing::Sections);
        let read: Result<File, _> = serde_yaml::from_str(&rendered);
        prop_assert_eq!(read.map_err(|it| it.to_string()), Ok(file.clone()), "{}", rendered);
        let value = serde_yaml::to_value(&file).expect("plain data");
        reads_back(&value, "Generated.", Spacing::Sections)
    });
}
