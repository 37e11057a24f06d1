//! A database is dumped by a program of its own major version.
//!
//! An older `pg_dump` refuses a newer server, at the hour of the dump and not before. A newer one
//! writes dumps that the server which has to load them may not understand.
//!
//! Fix: take the dumper's image with the database's major version in its tag, and move both together.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::{Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "dumper-version",
    severity: Severity::Error,
    source: include_str!("dumper_version.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        for server in member.facts().dumps.iter().filter_map(|it| project.member(it)) {
            let (Some((program, own)), Some((of, its))) = (major(&member), major(&server)) else {
                continue;
            };
            if program != of || own == its {
                continue;
            }
            findings.on(
                &member,
                format!(
                    "`{}` dumps with {program} `{own}`, and `{}` is {of} `{its}`",
                    member.name, server.name
                ),
                format!("pin the image of `{}` at a tag that begins with `{its}`", member.name),
            );
        }
    }
}

/// Returns the program of an image and its major version, with which the tag begins.
fn major<'a>(member: &Member<'a>) -> Option<(&'a str, &'a str)> {
    let program = member.contract()?.major_of.get()?;
    let tag = member.image().tag?;
    let digits = tag.find(|it: char| !it.is_ascii_digit()).unwrap_or(tag.len());
    (digits > 0).then(|| (program.as_str(), &tag[..digits]))
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use crate::checks::testing::{IMAGE, good, spec};
    use crate::dsl::contract::ran;
    use crate::dsl::image::Image;
    use crate::model::project::Project;

    fn dumped(tag: &'static str, program: &str) -> String {
        let mut stack = good();
        spec(&mut stack, "dump").image = Image::released("example/dump", tag, IMAGE.digest());
        let mut catalogue = stack.catalogue().to_vec();
        for contract in &mut catalogue {
            match contract.repository.as_str() {
                "example/db" => contract.major_of = ran("tests").is("NoteDB".to_owned()),
                "example/dump" => contract.major_of = ran("tests").is(program.to_owned()),
                _ => {}
            }
        }
        let stack = stack.knowing(catalogue);
        let found = check(&Project::from_stack(&stack)).findings;
        let lines: Vec<_> = found.iter().map(|it| format!("{}; {}", it.message, it.help)).collect();
        lines.join("\n")
    }

    #[test]
    fn a_dumper_of_another_major_version_is_found() {
        insta::assert_snapshot!(dumped("2-alpine", "NoteDB"), @"`dump` dumps with NoteDB `2`, and `db` is NoteDB `1`; pin the image of `dump` at a tag that begins with `1`");
    }

    #[test]
    fn the_same_major_version_or_another_program_is_right() {
        for (tag, program) in
            [("1.7", "NoteDB"), ("1", "NoteDB"), ("2", "dumper"), ("v2", "NoteDB")]
        {
            assert_eq!(dumped(tag, program), "", "{tag} {program}");
        }
    }
}
