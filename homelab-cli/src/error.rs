//! Failures of the outside world and of the command line; findings are not among them.

mod hint;

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
    #[error(
        "`homelab {0}` reads the household's source, which is not here: this folder is deployed to"
    )]
    NoClone(&'static str),
    #[error("`{}` is of another project: expected a line `name: {project}`", path.display())]
    NotOurs { path: PathBuf, project: &'static str },
    #[error("unknown profile `{name}`")]
    Profile { name: String, hint: String },
    #[error("`{name}` is neither a service nor a rule")]
    Name { name: String, hint: String },
    #[error("unknown variable `{name}`")]
    Variable { name: String, hint: String },
    #[error("unknown secret `{name}`")]
    Secret { name: String, hint: String },
    #[error("the secret `{0}` is not given: `homelab init` makes it")]
    Invented(&'static str),
    #[error("the secret `{0}` is empty: nothing came from the standard input")]
    NothingGiven(&'static str),
    #[error("`{}` is there with another text", .0.display())]
    OtherSecret(PathBuf),
    #[error("cannot read the standard input")]
    Input(#[source] io::Error),
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
    #[error("`{}` is a link, and `homelab init` follows none", .0.display())]
    Link(PathBuf),
    #[error("cannot make the folder `{}`", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("this system gives no random numbers")]
    Random(#[source] getrandom::Error),
    #[error("cannot hash the password")]
    Hash(#[source] bcrypt::BcryptError),
    #[error("`{}` is there: this folder is a clone, and no house that is deployed to", .0.display())]
    Clone(PathBuf),
    #[error("`{}` is not a folder of this host", .0.display())]
    House(PathBuf),
    #[error("`{}` does not exist", .0.display())]
    NoSettings(PathBuf),
    #[error(transparent)]
    Release(#[from] homelab_core::release::NoId),
    #[error("there is no release `{0}` on this host")]
    NoRelease(String),
    #[error("nothing is deployed here yet")]
    NothingDeployed,
    #[error("there is no older release to go back to")]
    NoOlder,
    #[error("the release `{release}` runs already")]
    AlreadyRuns { release: String, kept: Vec<String> },
    #[error("`{release}` names none of the releases that are kept, or several of them")]
    NotKept { release: String, kept: Vec<String> },
    #[error("data stands between this release and `{to}`:\n  {}", lines.join("\n  "))]
    DataBetween { to: String, lines: Vec<String> },
    #[error("`{}` is no checkout of this repository", .0.display())]
    NoCheckout(PathBuf),
    #[error("the checkout in `{}` cannot become a release: {because}", folder.display())]
    Checkout { folder: PathBuf, because: String },
    #[error("`{}` would change `compose.yaml`, and nobody judges or deploys it", .0.display())]
    Override(PathBuf),
    #[error("the folder's name cannot be the project's: {because}")]
    NewName { because: String },
    #[error("`{}` is there, and not an empty folder", .0.display())]
    Taken(PathBuf),
    #[error("`{}` is no clone with the libraries of `homelab`", .0.display())]
    NoLibraries(PathBuf),
    #[error("`{image}` is built of the files in `{context}`, whose tag is `{tag}`")]
    OtherContext { image: String, context: String, tag: String },
    #[error("the bundle is refused: {0}")]
    Bundle(String),
    #[error("the bundle is refused: its format is {found}, expected {expected}")]
    Format { found: u32, expected: u32 },
    #[error("the release `{0}` is on this host with other files")]
    OtherContent(String),
    #[error("`{0}` is committed as {1}, expected a file")]
    NoFile(String, &'static str),
    #[error("the release does not fit this host's `.env`: {0}")]
    Resolve(String),
    #[error("{0}")]
    Unhealthy(String),
    #[error("somebody else is at work here: {0}")]
    Busy(String),
    #[error("`ssh` failed on `{0}`")]
    Ssh(String),
    #[error("`{}` does not exist", .0.display())]
    KnownHosts(PathBuf),
    #[error("unknown request: {0}")]
    Verb(String),
    #[error("`{0}` is not what was committed")]
    Dirty(String),
    #[error("`{line}` {limit}, and was ended")]
    Late { line: String, limit: String },
    #[error("cannot run `{line}`")]
    Start { line: String, help: &'static str, source: io::Error },
    #[error("`{line}` was cut off")]
    CutOff { line: String, source: io::Error },
    #[error("`{line}` failed:\n  {said}")]
    Program { line: String, said: String },
    #[error("`{line}` failed: {said}")]
    Git { line: String, said: String },
    #[error("`git {0}` answers what cannot be read")]
    GitAnswer(&'static str),
    #[error("{what} is not as it was committed: the object `{object}` of this clone was changed")]
    ChangedObject { what: String, object: String },
    #[error("there is no `homelab` on `{0}` that this user may run")]
    NoHomelab(String),
    #[error("cannot become root")]
    Root(#[source] io::Error),
    #[error("`{}` is not a manifest", path.display())]
    Manifest { path: PathBuf, source: serde_json::Error },
    #[error("`{}` is not valid", path.display())]
    Journal { path: PathBuf, source: serde_json::Error },
    #[error("`{0}` was pulled and is not there")]
    NotPulled(String),
    #[error("`{0}` cannot be dumped: its container does not say how")]
    NoDatabase(String),
    #[error("the database of `{service}` is `{has}` in its container and `{says}` in that release")]
    OtherDatabase { service: String, has: String, says: String },
    #[error("`{service}` says `{answer}` when asked for its size")]
    DatabaseSize { service: String, answer: String },
    #[error("the dump `{}` is not whole: its last lines do not say `{end}`", path.display())]
    CutDump { path: PathBuf, end: &'static str },
    #[error("the dump `{}` is refused", path.display())]
    RefusedDump { path: PathBuf, source: io::Error },
    #[error("`psql` ended before the dump `{}` was committed", .0.display())]
    UncommittedDump(PathBuf),
    #[error("the data of `{service}` could not be put back")]
    DataNotPutBack { service: String, kept: String, source: Box<Self> },
    #[error("cannot write to the standard output")]
    Output(#[source] io::Error),
}

impl Error {
    /// Whose fault it is.
    #[expect(clippy::wildcard_enum_match_arm, reason = "in all others a file or a program failed")]
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Project(_)
            | Self::NoCheckout(_)
            | Self::NewName { .. }
            | Self::Taken(_)
            | Self::NoLibraries(_)
            | Self::NotCloned(_)
            | Self::NoClone(_)
            | Self::NotOurs { .. }
            | Self::Profile { .. }
            | Self::Name { .. }
            | Self::Variable { .. }
            | Self::Secret { .. }
            | Self::Invented(_)
            | Self::NothingGiven(_)
            | Self::OtherSecret(_)
            | Self::Value { .. }
            | Self::AlreadySet { .. }
            | Self::Clone(_)
            | Self::House(_)
            | Self::Release(_)
            | Self::NoOlder
            | Self::AlreadyRuns { .. }
            | Self::NotKept { .. }
            | Self::KnownHosts(_)
            | Self::Dirty(_)
            | Self::NoFile(..)
            | Self::Verb(_) => exit::USAGE,
            Self::DataBetween { .. } | Self::Unhealthy(_) | Self::NothingDeployed => exit::FINDINGS,
            _ => exit::FAILED,
        }
    }

    /// Whether another program failed, which may end otherwise when it is run again.
    pub(crate) const fn is_of_a_program(&self) -> bool {
        matches!(self, Self::Start { .. } | Self::CutOff { .. } | Self::Program { .. })
    }

    /// Whether the reader of the output has gone, which is nothing to complain about.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(source) if source.kind() == io::ErrorKind::BrokenPipe)
    }
}
