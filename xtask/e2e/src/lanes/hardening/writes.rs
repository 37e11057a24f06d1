//! Where a container can write: its mounts, and nowhere else.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use homelab_core::model::project::Project;

use crate::docker::{self, Container};
use crate::lanes::Scene;

/// File systems of the kernel itself, which Docker guards on its own.
const KERNEL: &[&str] = &["proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2"];

/// The engine from which on a read-only bind mount is so with all that is mounted below it
/// (not on
/// 20.10.24, so on 28.5.2; the version is that of Docker Engine 25.0's release notes; Linux 5.12 or
/// newer).
const RECURSIVE: u32 = 25;

/// Folders that every image has.
const FOLDERS: &[&str] =
    &["/", "/etc", "/usr", "/usr/bin", "/var", "/var/lib", "/root", "/home", "/opt"];

/// Every container may write here, so that a write that fails elsewhere fails for the right reason.
const SHARED: &str = "/dev/shm";

/// The one leak that is known and that `homelab doctor` warns of.
fn is_known(service: &str, mount: &str) -> bool {
    service == "netdata" && mount.starts_with("/host/sys/")
}

pub(super) fn run(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project_with(&scene.house.dotenv())?;
    let recursive = docker::engine_major()? >= RECURSIVE;
    let (mut wrong, mut leaks, mut refused, mut allowed) = (Vec::new(), Vec::new(), 0, 0);
    for container in docker::containers()? {
        let expected = writable(&project, &container.service)?;
        allowed += expected.len();
        let member = project.member(&container.service).context("a foreign container")?;
        let read_only = member.service.volumes.iter().filter(|it| it.read_only);
        let read_only: Vec<_> = read_only.map(|it| format!("{}/", it.target)).collect();
        let (below, mounted): (BTreeSet<_>, _) = mounted_writable(&container)?
            .into_iter()
            .partition(|it| read_only.iter().any(|folder| it.starts_with(folder)));
        if recursive && !below.is_empty() {
            wrong.push(format!(
                "{}: writable below a read-only mount: {below:?}",
                container.service
            ));
        }
        if let Some(it) = below.iter().find(|it| !is_known(&container.service, it)) {
            wrong.push(format!("{}: writable below a read-only mount: {it}", container.service));
        }
        leaks.extend(below.into_iter().map(|it| format!("{} {it}", container.service)));
        if mounted != expected {
            wrong.push(format!(
                "{}: writable mounts {mounted:?}, expected {expected:?}",
                container.service
            ));
        }
        let written = attempts(&container)?;
        refused += FOLDERS.len() + 1 - written.len();
        if !written.iter().any(|it| it == SHARED) {
            wrong.push(format!("{}: not even {SHARED} can be written", container.service));
        }
        for folder in written {
            if !expected.contains(&folder) {
                wrong.push(format!("{}: {folder} can be written", container.service));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    let leaks = match leaks.as_slice() {
        [] => String::new(),
        leaks => format!(
            "\nDocker before {RECURSIVE} leaves writable what is mounted below a read-only mount \
             (`homelab doctor` warns): {}",
            leaks.join(", ")
        ),
    };
    Ok(format!("{refused} writes refused, {allowed} mounts writable{leaks}"))
}

/// Mounts that the file lets it write, and what Docker gives every container.
fn writable(project: &Project<'_>, service: &str) -> anyhow::Result<BTreeSet<String>> {
    let member = project.member(service).context("a foreign container")?;
    let volumes = member.service.volumes.iter().filter(|it| !it.read_only);
    let tmpfs = member.service.tmpfs.iter().map(|it| it.split(':').next().unwrap_or(it));
    let own = volumes.map(|it| it.target.as_str()).chain(tmpfs);
    // `/var/run` is a link to `/run` in Debian.
    let own = own.map(|it| it.replacen("/var/run", "/run", 1));
    Ok(own.chain(["/dev", "/dev/shm"].map(str::to_owned)).collect())
}

/// What the kernel says: mount points without `ro`, but those of devices and of the kernel.
fn mounted_writable(container: &Container) -> anyhow::Result<BTreeSet<String>> {
    let path = format!("/proc/{}/mounts", container.pid);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let mut points = BTreeSet::new();
    for line in text.lines() {
        let words: Vec<_> = line.split(' ').collect();
        let [_, point, kind, options, ..] = words.as_slice() else { bail!("`{line}` is no mount") };
        let is_read_only = options.split(',').any(|it| it == "ro");
        // A single device or a masked file of the kernel is no folder to write to.
        let is_part = ["/proc/", "/sys/", "/dev/dri/"].iter().any(|it| point.starts_with(it));
        let is_kernels = KERNEL.contains(kind) && !point.starts_with("/host/");
        if !is_read_only && !is_kernels && !is_part {
            points.insert((*point).to_owned());
        }
    }
    Ok(points)
}

/// Folders in which a file could be made, as root.
fn attempts(container: &Container) -> anyhow::Result<Vec<String>> {
    let script = "for it in \"$@\"; do if touch \"$it/.stand-in-tried\" 2>/dev/null; then \
                  rm -f \"$it/.stand-in-tried\"; echo \"$it\"; fi; done";
    let mut words = vec!["sh", "-c", script, "sh"];
    words.extend(FOLDERS);
    words.push(SHARED);
    let said = container.attempt_as("0:0", &words)?;
    if !said.status.success() {
        bail!("{}: {}", container.service, crate::run::both(&said));
    }
    Ok(String::from_utf8_lossy(&said.stdout).lines().map(str::to_owned).collect())
}
