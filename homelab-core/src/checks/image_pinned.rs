//! An image is pinned to a version and to its digest.
//!
//! A tag is moved: after a `pull` the same file runs another program, perhaps one that
//! migrates the data for good, and a rebuild on a new host is not the old house. The tag says
//! which version the digest is, for people and for update bots.
//!
//! Fix: write `name:1.2.3@sha256:…`. A service that opted in to unattended updates with
//! `.update_unattended("…")` follows a tag, which must not be `latest`.

use super::{Findings, Rule};
use crate::finding::Severity;
use crate::project::{Project, split_image};

pub(super) const RULE: Rule = Rule {
    id: "image-pinned",
    severity: Severity::Error,
    source: include_str!("image_pinned.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let Some(image) = &member.service.image else { continue };
        let image = project.resolve(image);
        let parts = split_image(&image);
        let is_unattended = member.spec.is_some_and(|it| it.unattended.is_some());
        let fault = match parts.tag {
            None => "has no tag",
            Some("latest") => "is tagged `latest`, which says no version",
            Some(_) if parts.digest.is_none() && !is_unattended => "has no digest",
            Some(_) => continue,
        };
        let repository = parts.repository;
        findings.on(
            &member,
            format!("the image `{image}` {fault}"),
            if is_unattended {
                format!("write `{repository}:<version>`")
            } else {
                format!("write `{repository}:<version>@sha256:<digest>`")
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_both, break_file, spec};

    fn with(image: &str) -> String {
        break_file(|file| file.services["fetch"].image = Some(image.to_owned()))
    }

    /// The same, of a service that is updated unattended.
    fn unattended(image: &str) -> String {
        break_both(
            |stack| spec(stack, "fetch").unattended = Some("it keeps nothing"),
            |file| file.services["fetch"].image = Some(image.to_owned()),
        )
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
    fn latest_is_found_even_with_a_digest_or_unattended() {
        insta::assert_snapshot!(with("example/dump:latest@sha256:0"), @r"
        error[image-pinned]: the image `example/dump:latest@sha256:0` is tagged `latest`, which says no version
          --> fetch.rs
          help: write `example/dump:<version>@sha256:<digest>`
        ");
        insta::assert_snapshot!(unattended("example/dump:latest"), @r"
        error[image-pinned]: the image `example/dump:latest` is tagged `latest`, which says no version
          --> fetch.rs
          help: write `example/dump:<version>`
        ");
    }

    #[test]
    fn a_tag_suffices_for_unattended_updates() {
        assert_eq!(unattended("example/dump:1"), "");
    }
}
