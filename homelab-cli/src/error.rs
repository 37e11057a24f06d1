//! Failures of the outside world and of the command line; findings are not among them.

use std::io;
use std::path::{Path, PathBuf};

use crate::exit;
use crate::words;

const NO_CLONE: &str = "name an empty folder, such as `--project /srv/homelab`; without `--house` it is set \
                 up as a clone";

const SSH: &str = "what `ssh` said stands above: for a host key that is not known see step 4 of \
                   docs/runbooks/merge-is-deploy.md; a deploy that had begun goes on, and `homelab status` tells";

const KEYS: &str = "name a clone with `--project DIR`, whose `.github/known_hosts` says how to fill it, or another \
                    file with `--known-hosts FILE`";

/// What to do about a house that is set up as a clone, or not at all.
const DEPLOYED: &str = "this is for a house that `homelab deploy` deploys to, see docs/runbooks/merge-is-deploy.md; \
                        `--house` names its folder, and in a clone `docker compose ps` and `homelab doctor` tell";

/// What to do about two ends that do not know each other's format.
const FORMAT: &str = "nothing was touched; install the same `homelab` on both ends";

/// What to do about two releases of one name.
const OTHER: &str = "nothing was touched; commit anything, so that the release gets another name, \
                     and deploy that";

/// What to do about a generated file that is none.
const NO_FILE: &str = "commit the file itself: `cargo xtask gen` writes it";

/// What to do about a program that hangs.
const LATE: &str = "see whether it answers when you run it yourself; where it is `docker` that hangs, \
                    `sudo systemctl restart docker`, then run this command again";

const NO_OLDER: &str = "no other release is kept here: check out the commit that shall run, and deploy it from there: \
                        `homelab deploy --host USER@HOST`";

const BUNDLE: &str = "nothing was touched; send it again, and where the `homelab` of the host is older than the \
                      checkout, which says things that it does not know, first install the checkout's there: \
                      step 1 of docs/runbooks/merge-is-deploy.md";

const NO_CHECKOUT: &str = "name a folder with another checkout; this makes one of `main`, and compares with it: \
                           `git worktree add --detach ../main main`, `homelab plan --against ../main`";

const CHECKOUT: &str = "`cargo xtask gen` writes it anew; what another version of this program has generated, that one can read";

const NO_LIBRARIES: &str =
    "run it in a clone of the repository of `homelab`, or name one with `--project DIR`";

const ALREADY_SET: &str = "edit that line; `homelab init` changes no value";

const LINES: &str = "correct these lines, then run the command again";

const CHOOSE: &str = "say what shall become of it: `--restore` puts the dumps back (what was written since is kept beside \
                 it), `--keep-data` starts the older release on the data as it is; both together put back what there is a dump of";

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
    #[error("`{}` is a link, and `homelab init` follows none", .0.display())]
    Link(PathBuf),
    #[error("cannot make the folder `{}`", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("the system gives no random numbers")]
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
    #[error("`{release}` is none of the releases that are kept, or several")]
    NotKept { release: String, kept: Vec<String> },
    #[error("data stands between this release and `{to}`:\n  {}", lines.join("\n  "))]
    DataBetween { to: String, lines: Vec<String> },
    #[error("`{}` is no checkout of this repository", .0.display())]
    NoCheckout(PathBuf),
    #[error("the checkout in `{}` cannot become a release: {because}", folder.display())]
    Checkout { folder: PathBuf, because: String },
    #[error("the folder's name cannot be the project's: {because}")]
    NewName { because: String },
    #[error("`{}` is there, and not an empty folder", .0.display())]
    Taken(PathBuf),
    #[error("`{}` is no clone with the libraries of `homelab`", .0.display())]
    NoLibraries(PathBuf),
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
    #[error("`ssh` could not do it on `{0}`")]
    Ssh(String),
    #[error("`{}` does not exist", .0.display())]
    KnownHosts(PathBuf),
    #[error("the words are not understood: {0}")]
    Verb(String),
    #[error("`{0}` is not what was committed")]
    Dirty(String),
    #[error("`{line}` {limit}, and was ended")]
    Late { line: String, limit: String },
    #[error("{what}")]
    Failed { what: String, help: String },
    #[error("cannot write to the standard output")]
    Output(#[source] io::Error),
}

impl Error {
    /// Whose fault it is.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Project(_)
            | Self::NoCheckout(_)
            | Self::NewName { .. }
            | Self::Taken(_)
            | Self::NoLibraries(_)
            | Self::NotCloned(_)
            | Self::NotOurs { .. }
            | Self::Profile { .. }
            | Self::Name { .. }
            | Self::Variable { .. }
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
            Self::Settings { .. }
            | Self::Pins { .. }
            | Self::Checkout { .. }
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Folder { .. }
            | Self::Link(_)
            | Self::Random(_)
            | Self::Hash(_)
            | Self::NoSettings(_)
            | Self::NoRelease(_)
            | Self::Bundle(_)
            | Self::Format { .. }
            | Self::OtherContent(_)
            | Self::Resolve(_)
            | Self::Busy(_)
            | Self::Ssh(_)
            | Self::Late { .. }
            | Self::Failed { .. }
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
            Self::AlreadySet { .. } => Some(ALREADY_SET.to_owned()),
            Self::Settings { .. } => Some(LINES.to_owned()),
            Self::Pins { .. } => Some(
                "write each as `const NAME: Image = …` with plain literals; if this program was \
                 built from another commit, build it from this one"
                    .to_owned(),
            ),
            Self::Read { path, source }
            | Self::Write { path, source }
            | Self::Folder { path, source } => file_hint(path, source),
            Self::Link(path) => Some(format!(
                "`rm {}`, and put what it led to in its place; what is missing then is made",
                path.display()
            )),
            Self::Clone(_) => Some(NO_CLONE.to_owned()),
            Self::House(path) => Some(format!(
                "{DEPLOYED}; where one shall be, make it: `sudo install --directory --mode 0755 {}`",
                path.display()
            )),
            Self::NoSettings(path) => {
                let folder = path.parent().unwrap_or(path).display();
                Some(format!("run `sudo homelab --project {folder} init --house` on the host"))
            }
            Self::NoRelease(_) => Some(
                "check out its commit, and deploy it from there: `homelab deploy --host USER@HOST`"
                    .to_owned(),
            ),
            Self::NothingDeployed => Some(DEPLOYED.to_owned()),
            Self::NoOlder => Some(NO_OLDER.to_owned()),
            Self::AlreadyRuns { kept, .. } | Self::NotKept { kept, .. } if kept.is_empty() => {
                Some(NO_OLDER.to_owned())
            }
            Self::AlreadyRuns { kept, .. } | Self::NotKept { kept, .. } => {
                Some(format!("kept are: {}", words::list(kept.iter().map(String::as_str))))
            }
            Self::DataBetween { .. } => Some(CHOOSE.to_owned()),
            Self::Format { .. } => Some(FORMAT.to_owned()),
            Self::OtherContent(_) => Some(OTHER.to_owned()),
            Self::NoFile(..) => Some(NO_FILE.to_owned()),
            Self::NoCheckout(_) => Some(NO_CHECKOUT.to_owned()),
            Self::NewName { .. } => Some("say another one with `--name`".to_owned()),
            Self::Taken(_) => Some("name a folder that is not there yet".to_owned()),
            Self::NoLibraries(_) => Some(NO_LIBRARIES.to_owned()),
            Self::Checkout { .. } => Some(CHECKOUT.to_owned()),
            Self::Bundle(_) => Some(BUNDLE.to_owned()),
            Self::Resolve(_) => Some("correct `.env` on the host; nothing was touched".to_owned()),
            Self::Busy(_) => Some("wait until it has ended; nothing was touched".to_owned()),
            Self::Ssh(_) => Some(SSH.to_owned()),
            Self::KnownHosts(_) => Some(KEYS.to_owned()),
            Self::Verb(_) => Some("verbs: `plan`, `deploy`, `rollback`, `status`".to_owned()),
            Self::Dirty(_) => Some("commit it, or deploy it as it is with `--dirty`".to_owned()),
            Self::Late { .. } => Some(LATE.to_owned()),
            Self::Failed { help, .. } => Some(help.clone()).filter(|it| !it.is_empty()),
            Self::Release(_)
            | Self::Unhealthy(_)
            | Self::Value { .. }
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

/// What to do about a file that cannot be read or written, by what the system says.
fn file_hint(path: &Path, source: &io::Error) -> Option<String> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.display().to_string();
    #[expect(clippy::wildcard_enum_match_arm, reason = "for the others nobody knows a way")]
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(format!(
            "make room: `df -h {folder}` shows the disk, `du -sh {folder}/*` what is large"
        )),
        io::ErrorKind::PermissionDenied => Some(format!(
            "`ls -ld {folder}` shows who may; run the command again as that user, or with `sudo`"
        )),
        io::ErrorKind::ReadOnlyFilesystem => {
            Some(format!("`findmnt --target {folder}` shows how it is mounted; mount it writable"))
        }
        io::ErrorKind::InvalidData => {
            Some("save it as UTF-8, which every editor offers, or write that line anew".to_owned())
        }
        io::ErrorKind::FileTooLarge => {
            let what = path.display();
            Some(if path.ends_with(".env") {
                let init = match folder.as_str() {
                    "." => "homelab init".to_owned(),
                    folder => format!("homelab --project {folder} init"),
                };
                format!("move it away, `mv {what} {what}.old`, and make it anew: `{init}`")
            } else {
                format!("no file of this kind is that large: see what it is, `file {what}`")
            })
        }
        io::ErrorKind::NotFound => Some(format!("see what is there: `ls -la {folder}`")),
        io::ErrorKind::AlreadyExists
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory => {
            let path = path.display();
            Some(format!(
                "something else is in its place: `ls -ld {path}`; move it away: `mv {path} {path}.old`"
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_about_a_file_depends_on_what_is_wrong_with_it() {
        let hint = |kind: io::ErrorKind| {
            Error::Write { path: "/srv/homelab/.env".into(), source: kind.into() }.hint()
        };
        let full = hint(io::ErrorKind::StorageFull).expect("there is a way");
        assert!(full.contains("df -h /srv/homelab"), "{full}");
        let denied = hint(io::ErrorKind::PermissionDenied).expect("there is a way");
        assert!(denied.contains("ls -ld /srv/homelab"), "{denied}");
        assert_eq!(hint(io::ErrorKind::Interrupted), None);
    }

    #[test]
    fn a_list_of_nothing_is_no_hint() {
        let kept = |kept: &[&str]| {
            let kept = kept.iter().map(|it| (*it).to_owned()).collect();
            Error::NotKept { release: "x".to_owned(), kept }.hint().expect("there is a way")
        };
        assert_eq!(kept(&["a"]), "kept are: `a`");
        assert!(kept(&[]).contains("homelab deploy"));
    }
}
