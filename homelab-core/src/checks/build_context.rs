//! An image that the host builds is built of the release's own files, and its tag says of which.
//!
//! With `build`, the host copies a folder into an image: `context: /` would be all of the host. Under
//! the name of a registry's image, what was built would run in the place of what was reviewed. And
//! under a tag that is not made of the files, the host would keep what it has built before.
//!
//! Fix: `Image::built("name", …)`, which becomes `image: localhost/name:sha256-<12 digits>` with
//! `build: { context: ./config/build/name }`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::image::{BUILT, CONTEXTS, is_context_tag};
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "build-context",
    severity: Severity::Error,
    source: include_str!("build_context.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let Some(build) = &member.service.build else { continue };
        // A variable could say something else tomorrow.
        let image = member.service.image.as_deref().unwrap_or_default();
        let (repository, tag) = image.rsplit_once(':').unwrap_or((image, ""));
        let is_own = repository
            .strip_prefix(BUILT)
            .is_some_and(|it| build.context == format!("./{CONTEXTS}/{it}"));
        let is_plain = !image.contains('$') && !image.contains("..");
        if is_own && is_plain && is_context_tag(tag) {
            continue;
        }
        let (name, context) = (member.name, &build.context);
        findings.on(
            &member,
            format!("`{name}` builds the image `{image}` of the folder `{context}`"),
            format!(
                "make it by `Image::built(…)`: `{BUILT}<name>:sha256-<12 digits>`, of \
                 `./{CONTEXTS}/<name>`"
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use crate::checks::testing::{break_file, break_stack, good, spec};
    use crate::compose::Build;
    use crate::dsl::image::{ContextFile, Image};
    use crate::dsl::variable::Switch;
    use crate::model::power;
    use crate::model::project::Project;

    fn with(image: &str, context: &str) -> String {
        break_file(|file| {
            let fetch = &mut file.services["fetch"];
            fetch.image = Some(image.to_owned());
            fetch.build = Some(Build { context: context.to_owned() });
        })
    }

    #[test]
    fn a_built_image_is_a_power_and_nothing_that_follows_its_tag() {
        const DOCKERFILE: ContextFile = ContextFile { path: "Dockerfile", text: "FROM scratch\n" };
        let mut stack = good();
        let fetch = spec(&mut stack, "fetch");
        fetch.image = Image::built("hello", &[DOCKERFILE]);
        let project = Project::from_stack(&stack);
        assert_eq!(check(&project).findings, []);
        let member = project.member("fetch").expect("the good example has it");
        let powers: Vec<_> = power::of(&project, &member).iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(powers.join("\n"), @r"
        is built on the host, by the commands of `./config/build/hello/Dockerfile`
        starts as root
        ");
        // What no registry has, no updater brings.
        let follow = Switch::new("FOLLOW", "Follows its tag");
        let found = break_stack(|stack| {
            let fetch = spec(stack, "fetch");
            fetch.image = Image::built("hello", &[DOCKERFILE]);
            fetch.unattended = Some((follow, "it keeps nothing"));
        });
        assert!(found.contains("error[build-context]: "), "{found}");
    }

    #[test]
    fn another_folder_and_another_name_are_found() {
        const IMAGE: &str = "localhost/hello:sha256-0123456789ab";
        const CONTEXT: &str = "./config/build/hello";
        assert_eq!(with(IMAGE, CONTEXT), "");
        insta::assert_snapshot!(with(IMAGE, "/"), @r"
        error[build-context]: `fetch` builds the image `localhost/hello:sha256-0123456789ab` of the folder `/`
          --> fetch.rs
          help: make it by `Image::built(…)`: `localhost/<name>:sha256-<12 digits>`, of `./config/build/<name>`
        ");
        for (image, context) in [
            (IMAGE, "./config/build/other"),
            (IMAGE, "config/build/hello"),
            ("localhost/../..:sha256-0123456789ab", "./config/build/../.."),
            ("localhost/hello:1", CONTEXT),
            ("localhost/hello", CONTEXT),
            ("docker.io/hello:sha256-0123456789ab", CONTEXT),
            ("localhost/$X:sha256-0123456789ab", "./config/build/$X"),
        ] {
            assert!(with(image, context).contains("error[build-context]: "), "{image} {context}");
        }
    }
}
