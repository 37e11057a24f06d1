//! The file system of a lane's host: a Debian with its engine, written to in memory only.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive,
    mount_change, mount_remount, unmount,
};
use rustix::process::{chdir, pivot_root};

/// Where what the lane's host writes outside of the slot goes.
const LAYERS: &str = "/run/layers";

/// What of the machine the lane's host has, besides the kernel's own folders.
#[derive(Debug)]
pub(crate) struct Shared<'a> {
    /// Where it reads, at the same path.
    pub(crate) repository: &'a Path,
    /// Where it writes, at the same path.
    pub(crate) slot: &'a Path,
    /// Programs for its `/usr/local/bin`.
    pub(crate) programs: &'a [&'a Path],
}

/// Makes `root` the root of this process and of all others in its namespaces.
///
/// Not by `chroot`: `docker exec` would enter the root of the machine.
pub(crate) fn enter(root: &Path, shared: &Shared<'_>) -> anyhow::Result<()> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .context("cannot make the mounts private")?;
    memory(Path::new("/run"))?;
    let layers = Path::new(LAYERS);
    let new = layers.join("root");
    for name in ["upper", "work", "root"] {
        fs::create_dir_all(layers.join(name))?;
    }
    // From within it: a comma or a colon in its path would mean something to the kernel.
    chdir(root).with_context(|| format!("cannot go to {}", root.display()))?;
    let options = format!("lowerdir=.,upperdir={LAYERS}/upper,workdir={LAYERS}/work");
    let options = std::ffi::CString::new(options)?;
    mount("overlay", &new, "overlay", MountFlags::empty(), options.as_c_str())
        .context("cannot mount the root as an overlay")?;
    for name in ["proc", "sys", "dev"] {
        mount_bind_recursive(Path::new("/").join(name), new.join(name))
            .with_context(|| format!("cannot bind /{name}"))?;
    }
    memory(&new.join("run"))?;
    for name in ["lock", "netns", "sshd"] {
        fs::create_dir_all(new.join("run").join(name))?;
    }
    let repository = bind(shared.repository, &new)?;
    mount_remount(&repository, MountFlags::BIND | MountFlags::RDONLY, c"")
        .context("cannot make the repository read-only")?;
    bind(shared.slot, &new)?;
    for program in shared.programs {
        let name = program.file_name().context("a program has a name")?;
        let there = new.join("usr/local/bin").join(name);
        fs::write(&there, "")?;
        mount_bind(*program, &there)
            .with_context(|| format!("cannot bind {}", program.display()))?;
    }
    chdir(&new)?;
    // The old root comes to lie on the new one, from which it is then taken.
    pivot_root(".", ".").context("cannot change the root")?;
    unmount(".", UnmountFlags::DETACH).context("cannot leave the machine's root")?;
    chdir("/")?;
    Ok(())
}

fn memory(folder: &Path) -> anyhow::Result<()> {
    mount("tmpfs", folder, "tmpfs", MountFlags::empty(), c"mode=0755")
        .with_context(|| format!("cannot mount {}", folder.display()))
}

/// Shows a folder at its own path below the new root.
fn bind(folder: &Path, new: &Path) -> anyhow::Result<std::path::PathBuf> {
    let there = new.join(folder.strip_prefix("/").unwrap_or(folder));
    fs::create_dir_all(&there)?;
    mount_bind(folder, &there).with_context(|| format!("cannot bind {}", folder.display()))?;
    Ok(there)
}
