//! Container images: pinned by tag and digest, or built of files that are pinned by their tag.

mod context;

use std::fmt;

pub use self::context::{BUILT, CONTEXTS, ContextFile, context_tag};
pub(crate) use self::context::{DOCKERFILE, is_context_tag};

/// A container image with a tag for people and a digest for machines.
///
/// There is no way to write an image of a registry without both: an unpinned literal in a
/// `const` does not compile. One that the host builds has no digest before it is built.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Image {
    repository: &'static str,
    tag: &'static str,
    /// Empty for an image that is built.
    digest: &'static str,
    context: &'static [ContextFile],
}

impl Image {
    /// Makes an image from one literal, `repository:tag@sha256:<64 hex digits>`.
    ///
    /// Panics (in a `const`: does not compile) when tag or digest is missing,
    /// when the digest is not 64 lowercase hex digits, and when the tag is `latest`.
    #[track_caller]
    pub const fn pinned(reference: &'static str) -> Self {
        let Some(at) = find(reference, b'@', false) else {
            panic!("image is not pinned: append `@sha256:<hex>` to the tag");
        };
        let (name, digest) = reference.split_at(at);
        let (_, digest) = digest.split_at(1);
        let Some(colon) = find(name, b':', true) else {
            panic!("image has no tag: write `repository:tag@sha256:<hex>`");
        };
        let (repository, tag) = name.split_at(colon);
        let (_, tag) = tag.split_at(1);
        Self::released(repository, tag, digest)
    }

    /// Makes an image from its parts, for code that computes one of them.
    ///
    /// Panics like [`Image::pinned`].
    #[track_caller]
    pub const fn released(
        repository: &'static str,
        tag: &'static str,
        digest: &'static str,
    ) -> Self {
        assert!(!repository.is_empty(), "image has no repository");
        assert!(is_tag(tag), "image has no tag: write `repository:tag@sha256:<hex>`");
        assert!(
            !equal(tag, "latest"),
            "`latest` is not a version: name the release that was tested"
        );
        assert!(
            is_digest(digest),
            "image digest is not `sha256:` and 64 lowercase hex digits: copy it from the registry"
        );
        Self { repository, tag, digest, context: &[] }
    }

    /// Returns registry and path, without tag: `ghcr.io/immich-app/immich-server`.
    pub const fn repository(self) -> &'static str {
        self.repository
    }

    /// Returns the tag, which is for people.
    pub const fn tag(self) -> &'static str {
        self.tag
    }

    /// Returns the digest, `sha256:<hex>`, which decides what is run; empty for an image that is
    /// built.
    pub const fn digest(self) -> &'static str {
        self.digest
    }

    /// Returns `repository:tag`, for services that follow their tag on purpose.
    pub fn tagged(self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)?;
        if self.digest.is_empty() { Ok(()) } else { write!(f, "@{}", self.digest) }
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({self})")
    }
}

/// Several images of one release, which always have the same tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lockstep {
    images: &'static [Image],
}

impl Lockstep {
    /// Panics (in a `const`: does not compile) when the tags are not all the same.
    #[track_caller]
    pub const fn of(images: &'static [Image]) -> Self {
        let mut at = 1;
        while at < images.len() {
            assert!(
                equal(images[0].tag, images[at].tag),
                "images of one release have different tags: pin all of them at the same one"
            );
            at += 1;
        }
        Self { images }
    }

    /// Returns the images in the order in which they were given.
    pub const fn images(self) -> &'static [Image] {
        self.images
    }
}

/// How far a program may move a pin without asking a person.
///
/// Whatever the range, a pin moves only when the age of the new tag is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// To a later release of the same major version: the first number stays, and while it is 0, so
    /// does the second one.
    Major,
    /// To any later release.
    Any {
        /// Why its major version says nothing.
        because: &'static str,
    },
    /// To the new digest of the same tag, when that is built anew.
    Tag {
        /// Why no other tag will do.
        because: &'static str,
    },
    /// Nowhere.
    Frozen {
        /// Who decides instead.
        because: &'static str,
    },
}

impl Range {
    /// Returns the reason for a range that is not the default.
    pub const fn because(self) -> Option<&'static str> {
        match self {
            Self::Major => None,
            Self::Any { because } | Self::Tag { because } | Self::Frozen { because } => {
                Some(because)
            }
        }
    }
}

/// Finds the first `byte`, or the last one when it stands after the last `/`.
const fn find(text: &str, byte: u8, last: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut found = None;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == byte && (last || found.is_none()) {
            found = Some(at);
        }
        // A colon before a slash belongs to the registry's port, not to a tag.
        if last && bytes[at] == b'/' {
            found = None;
        }
        at += 1;
    }
    found
}

/// Whether two texts are the same; `==` is not yet allowed in constants.
pub(crate) const fn equal(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

const fn is_tag(tag: &str) -> bool {
    let bytes = tag.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !(bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'.' | b'_' | b'-')) {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty()
}

const fn is_digest(digest: &str) -> bool {
    let bytes = digest.as_bytes();
    let prefix = b"sha256:";
    if bytes.len() != prefix.len() + 64 {
        return false;
    }
    let mut at = 0;
    while at < bytes.len() {
        let good = if at < prefix.len() {
            bytes[at] == prefix[at]
        } else {
            bytes[at].is_ascii_digit() || matches!(bytes[at], b'a'..=b'f')
        };
        if !good {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510";

    #[test]
    fn parts_come_back() {
        const IMAGE: Image = Image::pinned(
            "localhost:5000/restic/restic:0.19.1@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510",
        );
        assert_eq!(IMAGE.repository(), "localhost:5000/restic/restic");
        assert_eq!(IMAGE.tag(), "0.19.1");
        assert_eq!(IMAGE.digest(), DIGEST);
        assert_eq!(IMAGE.tagged(), "localhost:5000/restic/restic:0.19.1");
    }

    #[test]
    #[should_panic(expected = "image has no tag")]
    fn a_registry_port_is_not_a_tag() {
        let reference = format!("localhost:5000/restic/restic@{DIGEST}").leak();
        let _ = Image::pinned(reference);
    }

    #[test]
    #[should_panic(expected = "64 lowercase hex digits")]
    fn a_short_digest_is_refused() {
        let _ = Image::pinned("restic/restic:0.19.1@sha256:136600");
    }
}
