//! An image is pinned to a version and to its digest.
//!
//! A tag is moved: after a `pull` the same file runs another program, perhaps one that
//! migrates the data for good, and a rebuild on a new host is not the old house. The tag says
//! which version the digest is, for people and for update bots.
//!
//! A digest that is the default of a variable counts, whatever `.env` says: the household may
//! take it away (`.update_unattended(…)`), the file may not.
//!
//! A digest of one digit alone, such as 64 zeros, is a gap that somebody left: no image has it.
//!
//! Fix: write `name:1.2.3@sha256:…`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::interpolate;
use crate::model::project::{Project, split_image};

pub(super) const RULE: Rule = Rule {
    id: "image-pinned",
    severity: Severity::Error,
    source: include_str!("image_pinned.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        // The rule `build-context` judges what the host builds.
        let is_built = member.service.build.is_some();
        let Some(image) = member.service.image.as_ref().filter(|_| !is_built) else { continue };
        let committed = interpolate::resolve(image, &|_| None).unwrap_or_default();
        let has_digest = |it: &str| split_image(it).digest.is_some();
        let image = project.resolve(image);
        let parts = split_image(&image);
        let fault = match parts.tag {
            None => "has no tag",
            Some("latest") => "is tagged `latest`, which says no version",
            Some(_) if !has_digest(&image) && !has_digest(&committed) => "has no digest",
            Some(_) if parts.digest.is_some_and(is_gap) => "has a digest that no image has",
            Some(_) => continue,
        };
        let repository = parts.repository;
        findings.on(
            &member,
            format!("the image `{image}` {fault}"),
            format!("write `{repository}:<version>@sha256:<digest>`"),
        );
    }
}

/// Whether a digest has one digit alone.
fn is_gap(digest: &str) -> bool {
    let hex = digest.strip_prefix("sha256:").unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|it| it == hex.as_bytes()[0])
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;
    use crate::checks::check;
    use crate::checks::testing::{CATALOGUE, break_file, good};
    use crate::lower::lower;

    fn with(image: &str) -> String {
        break_file(|file| file.services["fetch"].image = Some(image.to_owned()))
    }

    #[test]
    fn an_image_without_tag_is_found() {
        insta::assert_snapshot!(with("example/dump"), @r"
        error[image-pinned]: the image `example/dump` has no tag
          --> fetch.rs
          help: write `example/dump:<version>@sha256:<digest>`
        ");
    }

    #[test]
    fn an_image_without_digest_is_found() {
        insta::assert_snapshot!(with("example/dump:${DOMAIN:-1}"), @r"
        error[image-pinned]: the image `example/dump:1` has no digest
          --> fetch.rs
          help: write `example/dump:<version>@sha256:<digest>`
        ");
    }

    #[test]
    fn a_digest_of_one_digit_is_found() {
        let with_digit = |digit: &str| with(&format!("example/dump:1@sha256:{}", digit.repeat(64)));
        insta::assert_snapshot!(with_digit("0"), @r"
        error[image-pinned]: the image `example/dump:1@sha256:0000000000000000000000000000000000000000000000000000000000000000` has a digest that no image has
          --> fetch.rs
          help: write `example/dump:<version>@sha256:<digest>`
        ");
        assert!(with_digit("f").starts_with("error[image-pinned]: "));
        assert_eq!(with(&format!("example/dump:1@sha256:{}1", "0".repeat(63))), "");
    }

    #[test]
    fn latest_is_found_even_with_a_digest() {
        insta::assert_snapshot!(with("example/dump:latest@sha256:0"), @r"
        error[image-pinned]: the image `example/dump:latest@sha256:0` is tagged `latest`, which says no version
          --> fetch.rs
          help: write `example/dump:<version>@sha256:<digest>`
        ");
    }

    #[test]
    fn the_household_may_take_a_digest_away_and_the_file_may_not() {
        let found = |image: &str| {
            let mut file = lower(&good());
            file.services["fetch"].image = Some(image.to_owned());
            let values = IndexMap::from([("FOLLOW".to_owned(), String::new())]);
            let project = Project::from_file(file, &CATALOGUE).with_values(values);
            check(&project).findings.iter().any(|it| it.rule == RULE.id)
        };
        assert!(!found("example/dump:1${FOLLOW-@sha256:0}"));
        assert!(found("example/dump:1${FOLLOW:+@sha256:0}"));
    }
}
