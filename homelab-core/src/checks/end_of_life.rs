//! No image is used that its authors have given up.
//!
//! An archived image gets no fixes: every hole that is found in it stays open.
//!
//! Fix: move to its successor while both still run; the message says what is known.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "end-of-life",
    severity: Severity::Warning,
    source: include_str!("end_of_life.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        if let Some(because) = member.contract().and_then(|it| it.end_of_life.some()) {
            findings.on(
                &member,
                format!("`{}` runs `{}`: {because}", member.name, member.image().repository),
                "replace the image by one that is maintained".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn an_archived_image_is_found() {
        let found = break_file(|file| {
            let image = file.services["fetch"].image.as_mut().expect("the good example has images");
            *image = image.replace("example/fetch", "example/old");
        });
        insta::assert_snapshot!(found, @r"
        warning[end-of-life]: `fetch` runs `example/old`: archived by its author
          --> fetch.rs
          help: replace the image by one that is maintained
        ");
    }
}
