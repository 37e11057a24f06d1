//! Lists what a service of a Compose file may do to the host. Plans compare these facts, rules
//! judge them.

mod host_path;

use std::fmt;

use self::host_path::is_in;
pub use self::host_path::{Disclosure, HostPath, host_path, is_harmless_device, real};
pub(crate) use self::host_path::{holds_socket, is_socket};
use crate::compose::MountKind;
use crate::compose::label;
use crate::dsl::privilege::MACVLAN;
use crate::model::project::{Member, OUTSIDE, Project};

/// One thing that a container may do to the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Power {
    /// A label of the release accepts something that this service does.
    Accepted {
        /// What is accepted, as the label says: `cap.NET_RAW`, `pid.host`, or a rule's id.
        what: String,
        /// Why.
        because: String,
    },
    /// `privileged: true`.
    Privileged,
    /// A path of the host is mounted in it.
    Path {
        /// Which.
        path: HostPath,
        /// Whether it can write there. A socket answers in either case.
        writable: bool,
    },
    /// It shares a namespace with the host or another container, or is on one of the engine's own
    /// networks: the field and its value.
    Namespace(&'static str, String),
    /// It has a device of the host.
    Device(String),
    /// It may use devices of the host by a rule of its control group.
    DeviceRule(String),
    /// Its processes may take priority over those of others: the name of the ulimit.
    Priority(String),
    /// Its process is in an additional group of the host: the group's number or name.
    Group(String),
    /// It adds a capability; the kernel's name without `CAP_`.
    Capability(String),
    /// It keeps the capabilities that Docker gives to every container.
    DefaultCapabilities,
    /// A security option switches off or replaces a filter of the kernel: the option.
    Unconfined(String),
    /// Its processes can gain privileges by programs with the setuid bit.
    NewPrivileges,
    /// It can write to its root file system.
    WritableRoot,
    /// The host runs the commands of the `Dockerfile` in this folder, to build its image.
    Built(String),
    /// Its first process runs as root, or nobody knows as which user it runs.
    Root,
}

impl fmt::Display for Power {
    /// Says what the service may do, with the words of the file in backticks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted { what, because } => write!(f, "is allowed `{what}`: {because}"),
            Self::Privileged => f.write_str("is root on the host (`privileged: true`)"),
            Self::Path { path: HostPath { path, what, .. }, writable } => {
                let how = if *writable { "can write to" } else { "gets, read-only," };
                write!(f, "{how} `{path}` of the host: {what}")
            }
            Self::Namespace(field, value) if value == "host" => {
                write!(f, "has no namespace of its own (`{field}: host`)")
            }
            Self::Namespace(field, network) if *field == MACVLAN => {
                write!(f, "is a machine of the household's network (`networks: {network}`)")
            }
            Self::Namespace(field, value) if is_containers(value) => {
                write!(f, "is in the namespace of another container (`{field}: {value}`)")
            }
            Self::Namespace(field, value) => {
                write!(f, "is on a network that the file does not name (`{field}: {value}`)")
            }
            Self::Device(device) => write!(f, "has the device `{device}`"),
            Self::DeviceRule(rule) => {
                write!(f, "may use devices of the host (`device_cgroup_rules: {rule}`)")
            }
            Self::Priority(name) => write!(f, "may raise its priority (`ulimits: {name}`)"),
            Self::Group(group) => write!(f, "is in the group `{group}` (`group_add`)"),
            Self::Capability(name) => write!(f, "has the capability `{name}`"),
            Self::DefaultCapabilities => {
                f.write_str("keeps Docker's default capabilities (no `cap_drop: [ALL]`)")
            }
            Self::Unconfined(option) => {
                write!(
                    f,
                    "replaces or switches off a filter of the kernel (`security_opt: {option}`)"
                )
            }
            Self::NewPrivileges => f.write_str("can gain privileges (no `no-new-privileges`)"),
            Self::WritableRoot => f.write_str("can write to its root file system"),
            Self::Built(context) => {
                write!(f, "is built on the host, by the commands of `{context}/Dockerfile`")
            }
            Self::Root => f.write_str("starts as root"),
        }
    }
}

impl Power {
    /// Whether this power includes the other one.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Path { path, writable }, Self::Path { path: below, writable: writes }) => {
                is_in(&below.path, &path.path) && (*writable || !writes)
            }
            _ => self == other,
        }
    }
}

/// Returns everything that a service may do to the host: first what the release accepts, then the
/// rest, the worst first.
pub fn of(project: &Project<'_>, member: &Member<'_>) -> Vec<Power> {
    let service = member.service;
    let mut powers = Vec::new();
    let accepted = |(key, because): (&String, &String)| {
        let what = key.strip_prefix(label::ACCEPTS)?.to_owned();
        Some(Power::Accepted { what, because: project.resolve(because) })
    };
    powers.extend(service.labels.iter().filter_map(accepted));
    powers.extend(service.privileged.then_some(Power::Privileged));
    let mut paths: Vec<_> = paths(project, member);
    paths.sort_by_key(|(path, writable)| (path.disclosure, !writable));
    powers.extend(paths.into_iter().map(|(path, writable)| Power::Path { path, writable }));
    powers.extend(
        namespaces(project, member).into_iter().map(|(field, it)| Power::Namespace(field, it)),
    );
    let resolved = service.devices.iter().map(|it| project.resolve(it));
    let is_real = |it: &String| it.split(':').next() != Some("/dev/null");
    powers.extend(resolved.filter(is_real).map(Power::Device));
    powers.extend(
        requests(project, member)
            .map(|(driver, which)| Power::Device(format!("{driver}: {which}"))),
    );
    let rules = service.device_cgroup_rules.iter();
    powers.extend(rules.map(|it| Power::DeviceRule(project.resolve(it))));
    powers.extend(service.group_add.iter().map(|it| Power::Group(project.resolve(it))));
    powers.extend(capabilities(project, member).map(Power::Capability));
    powers.extend(priorities(member).map(|it| Power::Priority(it.to_owned())));
    powers.extend((!member.drops_all_capabilities()).then_some(Power::DefaultCapabilities));
    powers.extend(filters(project, member).map(Power::Unconfined));
    let is_closed = member.new_privileges(project) == Some(false);
    powers.extend((!is_closed).then_some(Power::NewPrivileges));
    powers.extend((!service.read_only).then_some(Power::WritableRoot));
    let context = service.build.iter().map(|it| project.resolve(&it.context));
    powers.extend(context.map(Power::Built));
    powers.extend(is_root(project, member).then_some(Power::Root));
    powers
}

/// Returns what a service may do that it could not do before; `before` is empty for a new service.
pub fn gained(before: &[Power], after: Vec<Power>) -> Vec<Power> {
    let is_new = |it: &Power| !before.iter().any(|old| old.covers(it));
    after.into_iter().filter(is_new).collect()
}

/// Returns the paths of the host that a service gets by a mount, a secret's file or an environment
/// file, and whether it can write there.
fn paths(project: &Project<'_>, member: &Member<'_>) -> Vec<(HostPath, bool)> {
    let service = member.service;
    let path = |it: &str| host_path(&project.resolve(it), project.folder());
    let binds = service.volumes.iter().filter(|it| it.kind == MountKind::Bind);
    let binds = binds.filter_map(|it| Some((path(&it.source)?, !it.read_only)));
    let secrets = service.secrets.iter().filter_map(|it| project.file().secrets.get(&it.source));
    let secrets = secrets.filter_map(|it| path(&it.file)).filter(|it| !is_secret(project, it));
    let env_files = service.env_file.iter().filter_map(|it| path(it));
    let all = binds.chain(secrets.chain(env_files).map(|it| (it, false)));
    all.filter(|(it, writes)| *writes || it.disclosure != Disclosure::Public).collect()
}

/// Whether a service has access to the engine's socket.
pub(crate) fn holds_engine(project: &Project<'_>, member: &Member<'_>) -> bool {
    paths(project, member).iter().any(|it| holds_socket(&it.0.path))
}

/// Whether a path is in the folder of the household's secrets.
fn is_secret(project: &Project<'_>, file: &HostPath) -> bool {
    let folder = real("secrets", project.folder());
    folder.is_some_and(|it| is_in(&file.path, &it) && file.path != it)
}

/// Returns the fields that put a service into a namespace that is not its own, and its macvlan
/// networks.
pub(crate) fn namespaces(
    project: &Project<'_>,
    member: &Member<'_>,
) -> Vec<(&'static str, String)> {
    let service = member.service;
    // The network of a service of the file is known as well as that service's.
    let modes = member.networks().iter().filter_map(|it| it.strip_prefix(OUTSIDE));
    let modes = modes.map(|it| ("network_mode", it.to_owned()));
    let all = [
        ("pid", &service.pid),
        ("ipc", &service.ipc),
        ("uts", &service.uts),
        ("userns_mode", &service.userns_mode),
    ];
    let values = all.map(|(field, it)| (field, it.as_ref().map(|it| project.resolve(it))));
    let others = values.into_iter().filter_map(|(field, it)| Some((field, it?)));
    let own = member.owner().is_none();
    let lan = project.in_lan(member).filter(move |_| own).map(|it| (MACVLAN, it.0.to_owned()));
    modes.chain(others.filter(|it| it.1 == "host" || is_containers(&it.1))).chain(lan).collect()
}

/// Whether a namespace is another container's.
fn is_containers(value: &str) -> bool {
    value.starts_with("container:") || value.starts_with("service:")
}

/// Returns the added capabilities, by the kernel's names without `CAP_`.
pub(crate) fn capabilities(
    project: &Project<'_>,
    member: &Member<'_>,
) -> impl Iterator<Item = String> {
    let written = member.service.cap_add.iter().map(|it| project.resolve(it).to_ascii_uppercase());
    written.map(|it| it.strip_prefix("CAP_").map(str::to_owned).unwrap_or(it))
}

/// Returns the devices that drivers of the engine give to a service: the driver, and how many or
/// which.
pub(crate) fn requests(
    project: &Project<'_>,
    member: &Member<'_>,
) -> impl Iterator<Item = (String, String)> {
    member.service.device_requests().iter().map(|it| {
        let driver = it.driver.as_ref().map(|it| project.resolve(it)).unwrap_or_default();
        let which = it.count.iter().chain(&it.device_ids).map(|it| project.resolve(it));
        (driver, which.collect::<Vec<_>>().join(", "))
    })
}

/// Returns the names of the ulimits by which the processes of a service take priority over others.
pub(crate) fn priorities<'a>(member: &Member<'a>) -> impl Iterator<Item = &'a str> {
    let names = member.service.ulimits.keys().map(String::as_str);
    names.filter(|it| ["nice", "rtprio"].contains(it))
}

/// Returns the security options that replace the engine's filters, written with a `=`.
fn filters(project: &Project<'_>, member: &Member<'_>) -> impl Iterator<Item = String> {
    let all = member.security_options(project);
    let others = all.filter(|(key, _)| key != "no-new-privileges");
    others.map(|(key, it)| format!("{key}={}", it.unwrap_or_default()))
}

/// Whether the first process of a service may run as root. A name, unlike a number, can stand for
/// any user, and so can the user of an image without a contract.
fn is_root(project: &Project<'_>, member: &Member<'_>) -> bool {
    let user = member.service.user.as_ref().map(|it| project.resolve(it));
    let user = user.filter(|it| !it.is_empty());
    let user =
        user.or_else(|| Some(member.contract()?.user.get()?.to_string())).unwrap_or_default();
    let uid = user.split(':').next().unwrap_or_default();
    !uid.parse::<u32>().is_ok_and(|it| it != 0)
}
