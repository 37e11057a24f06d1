//! Images that a host builds of a few files, and the tag that says of which.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Image;
use crate::dsl::name::{self, forever};

/// Begins the name of every built image. No registry has this name, so nothing else can be pulled
/// in its place.
pub const BUILT: &str = "localhost/";

/// Folder of the build contexts, relative to the project.
pub const CONTEXTS: &str = "config/build";

/// The file that says how the image is built.
pub(crate) const DOCKERFILE: &str = "Dockerfile";

/// A file of a build context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContextFile {
    /// Path relative to the context. No part of it begins with a dot.
    pub path: &'static str,
    /// Its whole text. Every file has the mode 0644: `COPY --chmod=…` gives another one.
    pub text: &'static str,
}

impl Image {
    /// Makes an image that the host builds of these files, a `Dockerfile` among them, before a
    /// deploy touches anything. Its tag is made of their paths and texts, so every change of one is
    /// another image. `cargo xtask gen` writes them below `config/build/<name>`, and a release
    /// carries them along.
    ///
    /// Panics when the name breaks the naming rule, a path could lead elsewhere, or there is no
    /// `Dockerfile`.
    #[track_caller]
    pub fn built(name: &'static str, context: &'static [ContextFile]) -> Self {
        name::assert_valid(name);
        let is_plain = |it: &ContextFile| it.path.split('/').all(name::is_file_name);
        assert!(context.iter().all(is_plain), "a path of a build context is relative and plain");
        let has_dockerfile = context.iter().any(|it| it.path == DOCKERFILE);
        assert!(has_dockerfile, "a build context has a `{DOCKERFILE}`");
        let hashes: Vec<_> = context.iter().map(|it| hex(it.text.as_bytes())).collect();
        let files = context.iter().zip(&hashes).map(|(it, hash)| (it.path, hash.as_str()));
        let repository = forever(format!("{BUILT}{name}"));
        Self { repository, tag: forever(context_tag(files)), digest: "", context }
    }

    /// Returns the files that the image is built of; none for an image of a registry.
    pub const fn context(self) -> &'static [ContextFile] {
        self.context
    }

    /// Returns the folder of these files, relative to the project; `None` for an image of a
    /// registry.
    pub fn context_folder(self) -> Option<String> {
        let name = self.repository.strip_prefix(BUILT).filter(|_| !self.context.is_empty())?;
        Some(format!("{CONTEXTS}/{name}"))
    }
}

/// Returns the tag of an image that is built of these files, each with its path relative to the
/// context and the SHA-256 hash of its bytes in hexadecimal digits.
pub fn context_tag<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut lines: Vec<_> = files.map(|(path, hash)| format!("{path}\n{hash}\n")).collect();
    lines.sort();
    format!("sha256-{}", &hex(lines.concat().as_bytes())[..12])
}

/// Whether a tag is one that [`context_tag`] makes.
pub(crate) fn is_context_tag(tag: &str) -> bool {
    let digits = tag.strip_prefix("sha256-").unwrap_or_default();
    digits.len() == 12 && digits.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = String::new();
    for byte in Sha256::digest(bytes) {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: ContextFile = ContextFile { path: "Dockerfile", text: "FROM scratch\n" };
    const PAGE: ContextFile = ContextFile { path: "site/index.html", text: "hello\n" };

    #[test]
    fn the_tag_follows_every_path_and_text_and_no_order() {
        const OTHER: ContextFile = ContextFile { text: "hallo\n", ..PAGE };
        const MOVED: ContextFile = ContextFile { path: "index.html", ..PAGE };
        let image = Image::built("hello", &[FROM, PAGE]);
        insta::assert_snapshot!(image, @"localhost/hello:sha256-e2be376589d5");
        assert_eq!(image.context_folder().as_deref(), Some("config/build/hello"));
        assert_eq!(image.tag(), Image::built("other", &[PAGE, FROM]).tag());
        for other in [&[FROM, OTHER][..], &[FROM, MOVED], &[FROM]] {
            assert_ne!(image.tag(), Image::built("hello", other.to_vec().leak()).tag());
        }
        assert!(is_context_tag(image.tag()));
        for tag in ["1.2", "sha256-", "sha256-0123456789aB", "sha256-0123456789abc"] {
            assert!(!is_context_tag(tag), "{tag}");
        }
    }

    #[test]
    fn a_context_has_a_dockerfile_and_stays_in_its_folder() {
        for context in [&[PAGE][..], &[FROM, ContextFile { path: "../x", ..PAGE }]] {
            let context: &'static [ContextFile] = context.to_vec().leak();
            assert!(std::panic::catch_unwind(|| Image::built("hello", context)).is_err());
        }
    }
}
