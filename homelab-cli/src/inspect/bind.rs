//! Every folder of the host that a service mounts exists, and its user can use it.
//!
//! The stack tells Docker not to make missing folders, because Docker would make them as root, and
//! the service could not write to them. So the start fails instead. A service without
//! `DAC_OVERRIDE` obeys the folder's owner and mode even as root. This rule does not look at access
//! control lists. A folder of database dumps lets nobody else in: each dump in it may be readable by
//! everybody, and shows password hashes, sessions and keys.
//!
//! Fix: make the folder with the owner that is named, or hand it over with `chown`.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use homelab_core::compose::interpolate;
use homelab_core::compose::{MountKind, ServiceMount};
use homelab_core::model::access;
use homelab_core::model::project::{Member, Project};

use super::{Context, Findings, HostRule, path};
use crate::house_folder::HouseFolder;

pub(super) const RULE: HostRule =
    HostRule { id: "host-bind", source: include_str!("bind.rs"), run };

/// Docker's socket is left to `host-engine`, which asks the engine itself.
const SOCKET: &str = "/var/run/docker.sock";

/// A mount of a service as it is on this host.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the mount by itself")]
pub(crate) struct Use {
    pub(super) service: String,
    /// The path in the Compose file, with its variables replaced.
    pub(super) source: String,
    pub(super) path: PathBuf,
    /// The variable that the path comes from, when it comes from `.env`.
    pub(super) variable: Option<String>,
    pub(super) writes: bool,
    /// Whether it holds data that the image must not lose and that only the image understands.
    pub(super) is_kept: bool,
    /// Whether it holds dumps of databases, which nobody else may read.
    pub(super) is_dumps: bool,
    /// User id of the process that uses it.
    pub(super) uid: u32,
    /// Group id of that process.
    gid: u32,
    groups: Vec<u32>,
    overrides: bool,
}

/// Returns the paths of the host that enabled services mount, without those whose variable has no
/// value.
pub(crate) fn uses(house: &HouseFolder, project: &Project<'_>, profiles: &[&str]) -> Vec<Use> {
    let mut uses = Vec::new();
    for member in project.members().filter(|it| it.is_enabled_by(profiles)) {
        let binds = member.service.volumes.iter().filter(|it| it.kind == MountKind::Bind);
        uses.extend(binds.filter_map(|it| use_of(house, project, &member, it)));
    }
    uses
}

fn use_of(
    house: &HouseFolder,
    project: &Project<'_>,
    member: &Member<'_>,
    mount: &ServiceMount,
) -> Option<Use> {
    let source = project.resolve(&mount.source);
    if source == SOCKET || source.contains('$') {
        return None;
    }
    let number = |it: &String| project.resolve(it).parse().ok();
    let environment = |it: &str| member.service.environment.get(it).and_then(number);
    // An entry point that starts as root and then becomes PUID works as PUID.
    let becomes = environment("PUID").zip(environment("PGID"));
    let first = access::ids(project, member);
    let (uid, gid) = becomes.or(first)?;
    Some(Use {
        service: member.name.to_owned(),
        path: house.source(&source),
        variable: interpolate::variables(&mount.source)
            .into_iter()
            .next()
            .filter(|_| mount.source.starts_with('$')),
        is_kept: member.contract().is_some_and(|it| it.data.items().contains(&mount.target)),
        is_dumps: holds_dumps(member, mount),
        writes: !mount.read_only,
        uid,
        gid,
        groups: member.service.group_add.iter().filter_map(number).collect(),
        overrides: becomes.is_none() && access::overrides_permissions(project, member),
        source,
    })
}

/// Whether a mount holds what its service's image dumps.
pub(super) fn holds_dumps(member: &Member<'_>, mount: &ServiceMount) -> bool {
    member
        .contract()
        .is_some_and(|it| it.dumps.get() == Some(&true) && it.data.items().contains(&mount.target))
}

impl Use {
    /// Whether the path comes from `.env`, so the household has to make it.
    pub(crate) const fn is_own(&self) -> bool {
        self.variable.is_some()
    }

    pub(crate) fn is_missing(&self) -> bool {
        std::fs::metadata(&self.path).is_err_and(|it| it.kind() == io::ErrorKind::NotFound)
    }

    /// Returns the command that makes the folder.
    pub(crate) fn command(&self) -> String {
        let path = quoted(&self.path.display().to_string());
        let mode = if self.is_dumps { "-m 0700 " } else { "" };
        format!("sudo install -d {mode}-o {} -g {} {path}", self.uid, self.gid)
    }

    /// Returns the command that lets its user in.
    fn opening(&self, owner: u32, path: &str) -> String {
        match (self.uid == owner, self.writes) {
            (true, true) => format!("`sudo chmod u+rwX {path}`"),
            (true, false) => format!("`sudo chmod -R u+rX {path}`"),
            (false, true) => format!("`sudo chown {}:{} {path}`", self.uid, self.gid),
            (false, false) => format!("`sudo chmod -R o+rX {path}`"),
        }
    }

    /// Whether owner, group and mode of the folder let its user do what it needs.
    fn is_allowed(&self, owner: u32, group: u32, mode: u32, is_folder: bool) -> bool {
        let needed = match (self.writes, is_folder) {
            (true, true) => 0o7,
            (true, false) => 0o6,
            (false, true) => 0o5,
            (false, false) => 0o4,
        };
        let shift = if self.uid == owner {
            6
        } else if self.gid == group || self.groups.contains(&group) {
            3
        } else {
            0
        };
        self.overrides || mode >> shift & needed == needed
    }
}

fn run(context: &Context<'_>, findings: &mut Findings) {
    let uses = uses(context.house, context.project, context.profiles).into_iter();
    // A path that no service may have must not be created for one.
    for it in uses.filter(|it| !it.is_own() || !path::is_refused(context, &it.source)) {
        judge(&it, findings);
    }
}

fn judge(it: &Use, findings: &mut Findings) {
    let (service, path) = (&it.service, it.path.display().to_string());
    let metadata = match std::fs::metadata(&it.path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if it.source.starts_with('.') {
                // `host-stale` reports a missing generated file.
                return;
            }
            let help = if it.is_own() {
                format!("`{}`", it.command())
            } else {
                format!("`{service}` does not run on a host without it; switch its profile off")
            };
            findings.error(service, format!("`{path}` does not exist"), help);
            return;
        }
        Err(error) => {
            let message = format!("`{path}` cannot be looked at: {error}");
            if error.kind() == io::ErrorKind::PermissionDenied {
                findings.warning(service, message, "run `sudo homelab doctor`".to_owned());
            } else {
                let help =
                    if it.is_own() { "name another path in `.env`" } else { "see what is there" };
                findings.error(service, message, help.to_owned());
            }
            return;
        }
    };
    if it.is_own() && !metadata.is_dir() {
        let message = format!("`{path}` is not a folder");
        findings.error(service, message, "name another path in `.env`".to_owned());
        return;
    }
    let (owner, group, mode) = (metadata.uid(), metadata.gid(), metadata.mode());
    if !it.is_allowed(owner, group, mode, metadata.is_dir()) {
        let what = if it.writes { "write to" } else { "read" };
        let message = format!(
            "`{path}` belongs to {owner}:{group} with mode {:04o}: `{service}` cannot {what} it as {}:{}",
            mode & 0o7777,
            it.uid,
            it.gid
        );
        let help = it.opening(owner, &quoted(&path));
        findings.error(service, message, help);
    } else if it.is_dumps && mode & 0o077 != 0 {
        let message = format!(
            "`{path}` has mode {:04o}: others than `{service}` can read the dumps in it",
            mode & 0o7777
        );
        findings.warning(service, message, format!("`sudo chmod 0700 {}`", quoted(&path)));
    }
}

/// Quotes a path for a shell.
fn quoted(path: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "/._-+@%".contains(it);
    if path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(uid: u32, gid: u32, writes: bool) -> Use {
        Use {
            service: "web".to_owned(),
            source: "/srv".to_owned(),
            path: PathBuf::from("/srv/a b"),
            variable: Some("FILES".to_owned()),
            is_kept: false,
            is_dumps: false,
            writes,
            uid,
            gid,
            groups: vec![44],
            overrides: false,
        }
    }

    #[test]
    fn the_most_specific_class_decides() {
        assert!(by(1000, 1000, true).is_allowed(1000, 0, 0o700, true));
        assert!(!by(1000, 1000, true).is_allowed(1000, 0, 0o077, true));
        assert!(by(1000, 1000, true).is_allowed(0, 1000, 0o770, true));
        assert!(by(1000, 1000, false).is_allowed(0, 44, 0o750, true));
        assert!(!by(1000, 1000, true).is_allowed(0, 44, 0o750, true));
        assert!(!by(1000, 1000, false).is_allowed(0, 0, 0o754, true));
        assert!(by(1000, 1000, false).is_allowed(0, 0, 0o744, false));
        // Root without the capability is a user like any other.
        assert!(!by(0, 0, true).is_allowed(1000, 1000, 0o755, true));
        assert!(Use { overrides: true, ..by(0, 0, true) }.is_allowed(1000, 1000, 0o700, true));
    }

    #[test]
    fn dumps_are_for_their_service_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let own = std::fs::metadata(folder.path()).expect("it was just made");
        let at = |mode: u32, is_dumps: bool| {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
            std::fs::set_permissions(folder.path(), mode).expect("it is ours");
            let path = folder.path().to_owned();
            let it = Use { path, is_dumps, ..by(own.uid(), own.gid(), true) };
            let mut findings = Findings { rule: RULE.id, list: Vec::new() };
            judge(&it, &mut findings);
            let told = findings.list.iter().map(|it| format!("{}; {}", it.message, it.help));
            let path = folder.path().display().to_string();
            told.collect::<String>().replace(&path, "/dumps")
        };
        assert_eq!(at(0o755, false), "");
        assert_eq!(at(0o700, true), "");
        insta::assert_snapshot!(at(0o755, true), @"`/dumps` has mode 0755: others than `web` can read the dumps in it; `sudo chmod 0700 /dumps`");
        assert!(
            at(0o710, true).contains("mode 0710"),
            "a group that enters reads what it can name"
        );
        let it = Use { is_dumps: true, ..by(999, 999, true) };
        assert_eq!(it.command(), "sudo install -d -m 0700 -o 999 -g 999 '/srv/a b'");
    }

    #[test]
    fn commands_survive_a_shell() {
        let command = by(1000, 100, true).command();
        insta::assert_snapshot!(command, @"sudo install -d -o 1000 -g 100 '/srv/a b'");
        assert_eq!(by(1000, 100, true).opening(0, "/x"), "`sudo chown 1000:100 /x`");
        assert_eq!(by(1000, 100, true).opening(1000, "/x"), "`sudo chmod u+rwX /x`");
        assert_eq!(by(1000, 100, false).opening(0, "/x"), "`sudo chmod -R o+rX /x`");
        assert_eq!(quoted("/a'b"), r"'/a'\''b'");
    }
}
