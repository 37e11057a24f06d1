//! What to do about each failure.

use std::io;
use std::path::Path;

use homelab_core::compose::label;

use super::Error;
use crate::message;

const NO_CLONE: &str = "name an empty folder, such as `--project /srv/homelab`; without `--house` it is set \
                 up as a clone";
const SSH: &str = "what `ssh` said stands above: for a host key that is not known see step 4 of \
                   docs/runbooks/merge-is-deploy.md; a deploy that had begun goes on, and `homelab status` tells";
const KEYS: &str = "name a clone with `--project DIR`, whose `.github/known_hosts` says how to fill it, or another \
                    file with `--known-hosts FILE`";
const DEPLOYED: &str = "this is for a house that `homelab deploy` deploys to, see docs/runbooks/merge-is-deploy.md; \
                        `--house` names its folder, and in a clone `docker compose ps` and `homelab doctor` tell";
const FORMAT: &str = "nothing was touched; install the same `homelab` on both ends";
const OTHER: &str = "nothing was touched; commit anything, so that the release gets another name, \
                     and deploy that";
const NO_FILE: &str = "commit the file itself: `cargo xtask gen` writes it";
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
const CUT_OFF: &str = "see whether the disk is full and whether the file can be read";
const NO_COMMIT: &str = "a release is named by its commit: run this in a clone of the repository";
const CHANGED_OBJECT: &str = "`git fsck` names all such objects; clone anew and go on there";
const SUDOERS: &str = "see docs/runbooks/merge-is-deploy.md for the line in `sudoers`";
const DOCKER_LOG: &str = "see Docker's own log: `sudo journalctl --unit docker --since -1h`";
const FULL_DISK: &str = "see whether the disk is full: `df -h`; then run the command again";
const OTHER_DUMP: &str = "nothing was touched; go back with `--keep-data`, or put another dump back by \
                          docs/runbooks/restore-immich-database.md";
const AGAIN: &str = "the database is as it was; see whether its disk is full, and try again";

impl Error {
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
                Some(format!("kept are: {}", message::list(kept.iter().map(String::as_str))))
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
            Self::Start { help, .. } => Some((*help).to_owned()),
            Self::CutOff { .. } => Some(CUT_OFF.to_owned()),
            Self::Git { .. } => Some(NO_COMMIT.to_owned()),
            Self::GitAnswer(_) => Some("see whether the clone is whole: `git fsck`".to_owned()),
            Self::ChangedObject { .. } => Some(CHANGED_OBJECT.to_owned()),
            Self::NoHomelab(_) => Some("install it there as /usr/local/bin/homelab".to_owned()),
            Self::Root(_) => Some(SUDOERS.to_owned()),
            Self::Manifest { .. } => Some("deploy that commit again".to_owned()),
            Self::Journal { path, .. } => Some(journal_hint(path)),
            Self::NotPulled(_) => Some(DOCKER_LOG.to_owned()),
            Self::NoDatabase(_) => Some(format!(
                "expected the label `{}: postgres:<superuser>/<database>`",
                label::DATABASE
            )),
            Self::CutDump { .. } => Some(FULL_DISK.to_owned()),
            Self::RefusedDump { .. } => Some(OTHER_DUMP.to_owned()),
            Self::UncommittedDump(_) => Some(AGAIN.to_owned()),
            Self::DataNotPutBack { kept, .. } => Some(format!(
                "it is in the database `{kept}`, and nothing was lost: see why the server does not answer, then \
                 run `homelab recover`"
            )),
            Self::Release(_)
            | Self::Unhealthy(_)
            | Self::Value { .. }
            | Self::Random(_)
            | Self::Hash(_)
            | Self::Program { .. }
            | Self::DatabaseSize { .. }
            | Self::Output(_) => None,
        }
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
