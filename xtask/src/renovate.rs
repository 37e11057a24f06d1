//! Writes Renovate's configuration, with the same pins, ranges and age as `homelab images`.

use homelab_core::dsl::house::House;
use homelab_core::dsl::image::Range;
use serde_json::{Value, json};

/// Makes the rules of every house: a pin stays within its major version.
fn rules() -> Vec<Value> {
    vec![
        json!({
            "description": "By default a pin stays within its major version",
            "matchDatasources": ["docker"],
            "matchUpdateTypes": ["major"],
            "enabled": false,
        }),
        json!({
            "description": "While a program is at version 0, its second number is what breaks",
            "matchDatasources": ["docker"],
            "matchCurrentVersion": "/^v?0\\./",
            "matchUpdateTypes": ["minor"],
            "enabled": false,
        }),
    ]
}

/// Returns the text of `.github/renovate.json`.
pub(crate) fn text(house: &House) -> String {
    let mut rules = rules();
    for (image, range) in house.ranges {
        let about = |because: &str, types: &[&str], enabled: bool| {
            let mut rule = json!({
                "description": because,
                "matchPackageNames": [image.repository()],
                "enabled": enabled,
            });
            if !types.is_empty() {
                rule["matchUpdateTypes"] = types.into();
            }
            rule
        };
        rules.push(match range {
            Range::Major => continue,
            Range::Any { because } => about(because, &["major"], true),
            Range::Tag { because } => about(because, &["major", "minor", "patch"], false),
            Range::Frozen { because } => about(because, &[], false),
        });
    }
    for release in house.lockstep {
        let names: Vec<_> = release.images().iter().map(|it| it.repository()).collect();
        let first = names.first().and_then(|it| it.rsplit('/').next()).unwrap_or_default();
        rules.push(json!({
            "description": "Two tags of these do not compile. GitHub's registry does not say when an \
                            image was made: from there they wait on the dashboard until somebody ticks them",
            "matchPackageNames": names,
            "groupName": format!("release of {first}"),
        }));
    }
    rules.push(json!({
        "description": "Actions are pinned by commit, with the version as a comment, and move together",
        "matchManagers": ["github-actions"],
        "groupName": "actions",
    }));
    let pins = format!("/^{}/src/images\\.rs$/", house.folder);
    let config = json!({
        "$schema": "https://docs.renovatebot.com/renovate-schema.json",
        "description": [
            house.header(),
            "Does the same as `homelab images`, for those who prefer Renovate: use one of the two. compose.yaml is generated: Renovate must not edit it.",
        ],
        "extends": ["config:recommended", "schedule:weekly"],
        "enabledManagers": ["custom.regex", "github-actions", "pip_requirements"],
        "minimumReleaseAge": "3 days",
        "minimumReleaseAgeBehaviour": "timestamp-required",
        "internalChecksFilter": "strict",
        "pinDigests": true,
        "automerge": false,
        "pip_requirements": { "managerFilePatterns": ["/^\\.ci/requirements(-build)?\\.txt$/"] },
        "customManagers": [{
            "customType": "regex",
            "description": "Every pin is one literal: `repository:tag@digest`",
            "managerFilePatterns": [pins],
            "matchStrings": [
                "Image::pinned\\(\\s*\"(?<depName>[^\"@\\s]+):(?<currentValue>[\\w][\\w.-]*)@(?<currentDigest>sha256:[a-f0-9]{64})\"",
            ],
            "datasourceTemplate": "docker",
            "versioningTemplate": "docker",
        }],
        "packageRules": rules,
    });
    format!("{config:#}\n")
}
