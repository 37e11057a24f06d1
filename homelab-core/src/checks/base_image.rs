//! A `Dockerfile` names every image that it takes something of with its digest.
//!
//! A tag is moved: the same files would become another program on the next host, and the image's tag,
//! which is made of the files, would say that nothing has changed.
//!
//! Fix: write `FROM name:1.2.3@sha256:…`, with no variable in it; `COPY --from=…` and the line
//! `# syntax=…` the same.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::image::DOCKERFILE;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "base-image",
    severity: Severity::Error,
    source: include_str!("base_image.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let context = member.facts().context.iter();
        for file in context.filter(|it| it.path == DOCKERFILE) {
            let pinned = |it: &str| it.contains("@sha256:") && !it.contains('$');
            for image in images(file.text).into_iter().filter(|it| !pinned(it)) {
                findings.on(
                    &member,
                    format!(
                        "the `{DOCKERFILE}` of `{}` takes `{image}`, without a digest",
                        member.name
                    ),
                    format!("write `{image}@sha256:<digest>`"),
                );
            }
        }
    }
}

/// Returns the images that a `Dockerfile` takes something of, except for its own stages.
fn images(text: &str) -> Vec<String> {
    let directives = text.lines().map_while(|it| it.trim().strip_prefix('#'));
    let directives = directives.filter_map(|it| it.split_once('='));
    let syntax = directives.filter(|it| it.0.trim().eq_ignore_ascii_case("syntax"));
    let mut images: Vec<String> = syntax.map(|it| it.1.trim().to_owned()).collect();
    let mut stages = vec!["scratch".to_owned()];
    let lines = text.lines().filter(|it| !it.trim_start().starts_with('#'));
    // A line that ends with a backslash goes on.
    let text = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let instruction = words.next().unwrap_or_default().to_ascii_uppercase();
        let is_flag = |it: &&str| it.starts_with("--");
        let rest: Vec<_> = words.clone().skip_while(is_flag).collect();
        let flags = words.take_while(is_flag);
        let named: Vec<&str> = match instruction.as_str() {
            "FROM" => rest.first().copied().into_iter().collect(),
            "COPY" | "RUN" => flags.filter_map(from).collect(),
            _ => Vec::new(),
        };
        let is_stage =
            |it: &str| it.parse::<u16>().is_ok() || stages.contains(&it.to_ascii_lowercase());
        images.extend(named.into_iter().filter(|it| !is_stage(it)).map(str::to_owned));
        if instruction == "FROM"
            && let [_, _, stage] = rest[..]
        {
            stages.push(stage.to_ascii_lowercase());
        }
    }
    images
}

/// Returns what a flag takes files of: `--from=image`, `--mount=type=bind,from=image`.
fn from(flag: &str) -> Option<&str> {
    let mounts = flag.strip_prefix("--mount=").into_iter().flat_map(|it| it.split(','));
    let mut all = flag.strip_prefix("--").into_iter().chain(mounts);
    all.find_map(|it| it.strip_prefix("from="))
}

#[cfg(test)]
mod tests {
    use super::images;
    use crate::checks::testing::{break_stack, spec};
    use crate::dsl::image::{ContextFile, Image};

    fn with(text: &'static str) -> String {
        let context = vec![ContextFile { path: "Dockerfile", text }].leak();
        break_stack(|stack| {
            let fetch = spec(stack, "fetch");
            fetch.image = Image::built("hello", context);
        })
    }

    #[test]
    fn a_base_without_digest_is_found() {
        insta::assert_snapshot!(with("FROM busybox:1.37\n"), @r"
        error[base-image]: the `Dockerfile` of `fetch` takes `busybox:1.37`, without a digest
          --> fetch.rs
          help: write `busybox:1.37@sha256:<digest>`
        ");
        assert_eq!(with("FROM busybox:1.37@sha256:0\nRUN make --from=x\n"), "");
        assert_eq!(with("FROM scratch\n"), "");
        assert!(with("ARG DIGEST\nFROM busybox@sha256:$DIGEST\n").contains("error[base-image]: "));
    }

    #[test]
    fn every_image_is_seen() {
        let text = "# Syntax = a\n# comment\nFROM --platform=x \\\n  b AS Build\nFROM build\n\
                    copy --from=build --chown=0 x y\nCOPY --from=0 x y\nCOPY --from=c x y\n\
                    RUN --mount=type=bind,from=d,target=/d make\n# FROM e\n";
        assert_eq!(images(text), ["a", "b", "c", "d"]);
    }
}
