//! Manifests, indexes and configurations of images: as much as tells when one was made.
//!
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md>

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

/// An index or an image's manifest, of OCI or of Docker: all that is asked for.
pub(super) const TYPES: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// An image that says it is older than images are, says nothing: Docker appeared in March 2013.
const FIRST: i64 = 1_362_096_000;

const CREATED: &str = "org.opencontainers.image.created";

type Words = Option<BTreeMap<String, String>>;

/// A page of tags; `null` for an image that lost all of them.
#[derive(Debug, Deserialize)]
pub(super) struct Tags {
    pub(super) tags: Option<Vec<String>>,
}

/// An index has `manifests`, an image `config`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Manifest {
    manifests: Option<Vec<Descriptor>>,
    pub(super) config: Option<Descriptor>,
    annotations: Words,
}

/// Something else in the registry, by its digest.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Descriptor {
    pub(super) digest: String,
    platform: Option<Platform>,
}

#[derive(Clone, Debug, Deserialize)]
struct Platform {
    os: Option<String>,
    architecture: Option<String>,
}

/// An image's configuration.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Config {
    created: Option<String>,
    config: Option<Settings>,
}

#[derive(Clone, Debug, Deserialize)]
struct Settings {
    #[serde(rename = "Labels")]
    labels: Words,
}

impl Manifest {
    /// The image that speaks for an index: `linux/amd64`, else the first that is an image at all.
    pub(super) fn platform(&self) -> Option<&Descriptor> {
        let all = self.manifests.as_ref()?;
        let is = |image: &Descriptor, os: &str, architecture: Option<&str>| {
            let Some(platform) = &image.platform else { return false };
            let same = architecture.is_none_or(|it| platform.architecture.as_deref() == Some(it));
            platform.os.as_deref() == Some(os) && same
        };
        let best = all.iter().find(|it| is(it, "linux", Some("amd64")));
        // Provenance is listed next to images, as `unknown/unknown`.
        best.or_else(|| all.iter().find(|it| !is(it, "unknown", None)))
    }
}

/// When the image was made, by the first of its places that says something believable.
///
/// Reproducible builds say 1970 or nothing in `created`, and often the truth in a label.
pub(super) fn created<'a>(
    config: &Config,
    manifests: impl IntoIterator<Item = &'a Manifest>,
) -> Option<Timestamp> {
    let labels = config.config.as_ref().and_then(|it| it.labels.as_ref());
    let annotations = manifests.into_iter().map(|it| it.annotations.as_ref());
    let said = |words: Option<&'a BTreeMap<String, String>>| words?.get(CREATED).cloned();
    let label = labels.and_then(|it| it.get(CREATED)).cloned();
    let all = [config.created.clone(), label].into_iter().chain(annotations.map(said));
    let mut read = all.flatten().filter_map(|it| it.parse::<Timestamp>().ok());
    read.find(|it| it.as_second() >= FIRST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn made(config: &str, manifest: &str) -> Option<String> {
        let config: Config = serde_json::from_str(config).expect("the test writes JSON");
        let manifest: Manifest = serde_json::from_str(manifest).expect("the test writes JSON");
        created(&config, [&manifest]).map(|it| it.to_string())
    }

    #[test]
    fn an_image_was_made_when_something_believable_says_so() {
        let then = Some("2026-11-20T10:00:00Z".to_owned());
        let label = r#"{"created": "1970-01-01T00:00:00Z",
            "config": {"Labels": {"org.opencontainers.image.created": "2026-11-20T12:00:00+02:00"}}}"#;
        assert_eq!(made(r#"{"created": "2026-11-20T10:00:00Z"}"#, "{}"), then);
        assert_eq!(made(label, "{}"), then);
        let annotation =
            r#"{"annotations": {"org.opencontainers.image.created": "2026-11-20T10:00:00Z"}}"#;
        for config in ["{}", r#"{"created": null, "config": null}"#, r#"{"created": "soon"}"#] {
            assert_eq!(made(config, annotation), then, "{config}");
            assert_eq!(made(config, "{}"), None, "{config}");
        }
        assert_eq!(made(r#"{"created": "0001-01-01T00:00:00Z"}"#, "{}"), None);
    }

    #[test]
    fn one_platform_speaks_for_all() {
        let platform = |os: &str, architecture: &str| {
            format!(
                r#"{{"digest": "{architecture}", "platform": {{"os": "{os}", "architecture": "{architecture}"}}}}"#
            )
        };
        let index = |all: &[String]| {
            let text = format!(r#"{{"manifests": [{}]}}"#, all.join(","));
            let it: Manifest = serde_json::from_str(&text).expect("the test writes JSON");
            it.platform().map(|it| it.digest.clone())
        };
        let (arm, amd) = (platform("linux", "arm64"), platform("linux", "amd64"));
        let (odd, windows) = (platform("unknown", "unknown"), platform("windows", "amd64"));
        assert_eq!(index(&[windows, arm.clone(), amd]).as_deref(), Some("amd64"));
        assert_eq!(index(&[odd.clone(), arm]).as_deref(), Some("arm64"));
        assert_eq!(index(&[odd]), None);
    }
}
