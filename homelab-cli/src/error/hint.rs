//! What to do about each failure.

use std::io;
use std::path::Path;

use homelab_core::compose::label;

use super::Error;
use crate::message;

const FOLDER: &str = "name the folder that holds `compose.yaml` with `--project DIR`";
const PINS: &str = "write each as `const NAME: Image = …` with plain literals; if this program was built from \
                    another commit, build it from this one";
const NO_RELEASE: &str =
    "check out its commit, and deploy it from there: `homelab deploy --host USER@HOST`";
const NO_CLONE: &str = "name an empty folder, such as `--project /srv/homelab`; without `--house` it is set \
                 up as a clone";
const SSH: &str = "what `ssh` said stands above: for a host key that is not known see step 4 of \
                   docs/runbooks/merge-is-deploy.md; a deploy that had begun goes on, and `homelab status` tells";
const KEYS: &str = "name a clone with `--project DIR`, whose `.github/known_hosts` says how to fill it, or another \
                    file with `--known-hosts FILE`";
const DEPLOYED: &str = "this is for a house that `homelab deploy` deploys to, see docs/runbooks/merge-is-deploy.md; \
                        `--house` names its folder, and in a clone `docker compose ps` and `homelab doctor` tell";
const OTHER: &str = "nothing was touched; commit anything, so that the release gets another name, \
                     and deploy that";
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
const CHOOSE: &str = "say what shall become of it: `--restore` puts the dumps back (what was written since is kept beside \
                 it), `--keep-data` starts the older release on the data as it is; both together put back what there is a dump of";
const NO_COMMIT: &str = "a release is named by its commit: run this in a clone of the repository";
const CHANGED_OBJECT: &str = "`git fsck` names all such objects; clone anew and go on there";
const DOCKER_LOG: &str = "see Docker's own log: `sudo journalctl --unit docker --since -1h`";
const FULL_DISK: &str = "see whether the disk is full: `df -h`; then run the command again";
const OTHER_DUMP: &str = "nothing was touched; go back with `--keep-data`, or put another dump back by \
                          docs/runbooks/restore-immich-database.md";
const AGAIN: &str = "the database is as it was; see whether its disk is full, and try again";

impl Error {
    /// What to do about it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "`fixed_hint` has the others")]
    pub(crate) fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Profile { hint, .. }
            | Self::Name { hint, .. }
            | Self::Variable { hint, .. }
            | Self::Secret { hint, .. } => hint.clone(),
            Self::NothingGiven(name) => format!("`homelab init --secret {name} < FILE`"),
            Self::OtherSecret(path) => format!(
                "`homelab init` changes no secret: `sudo rm {}`, run it again, and start its services anew",
                path.display()
            ),
            Self::Read { path, source }
            | Self::Write { path, source }
            | Self::Folder { path, source } => return file_hint(path, source),
            Self::Link(path) => format!(
                "`rm {}`, and put what it led to in its place; what is missing then is made",
                path.display()
            ),
            Self::House(path) => format!(
                "{DEPLOYED}; where one shall be, make it: `sudo install --directory --mode 0755 {}`",
                path.display()
            ),
            Self::NoSettings(path) => {
                let folder = path.parent().unwrap_or(path).display();
                format!("run `sudo homelab --project {folder} init --house` on the host")
            }
            Self::AlreadyRuns { kept, .. } | Self::NotKept { kept, .. } if !kept.is_empty() => {
                format!("kept are: {}", message::list(kept.iter().map(String::as_str)))
            }
            Self::Journal { path, .. } => journal_hint(path),
            Self::NoDatabase(_) => {
                format!(
                    "expected the label `{}: postgres:<superuser>/<database>`, the same with `mariadb`, or \
                     `sqlite:<path>`",
                    label::DATABASE
                )
            }
            Self::DataNotPutBack { kept, .. } => format!(
                "it is kept as `{kept}`, on its server or among the dumps, and nothing was lost: see what failed, \
                 then run `homelab recover`"
            ),
            Self::OtherDatabase { .. } => {
                "put the dump back by hand, then roll back with `--keep-data`".to_owned()
            }
            _ => return self.fixed_hint().map(str::to_owned),
        })
    }

    /// The hints that have no values of the failure.
    const fn fixed_hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Project(_) | Self::NotCloned(_) | Self::NoClone(_) => FOLDER,
            Self::NotOurs { .. } => {
                "name the folder of this repository's clone with `--project DIR`"
            }
            Self::AlreadySet { .. } => "edit that line; `homelab init` changes no value",
            Self::Invented(_) => "run it without `--secret`",
            Self::Settings { .. } => "correct these lines, then run the command again",
            Self::Pins { .. } => PINS,
            Self::Clone(_) => NO_CLONE,
            Self::NoRelease(_) => NO_RELEASE,
            Self::NothingDeployed => DEPLOYED,
            Self::NoOlder | Self::AlreadyRuns { .. } | Self::NotKept { .. } => NO_OLDER,
            Self::DataBetween { .. } => CHOOSE,
            Self::Format { .. } => "nothing was touched; install the same `homelab` on both ends",
            Self::OtherContent(_) => OTHER,
            Self::NoFile(..) => "commit the file itself: `cargo xtask gen` writes it",
            Self::NoCheckout(_) => NO_CHECKOUT,
            Self::NewName { .. } => "say another one with `--name`",
            Self::Taken(_) => "name a folder that is not there yet",
            Self::NoLibraries(_) => NO_LIBRARIES,
            Self::Checkout { .. } => CHECKOUT,
            Self::Override(_) => "say in Rust what it says, and remove it",
            Self::Bundle(_) => BUNDLE,
            Self::Resolve(_) => "correct `.env` on the host; nothing was touched",
            Self::Busy(_) => "wait until it has ended; nothing was touched",
            Self::Ssh(_) => SSH,
            Self::KnownHosts(_) => KEYS,
            Self::Verb(_) => "verbs: `plan`, `deploy`, `rollback`, `status`",
            Self::Dirty(_) => "commit it, or deploy it as it is with `--dirty`",
            Self::Late { .. } => LATE,
            Self::Start { help, .. } => help,
            Self::CutOff { .. } => "see whether the disk is full and whether the file can be read",
            Self::Git { .. } => NO_COMMIT,
            Self::GitAnswer(_) => "see whether the clone is whole: `git fsck`",
            Self::ChangedObject { .. } => CHANGED_OBJECT,
            Self::NoHomelab(_) => "install it there as /usr/local/bin/homelab",
            Self::Root(_) => "see docs/runbooks/merge-is-deploy.md for the line in `sudoers`",
            Self::Manifest { .. } => "deploy that commit again",
            Self::OtherContext { .. } => "run `cargo xtask gen`, commit, and deploy that",
            Self::NotPulled(_) => DOCKER_LOG,
            Self::CutDump { .. } => FULL_DISK,
            Self::RefusedDump { .. } => OTHER_DUMP,
            Self::UncommittedDump(_) => AGAIN,
            Self::Profile { .. }
            | Self::Name { .. }
            | Self::Variable { .. }
            | Self::Secret { .. }
            | Self::NothingGiven(_)
            | Self::OtherSecret(_)
            | Self::Input(_)
            | Self::Value { .. }
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Folder { .. }
            | Self::Link(_)
            | Self::House(_)
            | Self::NoSettings(_)
            | Self::Journal { .. }
            | Self::NoDatabase(_)
            | Self::OtherDatabase { .. }
            | Self::DataNotPutBack { .. }
            | Self::DatabaseSize { .. }
            | Self::Program { .. }
            | Self::Release(_)
            | Self::Unhealthy(_)
            | Self::Random(_)
            | Self::Hash(_)
            | Self::Output(_) => return None,
        })
    }
}

fn journal_hint(path: &Path) -> String {
    format!(
        "if a newer `homelab` has been at work here, install that one and run `homelab recover`; else see with \
         `homelab status` what runs, set the note aside with `sudo mv {0} {0}.unreadable`, and run \
         `homelab rollback` or deploy",
        path.display()
    )
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
