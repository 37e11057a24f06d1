//! What the kernel says of a container: where it listens, and how much memory it holds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use homelab_core::dsl::units::{Port, Protocol};

/// Bytes of a mebibyte.
const MIB: u64 = 1 << 20;

/// Memory of a control group, in MiB.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memory {
    /// Without the part of the page cache that is not in use, as `docker stats` counts.
    pub(super) at_rest: u64,
    pub(super) peak: u64,
    /// How often a process was killed because there was no more.
    pub(super) kills: u64,
}

/// Ports on which the processes of a network namespace listen for others than themselves.
pub(super) fn ports(pid: u64) -> anyhow::Result<BTreeSet<Port>> {
    let clients = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")?;
    let clients = clients.split_whitespace().next().context("no range of ports")?.parse()?;
    let mut ports = BTreeSet::new();
    for (table, protocol) in [
        ("tcp", Protocol::Tcp),
        ("tcp6", Protocol::Tcp),
        ("udp", Protocol::Udp),
        ("udp6", Protocol::Udp),
    ] {
        // Without IPv6 its tables are missing.
        let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        ports.extend(text.lines().skip(1).filter_map(|it| listens(it, protocol, clients)));
    }
    Ok(ports)
}

/// The port of a line of such a table. A datagram socket in the range of clients may belong to one.
fn listens(line: &str, protocol: Protocol, clients: u16) -> Option<Port> {
    let mut words = line.split_whitespace().skip(1);
    let (address, number) = words.next()?.split_once(':')?;
    let (_, state) = (words.next()?, words.next()?);
    let number = u16::from_str_radix(number, 16).ok()?;
    let is_open = match protocol {
        Protocol::Tcp => state == "0A",
        Protocol::Udp => state == "07" && number < clients,
    };
    if !is_open || is_loopback(address) || number == 0 {
        return None;
    }
    Some(match protocol {
        Protocol::Tcp => Port::new(number),
        Protocol::Udp => Port::udp(number),
    })
}

/// 127.0.0.0/8, also as an address of IPv6, and `::1`, as the kernel writes them: words of four bytes
/// in the processor's order.
fn is_loopback(address: &str) -> bool {
    let v4 = |it: &str| it.len() == 8 && it.ends_with("7F");
    v4(address)
        || address.strip_prefix("0000000000000000FFFF0000").is_some_and(v4)
        || address == "00000000000000000000000001000000"
}

/// Memory of the control group that a process is in.
pub(super) fn memory(pid: u64) -> anyhow::Result<Memory> {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup"))?;
    let of = |kind: &str| -> Option<PathBuf> {
        let line = groups.lines().find_map(|it| it.split_once(kind))?.1;
        Some(PathBuf::from(line.trim_start_matches('/')))
    };
    // Where both versions are mounted, memory may still belong to the first one.
    if let Some(group) = of(":memory:") {
        let group = Path::new("/sys/fs/cgroup/memory").join(group);
        let names = ["memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"];
        return read(&group, names, "total_inactive_file");
    }
    let group = Path::new("/sys/fs/cgroup").join(of("0::").context("no control group")?);
    read(&group, ["memory.current", "memory.peak", "memory.events"], "inactive_file")
}

fn read(group: &Path, names: [&str; 3], cache: &str) -> anyhow::Result<Memory> {
    let text = |name: &str| {
        let path = group.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let [now, peak, kills] = names;
    let now: u64 = text(now)?.trim().parse()?;
    let peak: u64 = text(peak)?.trim().parse()?;
    let cache = number(&text("memory.stat")?, cache).unwrap_or_default();
    let kills = number(&text(kills)?, "oom_kill").unwrap_or_default();
    Ok(Memory { at_rest: now.saturating_sub(cache) / MIB, peak: peak / MIB, kills })
}

/// The number behind a word at the beginning of a line.
fn number(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(' '))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernels_tables_is_read() {
        let told = |line: &str, protocol| {
            listens(line, protocol, 32_768).map_or_else(|| "-".to_owned(), |it| it.to_string())
        };
        let tcp = |it: &str| told(it, Protocol::Tcp);
        let udp = |it: &str| told(it, Protocol::Udp);
        assert_eq!(tcp("0: 00000000:1F90 00000000:0000 0A 0:0 00:0 0 0 0 1"), "8080/tcp");
        assert_eq!(tcp("0: 00000000000000000000000000000000:0050 0:0000 0A 0:0"), "80/tcp");
        assert_eq!(tcp("0: 0100007F:1F90 00000000:0000 0A 0:0"), "-", "loopback");
        assert_eq!(tcp("0: 0B00007F:A1B2 00000000:0000 0A 0:0"), "-", "Docker's name server");
        assert_eq!(tcp("0: 0000000000000000FFFF00000100007F:1F90 0:0 0A"), "-", "loopback");
        assert_eq!(tcp("0: 00000000000000000000000001000000:1F90 0:0 0A"), "-", "::1");
        assert_eq!(tcp("0: 020011AC:1F90 030011AC:C001 01 0:0"), "-", "a connection");
        assert_eq!(udp("0: 00000000:0035 00000000:0000 07 0:0"), "53/udp");
        assert_eq!(udp("0: 00000000:C001 00000000:0000 07 0:0"), "-", "perhaps a client");
        assert_eq!(udp(""), "-");
    }

    #[test]
    fn memory_is_read_from_the_files_of_a_control_group() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in [
            ("memory.current", "10485760\n"),
            ("memory.peak", "20971520\n"),
            ("memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 0\n"),
            ("memory.stat", "anon 1\ninactive_file 5242880\n"),
        ] {
            fs::write(folder.path().join(name), text).expect("the folder is ours");
        }
        let names = ["memory.current", "memory.peak", "memory.events"];
        let Memory { at_rest, peak, kills } =
            read(folder.path(), names, "inactive_file").expect("the files are there");
        assert_eq!((at_rest, peak, kills), (5, 20, 2));
    }
}
