//! The host: memory, processors, sockets, time zone, GPU and who is at the terminal.

mod routes;
mod sockets;

use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use homelab_core::dsl::subnet::Subnet;
use homelab_core::dsl::units::Memory;
use homelab_core::dsl::variable::Kind;

use self::routes::routes;
pub(crate) use self::sockets::Listener;

/// The device for hardware transcoding on every host with one GPU.
pub(crate) const RENDER_DEVICE: &str = "/dev/dri/renderD128";

/// The files of the host.
#[derive(Debug)]
pub(crate) struct Host {
    root: PathBuf,
}

/// User and group of the person at the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// A line of `/etc/passwd`.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) home: String,
    pub(crate) shell: String,
}

impl Host {
    pub(crate) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where an absolute path of the host lies.
    pub(crate) fn path(&self, absolute: &str) -> PathBuf {
        self.root.join(Path::new(absolute).strip_prefix("/").unwrap_or(Path::new(absolute)))
    }

    fn text(&self, absolute: &str) -> Option<String> {
        std::fs::read_to_string(self.path(absolute)).ok()
    }

    /// All memory that the kernel has.
    pub(crate) fn memory(&self) -> Option<Memory> {
        let text = self.text("/proc/meminfo")?;
        let line = text.lines().find_map(|it| it.strip_prefix("MemTotal:"))?;
        Memory::parse(&line.replace(' ', "").replace("kB", "k"))
    }

    /// Everybody in `/etc/passwd`.
    pub(crate) fn accounts(&self) -> Vec<Account> {
        let account = |line: &str| {
            let [name, _, uid, _, _, home, shell] = line.splitn(7, ':').collect::<Vec<_>>()[..]
            else {
                return None;
            };
            let (name, home, shell) = (name.to_owned(), home.to_owned(), shell.to_owned());
            Some(Account { name, uid: uid.parse().ok()?, home, shell })
        };
        self.text("/etc/passwd").unwrap_or_default().lines().filter_map(account).collect()
    }

    /// Users who may run `homelab receive` through `sudo`; empty where the rules cannot be read.
    pub(crate) fn deployers(&self) -> Vec<String> {
        let folder = std::fs::read_dir(self.path("/etc/sudoers.d"));
        let more = folder.into_iter().flatten().filter_map(|it| Some(it.ok()?.path()));
        let files = more.chain([self.path("/etc/sudoers")]);
        let text: Vec<_> = files.filter_map(|it| std::fs::read_to_string(it).ok()).collect();
        let rules = text.iter().flat_map(|it| it.lines());
        let rules = rules.filter(|it| it.contains("homelab receive") && !it.starts_with('#'));
        rules.filter_map(|it| Some(it.split_whitespace().next()?.to_owned())).collect()
    }

    /// Bytes that an ordinary program may still write below a folder.
    pub(crate) fn free(folder: &Path) -> std::io::Result<u64> {
        let disk = rustix::fs::statvfs(folder)?;
        Ok(disk.f_bavail * disk.f_frsize)
    }

    /// Number of processors.
    pub(crate) fn cores(&self) -> Option<u32> {
        let text = self.text("/proc/cpuinfo")?;
        let count = text.lines().filter(|it| it.starts_with("processor")).count();
        u32::try_from(count).ok().filter(|it| *it > 0)
    }

    /// Flags of its processor, as the kernel of an x86 calls them; `None` on other kinds.
    pub(crate) fn cpu_flags(&self) -> Option<Vec<String>> {
        let text = self.text("/proc/cpuinfo")?;
        let line = text.lines().find_map(|it| it.strip_prefix("flags")?.split_once(':'))?;
        Some(line.1.split_whitespace().map(str::to_owned).collect())
    }

    /// Every address and port on which something listens.
    pub(crate) fn listeners(&self) -> Vec<Listener> {
        let files = ["tcp", "tcp6", "udp", "udp6"];
        let text = |it: &str| self.text(&format!("/proc/net/{it}")).unwrap_or_default();
        files.iter().flat_map(|it| sockets::listeners(it, &text(it))).collect()
    }

    /// Every route but the default, by its device.
    pub(crate) fn routes(&self) -> Vec<(String, Subnet)> {
        self.text("/proc/net/route").map(|it| routes(&it)).unwrap_or_default()
    }

    /// What is mounted below a folder and can be written, in the kernel's order.
    pub(crate) fn writable_below(&self, folder: &str) -> Vec<String> {
        let text = self.text("/proc/mounts").unwrap_or_default();
        let below = format!("{}/", folder.trim_end_matches('/'));
        let mount = |line: &str| {
            let mut words = line.split(' ').skip(1);
            let (point, options) = (words.next()?, words.nth(1)?);
            let is_read_only = options.split(',').any(|it| it == "ro");
            (point.starts_with(&below) && !is_read_only).then(|| point.to_owned())
        };
        text.lines().filter_map(mount).collect()
    }

    /// The IANA name of its time zone: from the link that systemd keeps, else from Debian's file.
    pub(crate) fn time_zone(&self) -> Option<String> {
        let link = std::fs::read_link(self.path("/etc/localtime")).ok();
        let linked = link.as_ref().and_then(|it| it.to_str()?.split_once("zoneinfo/"));
        let linked = linked.map(|(_, it)| it.to_owned());
        let written = || self.text("/etc/timezone").map(|it| it.trim().to_owned());
        linked.or_else(written).filter(|it| Kind::TimeZone.accepts(it))
    }

    /// The group of the device for hardware transcoding, where there is one.
    pub(crate) fn render_group(&self) -> Option<u32> {
        let device = std::fs::metadata(self.path(RENDER_DEVICE)).ok()?;
        device.file_type().is_char_device().then(|| device.gid()).filter(|it| *it != 0)
    }
}

impl Person {
    /// Who runs this program; behind `sudo` the one who called it; `None` for root itself.
    pub(crate) fn current() -> Option<Self> {
        let id = |name| std::env::var(name).ok()?.parse().ok();
        let sudo = id("SUDO_UID").zip(id("SUDO_GID"));
        let own = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        Self::behind(own, sudo)
    }

    fn behind(own: (u32, u32), sudo: Option<(u32, u32)>) -> Option<Self> {
        let (uid, gid) = if own.0 == 0 { sudo? } else { own };
        (uid != 0 && gid != 0).then_some(Self { uid, gid })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_person_is_never_root() {
        for (own, sudo, expected) in [
            ((1000, 100), None, Some((1000, 100))),
            ((1000, 100), Some((1, 1)), Some((1000, 100))),
            ((0, 0), Some((1000, 1000)), Some((1000, 1000))),
            ((0, 0), Some((0, 0)), None),
            ((0, 0), None, None),
        ] {
            let expected = expected.map(|(uid, gid)| Person { uid, gid });
            assert_eq!(Person::behind(own, sudo), expected, "{own:?} {sudo:?}");
        }
    }
}
