//! A registry of the lane's own: the stand-ins as a registry has them, by tag and digest.

use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use rustix::mount::{MountFlags, mount, mount_bind};

use super::host::FOLDER;
use crate::images::{Images, REGISTRY};
use crate::run::{self, output, program};

/// The registry.
#[derive(Debug)]
pub(super) struct Registry {
    child: Child,
}

/// What differs from the stand-in, as lines of a Dockerfile.
pub(super) type Changes<'a> = &'a [&'a str];

impl Registry {
    /// Starts it with every stand-in; what is sent to it besides is in the lane's memory only.
    pub(super) fn start(slot: &Path, images: &Images) -> anyhow::Result<Self> {
        let folder = |name: &str| Path::new(FOLDER).join("registry").join(name);
        for name in ["upper", "work", "all"] {
            fs::create_dir_all(folder(name))?;
        }
        // By short paths: a comma or a colon in one would mean something to the kernel.
        let lower = Path::new("/run/stored");
        fs::create_dir_all(lower)?;
        mount_bind(&images.registry, lower)?;
        let options = format!(
            "lowerdir={},upperdir={},workdir={}",
            lower.display(),
            folder("upper").display(),
            folder("work").display()
        );
        let options = CString::new(options)?;
        mount("overlay", folder("all"), "overlay", MountFlags::empty(), options.as_c_str())
            .context("cannot mount the registry's storage as an overlay")?;
        let text = format!(
            "version: 0.1\nlog: {{ level: warn }}\nhttp: {{ addr: \"{REGISTRY}\" }}\n\
             storage: {{ filesystem: {{ rootdirectory: {:?} }} }}\n",
            folder("all").display().to_string()
        );
        fs::write(config(), text)?;
        forget()?;
        Ok(Self { child: serve(slot)? })
    }

    /// Starts it after it was stopped.
    pub(super) fn start_again(&mut self, slot: &Path) -> anyhow::Result<()> {
        self.child = serve(slot)?;
        Ok(())
    }

    /// Ends it, as when it cannot be reached.
    pub(super) fn stop(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// Sends an image that differs from the stand-in `from` in `changes`; it is not kept here.
/// The answer is its reference with tag and digest.
pub(super) fn publish(
    service: &str,
    from: &str,
    tag: &str,
    changes: Changes<'_>,
) -> anyhow::Result<String> {
    let name = format!("{REGISTRY}/{service}");
    let tagged = format!("{name}:{tag}");
    let container = output(&mut program("docker", &["create", from]))?;
    let container = container.trim();
    let mut commit = program("docker", &["commit"]);
    commit.args(changes.iter().flat_map(|it| ["--change", it]));
    output(commit.args([container, &tagged]))?;
    output(&mut program("docker", &["rm", "--volumes", container]))?;
    output(&mut program("docker", &["push", "--quiet", &tagged]))?;
    let format = "{{range .RepoDigests}}{{println .}}{{end}}";
    let digests =
        output(&mut program("docker", &["image", "inspect", "--format", format, &tagged]))?;
    let digest = digests.lines().find_map(|it| it.strip_prefix(&format!("{name}@")));
    let reference = format!("{tagged}@{}", digest.context("the registry gave no digest")?);
    output(&mut program("docker", &["rmi", "--force", &tagged]))?;
    Ok(reference)
}

/// Removes every image that came from the registry, as on a host that has none yet.
pub(super) fn forget() -> anyhow::Result<()> {
    let words = ["images", "--all", "--digests", "--format", "{{.Repository}} {{.ID}}"];
    let listed = output(&mut program("docker", &words))?;
    for line in listed.lines().filter(|it| it.starts_with(REGISTRY)) {
        let id = line.rsplit(' ').next().unwrap_or_default();
        // One that two names had is gone by then.
        let _ = run::attempt(&mut program("docker", &["rmi", "--force", id]))?;
    }
    Ok(())
}

/// Where its settings lie.
fn config() -> PathBuf {
    Path::new(FOLDER).join("registry.yml")
}

/// Runs the registry until it answers.
fn serve(slot: &Path) -> anyhow::Result<Child> {
    let log = fs::OpenOptions::new().create(true).append(true).open(slot.join("registry.log"))?;
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(config()).stdin(Stdio::null());
    let child = command.stdout(log.try_clone()?).stderr(log).spawn();
    let child = child.context("cannot run docker-registry")?;
    run::until(Duration::from_secs(20), || {
        output(&mut program("curl", &["-fsS", "-m", "2", &format!("http://{REGISTRY}/v2/")]))
    })?;
    Ok(child)
}
