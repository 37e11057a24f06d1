//! What can go wrong between this program and a registry, and what to do about it.

use super::name::Name;

/// Why a registry could not tell. `Display` never repeats the source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("`{address}` gives no whole answer about `{name}`")]
    Transport { name: Name, address: String, source: Box<ureq::Error> },
    #[error("`{address}` answers {status} to `{path}`")]
    Status { address: String, status: u16, path: String },
    #[error("`{address}` has nothing at `{path}`")]
    Absent { address: String, path: String },
    #[error("`{address}` wants a login for `{name}`")]
    Login { name: Name, address: String },
    #[error("`{address}` answers no more questions for now")]
    Busy { address: String },
    #[error("the token server of `{name}` is `{realm}`, which is not reached by TLS")]
    Realm { name: Name, realm: String },
    #[error("`{address}` answers `{path}` with more than {limit} bytes")]
    TooLong { address: String, path: String, limit: u64 },
    #[error("what the registry has as `{what}` is not the JSON that is expected")]
    Malformed { what: String, source: serde_json::Error },
    #[error("what the registry sent as `{what}` has the digest `{digest}` instead of `{said}`")]
    Lie { what: String, said: String, digest: String },
    #[error("`{what}` is neither an image nor an index of images")]
    NoImage { what: String },
    #[error(
        "the registry calls something of `{name}` `{digest}`, expected `sha256:<64 hex digits>`"
    )]
    Digest { name: Name, digest: String },
    #[error("the next page of the tags of `{name}` is said to be at `{link}`")]
    Link { name: Name, link: String },
    #[error("the tags of `{name}` have no end after {pages} pages")]
    Pages { name: Name, pages: usize },
}

impl Failure {
    /// What to do about it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Transport { .. } => {
                "check this machine's connection and the registry's status page, then try again"
            }
            Self::Status { status, .. } if *status >= 500 => "the registry has a fault: try later",
            Self::Absent { .. } => {
                "look at the registry's page of this image: it was renamed, made private, or the \
                 tag was taken back"
            }
            Self::Login { .. } => "only public images can be asked about: change this pin by hand",
            Self::Busy { .. } => {
                "try again later: Docker Hub counts what an address without account asks in six hours"
            }
            Self::Status { .. }
            | Self::TooLong { .. }
            | Self::Malformed { .. }
            | Self::NoImage { .. }
            | Self::Digest { .. }
            | Self::Link { .. }
            | Self::Pages { .. } => {
                "this is not how a registry answers: check that nothing stands between, such as a \
                 proxy, and change this pin by hand"
            }
            Self::Realm { .. } | Self::Lie { .. } => {
                "do not use this answer: somebody between you and the registry, or the registry \
                 itself, is not to be trusted"
            }
        }
    }
}
