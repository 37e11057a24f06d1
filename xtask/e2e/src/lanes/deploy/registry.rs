//! A registry of the lane's own: the stand-ins as a registry has them, by tag and digest.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::images::Images;
use crate::run::{self, output, program};

/// On loopback, where the engine wants no TLS.
const ADDRESS: &str = "127.0.0.1:5000";

/// Seconds between two probes of an image that ships its health check: the real ones ask every half
/// a minute, and every deploy of this lane waits for the answer. `compose.yaml` still has the last word.
const PROBE: u32 = 2;

/// The registry.
#[derive(Debug)]
pub(super) struct Registry {
    child: Child,
}

/// What differs from the stand-in, as lines of a Dockerfile.
pub(super) type Changes<'a> = &'a [&'a str];

impl Registry {
    /// Starts it; its data stays in the slot, so that the Debian layer is sent once.
    pub(super) fn start(slot: &Path) -> anyhow::Result<Self> {
        let data = slot.join("registry");
        std::fs::create_dir_all(&data)?;
        let config = slot.join("registry.yml");
        let text = format!(
            "version: 0.1\nlog: {{ level: warn }}\nhttp: {{ addr: \"{ADDRESS}\" }}\n\
             storage: {{ filesystem: {{ rootdirectory: {:?} }} }}\n",
            data.display().to_string()
        );
        std::fs::write(&config, text)?;
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

/// Forgets what an earlier run pulled, and sends every stand-in; service and reference.
pub(super) fn fill(images: &Images) -> anyhow::Result<Vec<(String, String)>> {
    forget()?;
    let sent = Mutex::new(Vec::new());
    let one = |(service, from): &(String, String)| -> anyhow::Result<()> {
        let reference = publish(service, from, "1", &[])?;
        run::locked(&sent).push((service.clone(), reference));
        Ok(())
    };
    // The first one takes the Debian layer along, the others find it there.
    let (first, others) = images.references.split_first().context("there are no images")?;
    one(first)?;
    std::thread::scope(|scope| {
        let threads: Vec<_> = others
            .chunks(others.len().div_ceil(4))
            .map(|some| scope.spawn(move || some.iter().try_for_each(one)))
            .collect();
        threads.into_iter().try_for_each(|it| {
            it.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a thread ended early")))
        })
    })?;
    Ok(sent.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Sends an image that differs from the stand-in `from` in `changes`; it is not kept here.
/// The answer is its reference with tag and digest.
pub(super) fn publish(
    service: &str,
    from: &str,
    tag: &str,
    changes: Changes<'_>,
) -> anyhow::Result<String> {
    let name = format!("{ADDRESS}/{service}");
    let tagged = format!("{name}:{tag}");
    let container = output(&mut program("docker", &["create", from]))?;
    let container = container.trim();
    let mut commit = program("docker", &["commit"]);
    if let Some(quick) = quick_health(from)? {
        commit.args(["--change", &quick]);
    }
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

/// The image's own health check with another interval, as a line of a Dockerfile.
fn quick_health(image: &str) -> anyhow::Result<Option<String>> {
    let words = ["image", "inspect", "--format", "{{json .Config.Healthcheck}}", image];
    let check: Value = serde_json::from_str(&output(&mut program("docker", &words))?)?;
    let Some(test) = check.get("Test").and_then(Value::as_array) else { return Ok(None) };
    let words = match test.split_first() {
        Some((kind, rest)) if kind == "CMD" => Value::from(rest).to_string(),
        Some((_, [Value::String(line)])) => line.clone(),
        _ => return Ok(None),
    };
    Ok(Some(format!("HEALTHCHECK --interval={PROBE}s CMD {words}")))
}

/// Removes every image that came from the registry, as on a host that has none yet.
pub(super) fn forget() -> anyhow::Result<()> {
    let words = ["images", "--all", "--digests", "--format", "{{.Repository}} {{.ID}}"];
    let listed = output(&mut program("docker", &words))?;
    for line in listed.lines().filter(|it| it.starts_with(ADDRESS)) {
        let id = line.rsplit(' ').next().unwrap_or_default();
        // One that two names had is gone by then.
        let _ = run::attempt(&mut program("docker", &["rmi", "--force", id]))?;
    }
    Ok(())
}

/// Runs the registry until it answers.
fn serve(slot: &Path) -> anyhow::Result<Child> {
    let log =
        std::fs::OpenOptions::new().create(true).append(true).open(slot.join("registry.log"))?;
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(slot.join("registry.yml")).stdin(Stdio::null());
    let child = command.stdout(log.try_clone()?).stderr(log).spawn();
    let child = child.context("cannot run docker-registry")?;
    run::until(Duration::from_secs(20), || {
        output(&mut program("curl", &["-fsS", "-m", "2", &format!("http://{ADDRESS}/v2/")]))
    })?;
    Ok(child)
}
