//! Knows the paths by which one can take over the host, and compares other paths with them.

/// A folder or file of the host that gives power over it.
#[derive(Debug)]
struct Known {
    /// `*` stands for any one name, `.*` for any that begins with a dot.
    path: &'static str,
    what: &'static str,
    disclosure: Disclosure,
}

/// What somebody who reads a path of the host learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disclosure {
    /// Secrets that give power over the host, or a socket that answers.
    Secret,
    /// Much about the host, but nothing that gives power over it.
    Information,
    /// Only what is public or meant for containers.
    Public,
}

const fn closed(path: &'static str, what: &'static str) -> Known {
    Known { path, what, disclosure: Disclosure::Secret }
}

const fn readable(path: &'static str, what: &'static str) -> Known {
    Known { path, what, disclosure: Disclosure::Information }
}

const fn programs(path: &'static str) -> Known {
    Known { path, what: "its programs", disclosure: Disclosure::Public }
}

/// The known paths, each with everything below it. `/var/run` is written as `/run`.
const KNOWN: &[Known] = &[
    closed("/run", "the sockets of its services, Docker's among them"),
    closed("/root", "root's home"),
    closed("/home/*/.ssh", "the keys that let somebody in"),
    readable("/home/*/.*", "what somebody's shell and programs do at a login"),
    closed("/var/lib/docker", ENGINE),
    closed("/var/lib/containerd", ENGINE),
    closed("/var/lib/containers", ENGINE),
    closed("/etc/shadow", "its passwords"),
    closed("/etc/shadow-", "its passwords"),
    closed("/etc/gshadow", "its passwords"),
    closed("/etc/gshadow-", "its passwords"),
    closed("/etc/ssl/private", "its private keys"),
    closed("/etc/wireguard", "the keys of its networks"),
    closed("/etc/NetworkManager/system-connections", "the keys of its networks"),
    closed("/var/backups", "copies of its settings, passwords among them"),
    closed("/etc/ssh", "its SSH server's keys and settings"),
    closed("/etc/sudoers", "who may become root"),
    closed("/etc/sudoers.d", "who may become root"),
    closed("/etc/docker", ENGINE),
    closed("/dev", "its devices, disks among them"),
    readable("/etc", "its settings"),
    readable("/proc", "its kernel and all its processes"),
    readable("/sys", "its kernel and its devices"),
    readable("/boot", "what it starts"),
    programs("/usr"),
    programs("/bin"),
    programs("/sbin"),
    programs("/lib"),
    programs("/lib64"),
    readable("/var/log", "its logs, often with addresses and tokens in them"),
    readable("/var/spool/cron", "what it does by itself"),
    readable("/var/lib/systemd", "what it does by itself"),
    readable("/var/lib/dpkg", "what root runs when a package changes"),
];

const ENGINE: &str = "the engine's own folder, with every container and volume";
const HOUSES: &str = "the house itself: its settings, secrets and releases";

/// Links in `/proc` to the files that a process has open. A mount follows them, so they can lead
/// anywhere.
const LINKS: &[&str] = &["/proc/*/root", "/proc/*/cwd", "/proc/*/fd", "/proc/*/task"];

/// Devices that give access to nothing.
const HARMLESS: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Devices that many may use: the graphics processor keeps its users apart, and `tun` makes a
/// network card only for a process with `NET_ADMIN`, and only in its own network.
const SHARED: &[&str] = &["/dev/dri", "/dev/net/tun"];

/// File names of the sockets of Docker, Podman and containerd.
const SOCKETS: &[&str] = &["docker.sock", "podman.sock", "containerd.sock"];

/// A path of the host that gives power over it: it is a known path, lies in one, or contains one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPath {
    /// The path without detours.
    pub path: String,
    /// What is there.
    pub what: &'static str,
    /// What somebody who reads it learns.
    pub disclosure: Disclosure,
}

impl HostPath {
    /// Makes the path of the engine's own folder, of something in it, or of a folder around it.
    pub const fn engines(path: String) -> Self {
        Self { path, what: ENGINE, disclosure: Disclosure::Secret }
    }
}

/// Returns what a path gives away of the host, if anything; `house` is the house's folder.
///
/// It is `None` for a path that begins with a variable without value.
pub fn host_path(path: &str, house: &str) -> Option<HostPath> {
    let path = real(path, house)?;
    if HARMLESS.contains(&path.as_str()) {
        return None;
    }
    let found = |what, disclosure| Some(HostPath { path: path.clone(), what, disclosure });
    if is_socket(&path) {
        return found("the engine's socket", Disclosure::Secret);
    }
    if path == "/" || LINKS.iter().any(|it| is_in(&path, it)) {
        return found("all of it", Disclosure::Secret);
    }
    let mut known = KNOWN.iter().filter(|it| touches(&path, it.path));
    let disclosure = known.clone().map(|it| it.disclosure).min();
    let what = known.clone().find(|it| is_in(&path, it.path)).or_else(|| known.next());
    if let Some((what, Disclosure::Secret)) = what.zip(disclosure) {
        return found(what.what, Disclosure::Secret);
    }
    let house = real(house, "/")?;
    if is_in(&path, &format!("{house}/config")) {
        return found(HOUSES, Disclosure::Public);
    }
    // This is the only folder of the house that the household may use as it likes.
    if is_in(&path, &format!("{house}/data")) {
        return None;
    }
    if touches(&path, &house) {
        return found(HOUSES, Disclosure::Secret);
    }
    let (what, disclosure) = what.zip(disclosure)?;
    found(what.what, disclosure)
}

/// Makes a path absolute and removes `.`, `..` and empty parts. `~` is root's home, as for the
/// engine. It is `None` for a path that begins with a variable without value.
pub fn real(path: &str, house: &str) -> Option<String> {
    let absolute = match path.strip_prefix('~') {
        _ if path.is_empty() || path.starts_with('$') => return None,
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/root{rest}"),
        _ if path.starts_with('/') => path.to_owned(),
        _ => format!("{house}/{path}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in absolute.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    if parts.starts_with(&["var", "run"]) {
        parts.remove(0);
    }
    Some(format!("/{}", parts.join("/")))
}

/// Whether a device gives no access to the host; what stands behind its first `:` does not matter.
/// A device that begins with a variable without value is harmless.
pub fn is_harmless_device(device: &str, house: &str) -> bool {
    let source = device.split(':').next().unwrap_or_default();
    // The engine looks up a name such as `vendor.com/class=name` itself, so it can be any device.
    if !source.starts_with(['/', '$']) {
        return false;
    }
    let is_harmless = |path: String| {
        HARMLESS.contains(&path.as_str()) || SHARED.iter().any(|shared| is_in(&path, shared))
    };
    real(source, house).is_none_or(is_harmless)
}

/// Whether a path is an engine's socket or a folder that holds one.
pub(crate) fn holds_socket(path: &str) -> bool {
    let holders = ["/run", "/run/containerd", "/run/podman", "/run/user/*"];
    is_socket(path) || holders.iter().any(|it| contains(path, it))
}

/// Whether a text is the path or the address of an engine's socket.
pub(crate) fn is_socket(path: &str) -> bool {
    SOCKETS.iter().any(|it| path.ends_with(it))
}

/// Whether a path is the known path, lies in it, or contains it.
fn touches(path: &str, known: &str) -> bool {
    is_in(path, known) || contains(path, known)
}

/// Whether `path` is `folder` or lies in it.
pub(super) fn is_in(path: &str, folder: &str) -> bool {
    agree(path, folder) >= names(folder).count()
}

/// Whether `folder` is `path` or lies in it.
fn contains(path: &str, folder: &str) -> bool {
    agree(path, folder) >= names(path).count()
}

/// Counts the names that two real paths have in common at their beginning.
fn agree(path: &str, known: &str) -> usize {
    let same = |pair: &(&str, &str)| match pair.1 {
        "*" => true,
        ".*" => pair.0.starts_with('.'),
        name => pair.0 == name,
    };
    names(path).zip(names(known)).take_while(same).count()
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsl::house::HOST_FOLDER;

    fn disclosure(path: &str) -> Option<Disclosure> {
        host_path(path, HOST_FOLDER).map(|it| it.disclosure)
    }

    #[test]
    fn whatever_governs_the_host_is_known_however_it_is_written() {
        for path in [
            "/",
            "//",
            "/.",
            "/srv/../",
            "/run",
            "/var/run/",
            "/run/dbus/system_bus_socket",
            "/x/../run//docker.sock",
            "/a/podman.sock",
            "/etc",
            "/etc/shadow",
            "/etc/shadow-",
            "/etc/gshadow-",
            "/etc/ssh/",
            "/etc/ssl/private/x.key",
            "/etc/wireguard",
            "/etc/NetworkManager/system-connections",
            "/var/backups/shadow.bak",
            "/proc/1/root/srv/data",
            "/proc/self/cwd",
            "/proc/1/fd/3",
            "/proc/1/task/1/root",
            "/root",
            "/root/.ssh",
            "~",
            "~/.ssh",
            "/home",
            "/home/ada",
            "/home/ada/.ssh/authorized_keys",
            "/dev",
            "/dev/sda",
            "/var",
            "/var/lib",
            "/var/lib/docker",
            "/var/lib/docker/volumes/x",
            "/var/lib/containerd",
            "/srv",
            "/srv/homelab",
            "/srv/homelab/.env",
            "/srv/homelab/secrets/caddy-login",
            "/srv/homelab/config/../releases",
            ".",
            "./state",
            "..",
            "../homelab/dumps",
        ] {
            assert_eq!(disclosure(path), Some(Disclosure::Secret), "{path}");
        }
    }

    #[test]
    fn what_may_be_read_is_told_from_what_may_not() {
        for path in [
            "/etc/os-release",
            "/proc",
            "/proc/1",
            "/sys/fs/cgroup",
            "/boot",
            "/home/ada/.config/x",
            "/home/ada/.bashrc",
            "/var/lib/dpkg/info",
            "/var/log/journal",
        ] {
            assert_eq!(disclosure(path), Some(Disclosure::Information), "{path}");
        }
        for path in ["/usr/bin", "./config/homer", "/srv/homelab/config"] {
            assert_eq!(disclosure(path), Some(Disclosure::Public), "{path}");
        }
    }

    #[test]
    fn other_paths_are_nobodys_business() {
        for path in [
            "/srv/data",
            "./data/films",
            "/srv/homelab2",
            "/home/ada/photos",
            "/var/lib/x",
            "/runner",
            "/mnt/etc",
            "/dev/null",
            "$DATA_ROOT/media",
            "",
        ] {
            assert_eq!(disclosure(path), None, "{path}");
        }
    }

    #[test]
    fn a_device_of_many_is_told_from_those_of_the_host() {
        let judge = |it: &str| is_harmless_device(it, HOST_FOLDER);
        for device in [
            "/dev/null",
            "/dev/null:/dev/dri/renderD128:rw",
            "/dev/dri",
            "//dev/./dri/renderD129:/dev/dri/renderD128",
            "/dev/net/tun",
            "$GPU:/dev/dri/renderD128",
        ] {
            assert!(judge(device), "{device}");
        }
        for device in [
            "/dev/sda",
            "/dev/sda:/dev/null",
            "/dev/dri/../sda",
            "/dev/mem:/dev/mem:r",
            "/dev",
            "/dev/net",
            "/dev/kvm",
            "/dev/bus/usb",
            "nvidia.com/gpu=all",
            "dev/null",
            "",
        ] {
            assert!(!judge(device), "{device}");
        }
    }

    #[test]
    fn folders_that_hold_a_socket_are_told_from_other_paths() {
        for path in ["/", "/run", "/run/user", "/run/user/1000", "/run/podman", "/a/podman.sock"] {
            assert!(holds_socket(path), "{path}");
        }
        for path in ["/srv", "/var/lib/x", "/run/user/1000/x", "/run/udev"] {
            assert!(!holds_socket(path), "{path}");
        }
    }
}
