//! Failures of the outside world and of the command line; findings are not among them.

use std::io;
use std::path::PathBuf;

use crate::exit;

/// What failed. `Display` never repeats the source; the printer walks the chain.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("`{}` is not a folder", .0.display())]
    Project(PathBuf),
    #[error("`{}` does not exist, so this is not the project's folder", .0.display())]
    NotCloned(PathBuf),
    #[error("`{}` is of another project: expected a line `name: {project}`", path.display())]
    NotOurs { path: PathBuf, project: &'static str },
    #[error("unknown profile `{name}`")]
    Profile { name: String, hint: String },
    #[error("`{name}` is neither a service nor a rule")]
    Name { name: String, hint: String },
    #[error("unknown variable `{name}`")]
    Variable { name: String, hint: String },
    #[error("`{name}` cannot be `{value}`: expected {expected}")]
    Value { name: &'static str, value: String, expected: String },
    #[error("`{name}` is already `{value}` in line {line} of `{}`", path.display())]
    AlreadySet { name: &'static str, value: String, line: usize, path: PathBuf },
    #[error("`{}` is not valid:\n{}", path.display(), faults.join("\n"))]
    Settings { path: PathBuf, faults: Vec<String> },
    #[error("`{}` cannot be read as pins:\n{}", path.display(), faults.join("\n"))]
    Pins { path: PathBuf, faults: Vec<String> },
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot make the folder `{}`", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("the system gives no random numbers")]
    Random(#[source] getrandom::Error),
    #[error("cannot hash the password")]
    Hash(#[source] bcrypt::BcryptError),
    #[error("cannot write to the standard output")]
    Output(#[source] io::Error),
}

impl Error {
    /// Whose fault it is.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Project(_)
            | Self::NotCloned(_)
            | Self::NotOurs { .. }
            | Self::Profile { .. }
            | Self::Name { .. }
            | Self::Variable { .. }
            | Self::Value { .. }
            | Self::AlreadySet { .. } => exit::USAGE,
            Self::Settings { .. }
            | Self::Pins { .. }
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Folder { .. }
            | Self::Random(_)
            | Self::Hash(_)
            | Self::Output(_) => exit::FAILED,
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Project(_) | Self::NotCloned(_) => {
                Some("name the folder that holds `compose.yaml` with `--project DIR`".to_owned())
            }
            Self::NotOurs { .. } => {
                Some("name the folder of this repository's clone with `--project DIR`".to_owned())
            }
            Self::Profile { hint, .. } | Self::Name { hint, .. } | Self::Variable { hint, .. } => {
                Some(hint.clone())
            }
            Self::AlreadySet { .. } => {
                Some("edit that line; `homelab init` changes no value".to_owned())
            }
            Self::Settings { .. } => {
                Some("correct these lines, then run the command again".to_owned())
            }
            Self::Pins { .. } => Some(
                "write each as `const NAME: Image = …` with plain literals; if this program was \
                 built from another commit, build it from this one"
                    .to_owned(),
            ),
            Self::Write { .. } | Self::Folder { .. } => {
                Some("check that the folder exists and that you may write to it".to_owned())
            }
            Self::Value { .. }
            | Self::Read { .. }
            | Self::Random(_)
            | Self::Hash(_)
            | Self::Output(_) => None,
        }
    }

    /// Whether the reader of the output has gone, which is nothing to complain about.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(source) if source.kind() == io::ErrorKind::BrokenPipe)
    }
}
