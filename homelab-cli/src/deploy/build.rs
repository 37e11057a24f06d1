//! Builds the images that a release has the files of; no container changes.

use homelab_core::dsl::image::context_tag;

use super::place::HousePlace;
use super::wanted::Wanted;
use crate::docker;
use crate::error::Error;

/// Images that are to be built, each with the folder of its files in the release.
pub(super) fn contexts<'a>(wanted: &'a Wanted, missing: &[String]) -> Vec<(&'a str, &'a str)> {
    let services = wanted.raw.services.values();
    let built = services.filter_map(|it| Some((it.image.as_deref()?, it.build.as_ref()?)));
    let mut contexts: Vec<_> = built
        .filter(|(image, _)| missing.iter().any(|it| it == image))
        .map(|(image, it)| (image, it.context.trim_start_matches("./")))
        .collect();
    contexts.sort_unstable();
    contexts.dedup();
    contexts
}

/// Builds one of them of the files in the release's own folder, without asking a registry for newer
/// bases. An image is never built anew, so its tag has to say which files these are.
pub(super) fn build(
    place: &HousePlace,
    wanted: &Wanted,
    (image, context): (&str, &str),
) -> Result<(), Error> {
    let folder = format!("{context}/");
    let files = wanted.manifest.files.iter();
    let files = files.filter_map(|(path, hash)| Some((path.strip_prefix(&folder)?, hash.as_str())));
    let tag = context_tag(files);
    if !image.ends_with(&format!(":{tag}")) {
        return Err(Error::OtherContext {
            image: image.to_owned(),
            context: context.to_owned(),
            tag,
        });
    }
    let path = place.release(&wanted.manifest.release).join(context).display().to_string();
    docker::build(&["build", "--quiet", "--pull=false", "--tag", image, &path])
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{ExitStatus, Output};
    use std::rc::Rc;

    use super::super::bundle::Bundle;
    use super::super::place::tests::host;
    use super::super::receipt::tests::id;
    use super::*;
    use crate::bytes::sha256;
    use crate::message;
    use crate::program::played;

    const DOCKERFILE: &str = "FROM scratch\n";

    /// A release on a host with an image of this tag, and what it says of the context.
    fn release(tag: &str) -> (tempfile::TempDir, HousePlace, Wanted) {
        let (folder, place) = host();
        std::fs::write(place.dotenv(), "").expect("it is ours");
        let file = format!(
            "name: house\nservices:\n  a: {{ image: \"a:1\" }}\n  b:\n    image: \
             \"localhost/hello:{tag}\"\n    build: {{ context: ./config/build/hello }}\n"
        );
        let files = [
            ("compose.yaml".to_owned(), file.into_bytes()),
            ("config/build/hello/Dockerfile".to_owned(), DOCKERFILE.as_bytes().to_vec()),
            ("config/build/hello2/Dockerfile".to_owned(), b"FROM a\n".to_vec()),
        ];
        let bundle = Bundle::of_contents(id("release1"), "release1", files.into());
        let bundle = bundle.expect("a valid file");
        bundle.stage(&place).expect("there is room");
        let wanted = Wanted::of_bundle(&place, &bundle, None).expect("the values are there");
        (folder, place, wanted)
    }

    fn tag() -> String {
        context_tag([("Dockerfile", sha256(DOCKERFILE.as_bytes()).as_str())].into_iter())
    }

    #[test]
    fn what_is_missing_and_has_files_is_built_of_them() {
        let (_folder, place, wanted) = release(&tag());
        let image = format!("localhost/hello:{}", tag());
        assert_eq!(contexts(&wanted, &["a:1".to_owned()]), []);
        let missing = ["a:1".to_owned(), image.clone()];
        let context = contexts(&wanted, &missing);
        assert_eq!(context, [(image.as_str(), "config/build/hello")]);
        let calls: Rc<RefCell<Vec<String>>> = Rc::default();
        let (seen, codes) = (Rc::clone(&calls), RefCell::new(vec![1, 0]));
        let _docker = played::by(move |_, words, _| {
            seen.borrow_mut().push(words.join(" "));
            let status = ExitStatus::from_raw(codes.borrow_mut().pop().unwrap_or_default() << 8);
            Some(Output { status, stdout: Vec::new(), stderr: b"no such base\n".to_vec() })
        });
        build(&place, &wanted, context[0]).expect("Docker says so");
        let folder = place.release(&id("release1")).join("config/build/hello");
        let folder = folder.display();
        let call = format!("build --quiet --pull=false --tag {image} {folder}");
        assert_eq!(*calls.borrow(), [call]);
        let failed = build(&place, &wanted, context[0]).expect_err("Docker says so");
        assert!(message::chain(&failed).contains("no such base"), "{failed}");
    }

    #[test]
    fn files_of_another_tag_are_not_built() {
        let (_folder, place, wanted) = release("sha256-0123456789ab");
        let missing = ["localhost/hello:sha256-0123456789ab".to_owned()];
        let context = contexts(&wanted, &missing);
        let error = build(&place, &wanted, context[0]).expect_err("the files are others");
        insta::assert_snapshot!(error, @"`localhost/hello:sha256-0123456789ab` is built of the files in `config/build/hello`, whose tag is `sha256-6aee232e7427`");
    }
}
