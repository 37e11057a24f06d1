//! Places of the host whose holder governs it, and how a path is compared with them.

/// Where a house lies unless somebody says otherwise.
pub const HOUSE: &str = "/srv/homelab";

/// A folder or file of the host by which one governs it.
#[derive(Debug)]
struct Known {
    /// `*` stands for any one name.
    path: &'static str,
    what: &'static str,
    reading: Reading,
}

/// What it is to read a place of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// It gives power: secrets, or a socket that somebody answers.
    Power,
    /// It tells much, and gives no power.
    Insight,
    /// It tells nothing that is not public, or was put there for containers.
    Nothing,
}

const fn closed(path: &'static str, what: &'static str) -> Known {
    Known { path, what, reading: Reading::Power }
}

const fn readable(path: &'static str, what: &'static str) -> Known {
    Known { path, what, reading: Reading::Insight }
}

const fn programs(path: &'static str) -> Known {
    Known { path, what: "its programs", reading: Reading::Nothing }
}

/// Each with all that is below it. `/var/run` is `/run`.
const KNOWN: &[Known] = &[
    closed("/run", "the sockets of its services, Docker's among them"),
    closed("/root", "root's home"),
    closed("/home/*/.ssh", "the keys that let somebody in"),
    closed("/var/lib/docker", ENGINE),
    closed("/var/lib/containerd", ENGINE),
    closed("/var/lib/containers", ENGINE),
    closed("/etc/shadow", "its passwords"),
    closed("/etc/gshadow", "its passwords"),
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
    readable("/var/spool/cron", "what it does by itself"),
    readable("/var/lib/systemd", "what it does by itself"),
];

const ENGINE: &str = "the engine's own folder, with every container and volume";
const HOUSES: &str = "the house itself: its settings, secrets and releases";

/// Devices that are nobody's.
const HARMLESS: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// File names of the sockets of Docker, Podman and containerd.
const SOCKETS: &[&str] = &["docker.sock", "podman.sock", "containerd.sock"];

/// A place that a path is, lies in, or contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path without detours.
    pub path: String,
    /// What is there.
    pub what: &'static str,
    /// What it is to read it.
    pub reading: Reading,
}

/// The place of the host that a path gives away, if any; `house` is the house's folder.
///
/// A path that begins with a variable without value is nowhere yet.
pub fn place(path: &str, house: &str) -> Option<Place> {
    let path = real(path, house)?;
    if HARMLESS.contains(&path.as_str()) {
        return None;
    }
    let found = |what, reading| Some(Place { path: path.clone(), what, reading });
    if is_socket(&path) {
        return found("the engine's socket", Reading::Power);
    }
    if path == "/" {
        return found("all of it", Reading::Power);
    }
    let known = KNOWN.iter().filter(|it| touches(&path, it.path));
    let reading = known.clone().map(|it| it.reading).min();
    let what = known.clone().find(|it| is_in(&path, it.path)).or_else(|| { known }.next());
    if let Some((what, Reading::Power)) = what.zip(reading) {
        return found(what.what, Reading::Power);
    }
    let house = real(house, "/")?;
    if is_in(&path, &format!("{house}/config")) {
        return found(HOUSES, Reading::Nothing);
    }
    // The one folder there that is free for the household.
    if is_in(&path, &format!("{house}/data")) {
        return None;
    }
    if touches(&path, &house) {
        return found(HOUSES, Reading::Power);
    }
    let (what, reading) = what.zip(reading)?;
    found(what.what, reading)
}

/// A path without detours, absolute: `~` is root's home, as for the engine; `None` where a variable
/// has no value.
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

/// Whether somebody with this real path can talk to the engine: a socket, or a folder that holds one.
pub(crate) fn holds_socket(path: &str) -> bool {
    let holders = ["/run", "/run/containerd", "/run/podman", "/run/user/*"];
    is_socket(path) || holders.iter().any(|it| contains(path, it))
}

/// Whether this is the path of an engine's socket, or the address of one.
pub(crate) fn is_socket(path: &str) -> bool {
    SOCKETS.iter().any(|it| path.ends_with(it))
}

/// Whether a path is a known one, lies in it, or contains it.
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

/// How many names two real paths have in common at their beginning.
fn agree(path: &str, known: &str) -> usize {
    let same = |it: &(&str, &str)| it.1 == "*" || it.0 == it.1;
    names(path).zip(names(known)).take_while(same).count()
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(path: &str) -> Option<Reading> {
        place(path, HOUSE).map(|it| it.reading)
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
            "/etc/ssh/",
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
            assert_eq!(reading(path), Some(Reading::Power), "{path}");
        }
    }

    #[test]
    fn what_may_be_read_is_told_from_what_may_not() {
        for path in ["/etc/os-release", "/proc", "/sys/fs/cgroup", "/boot"] {
            assert_eq!(reading(path), Some(Reading::Insight), "{path}");
        }
        for path in ["/usr/bin", "./config/homer", "/srv/homelab/config"] {
            assert_eq!(reading(path), Some(Reading::Nothing), "{path}");
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
            assert_eq!(reading(path), None, "{path}");
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
