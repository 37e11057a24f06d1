//! The images of the suite: one stand-in a service, on one Debian base.

mod archive;
pub(crate) mod broken;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use homelab_stand_in::PROMISE;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::archive::{Entry, Image, Layer};
pub(crate) use self::archive::{digest, fingerprint};
use self::table::StandIn;
use crate::files::{Held, remove_others};
use crate::model::Model;
use crate::run;

/// Debian's release and the programs that are the real ones.
const SUITE: &str = "bookworm";
const PACKAGES: &str = "postgresql-15,redis-server,syncthing,netdata-core,netdata-plugins-bash,jq,curl,\
     sqlite3,busybox,ca-certificates,tzdata";

/// What no stand-in needs: manuals, translations, and the compiler that PostgreSQL may use.
const WITHOUT: &[&str] = &[
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/locale/*",
    "/usr/lib/*/libLLVM*",
    "/usr/lib/*/libz3*",
    "/usr/lib/llvm*",
];

/// `postgres` is uid 999 and `netdata` 201, as in their own images; BusyBox plays Alpine's `wget`.
const HOOK: &str = "chroot \"$1\" groupmod -g 201 netdata && chroot \"$1\" usermod -u 201 -g 201 netdata \
     && chroot \"$1\" groupmod -g 999 postgres && chroot \"$1\" usermod -u 999 -g 999 postgres \
     && chroot \"$1\" chown -R netdata:netdata /var/lib/netdata /var/cache/netdata /var/log/netdata \
     && for it in access collector debug error health; do \
          ln -sf /dev/stderr \"$1/var/log/netdata/$it.log\"; done \
     && chroot \"$1\" chgrp -R netdata /usr/lib/netdata/plugins.d \
     && rm -rf \"$1\"/var/lib/postgresql/15 \"$1\"/var/cache/apt \"$1\"/var/lib/apt/lists/* \
     && ln -sf busybox \"$1\"/bin/wget && ln -sf busybox \"$1\"/bin/ping";

/// Which images the lanes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum Source {
    /// Stand-ins, put together from Debian's packages
    StandIns,
    /// The pinned images themselves, pulled by digest
    Real,
}

/// The archive and what is in it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Images {
    /// For `docker load`.
    pub(crate) archive: PathBuf,
    /// Service and reference.
    pub(crate) references: Vec<(String, String)>,
    /// The storage of a registry that has them.
    pub(crate) registry: PathBuf,
    /// Service and reference there, with tag and digest.
    pub(crate) published: Vec<(String, String)>,
    /// Service and reference by which it has stand-ins under the names of the real images: with their
    /// repository and tag, and a digest of its own. Some break their contract (`broken.rs`).
    pub(crate) observed: Vec<(String, String)>,
}

/// Where a lane's registry listens: on loopback, where the engine wants no TLS.
pub(crate) const REGISTRY: &str = "127.0.0.1:5000";

/// Seconds between two probes of an image that ships its health check, as the registry has it: the real
/// ones ask every half a minute, and every deploy of a lane waits for the answer. `compose.yaml` still
/// has the last word.
const PROBE: u64 = 2;

/// Nanoseconds, as images count them.
const fn nanoseconds(seconds: u64) -> u64 {
    seconds * 1_000_000_000
}

impl Images {
    /// The Compose file that puts the stand-ins in the place of the images, and nothing else.
    pub(crate) fn override_file(references: &[(String, String)]) -> String {
        if references.is_empty() {
            return "services: {}\n".to_owned();
        }
        let lines = references.iter();
        let lines = lines.map(|(service, image)| format!("  {service}:\n    image: \"{image}\"\n"));
        format!("services:\n{}", lines.collect::<String>())
    }
}

/// Puts the archive together, or finds the one of an earlier run.
pub(crate) fn assemble(
    model: &Model,
    cache: &Path,
    base: &Path,
    program: &Path,
    caddy: &Path,
) -> anyhow::Result<(Images, Vec<Held>)> {
    let base = Layer::file(base)?;
    let program = Layer::of(&[file("/usr/local/bin/stand-in", program)?])?;
    let build = |mut stand_in: StandIn| -> anyhow::Result<Image> {
        let promise = serde_json::to_vec(&stand_in.promise)?;
        stand_in.files.push(Entry::File { path: PROMISE.to_owned(), mode: 0o644, bytes: promise });
        let layers = vec![base.clone(), program.clone(), Layer::of(&stand_in.files)?];
        let config = config(&stand_in);
        let tag = fingerprint(&layers, &config)?;
        Ok(Image {
            reference: format!("homelab-e2e/{}:{tag}", stand_in.promise.service),
            layers,
            config,
        })
    };
    let (mut images, mut observed) = (Vec::new(), Vec::new());
    let project = model.project();
    for member in project.members() {
        let contract =
            member.contract().with_context(|| format!("{} has no contract", member.name))?;
        let mut stand_in = table::stand_in(member.name, contract);
        if member.name == "caddy" {
            // `/bin` is a link to it in Debian, which a layer must not replace.
            stand_in.files.push(file("/usr/bin/caddy", caddy)?);
        }
        let image = member.image();
        let tagged = (image.repository.to_owned(), image.tag.unwrap_or_default().to_owned());
        observed.push((member.name.to_owned(), tagged, build(broken::of(stand_in.clone()))?));
        images.push((member.name.to_owned(), build(stand_in)?));
    }
    let references: Vec<_> =
        images.iter().map(|(service, it)| (service.clone(), it.reference.clone())).collect();
    let broken: Vec<_> = observed.iter().map(|(.., it)| &it.reference).collect();
    let all = fingerprint(&[], &json!([references, broken]))?;
    let archive = cache.join(format!("images-{all}.tar"));
    if !archive.exists() {
        let unfinished = cache.join("images.unfinished");
        archive::write(images.iter().map(|it| &it.1), &unfinished)?;
        fs::rename(&unfinished, &archive)?;
    }
    let mut held = vec![Held::by(&archive)?];
    remove_others(cache, "images-")?;
    let registry = cache.join(format!("registry-{all}"));
    let Stored { published, observed } = store(images, observed, cache, &registry)?;
    held.push(Held::by(&registry)?);
    remove_others(cache, "registry-")?;
    Ok((Images { archive, references, registry, published, observed }, held))
}

/// References of the images in the storage of a registry, each with its service.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    published: Vec<(String, String)>,
    observed: Vec<(String, String)>,
}

/// Puts the storage of a registry together, or finds the one of an earlier run.
fn store(
    images: Vec<(String, Image)>,
    observed: Vec<(String, (String, String), Image)>,
    cache: &Path,
    registry: &Path,
) -> anyhow::Result<Stored> {
    let list = registry.join("references.json");
    if let Ok(text) = fs::read(&list) {
        return Ok(serde_json::from_slice(&text)?);
    }
    let unfinished = cache.join("registry.unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    let store = |mut image: Image, name: &str, tag: &str| {
        if let Some(test) = image.config.pointer("/Healthcheck/Test").cloned() {
            image.config["Healthcheck"] = json!({ "Test": test, "Interval": nanoseconds(PROBE) });
        }
        archive::store(&image, &unfinished, name, tag)
    };
    let mut stored = Stored::default();
    for (service, image) in images {
        let digest = store(image, &service, "1")?;
        stored.published.push((service.clone(), format!("{REGISTRY}/{service}:1@sha256:{digest}")));
    }
    for (service, (repository, tag), image) in observed {
        let (_, path) = registry_and_path(&repository);
        let digest = store(image, &path, &tag)?;
        stored.observed.push((service, format!("{repository}:{tag}@sha256:{digest}")));
    }
    fs::write(unfinished.join("references.json"), serde_json::to_vec(&stored)?)?;
    fs::rename(&unfinished, registry)?;
    Ok(stored)
}

/// The host that a repository is pulled from, and its path there, as the engine reads them.
pub(crate) fn registry_and_path(repository: &str) -> (String, String) {
    let hub = "registry-1.docker.io".to_owned();
    match repository.split_once('/') {
        Some(("docker.io", path)) => registry_and_path(path),
        Some((host, path)) if host.contains(['.', ':']) => (host.to_owned(), path.to_owned()),
        Some(_) => (hub, repository.to_owned()),
        // Official images have no owner.
        None => (hub, format!("library/{repository}")),
    }
}

/// Debian's root file system with the real programs, made once.
pub(crate) fn base(cache: &Path) -> anyhow::Result<PathBuf> {
    let recipe = json!([SUITE, PACKAGES, WITHOUT, HOOK]);
    let path = cache.join(format!("base-{}.tar", fingerprint(&[], &recipe)?));
    if path.exists() {
        return Ok(path);
    }
    let unfinished = cache.join("base.unfinished.tar");
    let mut command = run::as_root("mmdebstrap");
    command.args(["--quiet", "--variant=minbase", &format!("--include={PACKAGES}")]);
    command.args(WITHOUT.iter().map(|it| format!("--dpkgopt=path-exclude={it}")));
    command.arg(format!("--customize-hook={HOOK}")).arg(SUITE).arg(&unfinished);
    let output = command.output().context("cannot run mmdebstrap")?;
    if !output.status.success() {
        bail!("mmdebstrap failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    remove_others(cache, "base-")?;
    fs::rename(&unfinished, &path)?;
    Ok(path)
}

fn file(path: &str, source: &Path) -> anyhow::Result<Entry> {
    let bytes = fs::read(source).with_context(|| format!("cannot read {}", source.display()))?;
    Ok(Entry::File { path: path.to_owned(), mode: 0o755, bytes })
}

fn config(it: &StandIn) -> Value {
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let environment: Vec<_> = std::iter::once(path).chain(it.environment.iter().copied()).collect();
    let volumes = it.promise.data.iter().map(String::as_str).chain(it.volumes.iter().copied());
    let volumes = volumes.map(|it| (it.to_owned(), json!({})));
    let tcp = it.promise.tcp.iter().map(|it| (format!("{it}/tcp"), json!({})));
    let udp = it.promise.udp.iter().map(|it| (format!("{it}/udp"), json!({})));
    let mut config = json!({
        "User": it.user,
        "Env": environment,
        "Entrypoint": it.entrypoint,
        "Cmd": it.command,
        "WorkingDir": it.folder,
        "Volumes": volumes.collect::<serde_json::Map<_, _>>(),
        "ExposedPorts": tcp.chain(udp).collect::<serde_json::Map<_, _>>(),
    });
    if let Some((test, seconds)) = &it.health {
        config["Healthcheck"] = json!({
            "Test": test,
            "Interval": nanoseconds(*seconds),
            "StartPeriod": nanoseconds(it.start_period),
        });
    }
    if let Some(signal) = it.stop_signal {
        config["StopSignal"] = json!(signal);
    }
    config
}
