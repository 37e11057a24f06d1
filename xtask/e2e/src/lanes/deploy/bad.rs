//! Deploys that cannot go well: the house stays as it is, or is put back.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, ensure};

use super::DeployScene;
use super::check::{containers, receipts, set, touched};
use super::client::Said;
use super::host::{FOLDER, HOUSE};
use crate::images::digest;
use crate::run::{self, output, program};

/// A release whose container never gets healthy: back to the old one, and exit code 1.
pub(super) fn never_healthy(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let old = DeployScene::runs()?;
    let reference =
        site.publish("homer", "sick", &["HEALTHCHECK --interval=1s --retries=2 CMD false"])?;
    site.checkout.set_line("homer", "image: ", &format!("image: \"{reference}\""))?;
    let new = site.checkout.commit("homer: never healthy")?;
    let before = containers()?;
    let started = Instant::now();
    let said = site
        .remote(&["deploy", "--actor", "e2e"])?
        .ended(1)?
        .naming("homer")?
        .naming(&old[..12])?;
    let seconds = started.elapsed().as_secs();
    let happened = touched(&before, &containers()?);
    ensure!(happened == set(&["homer"]), "touched {happened:?}: {}", said.all);
    let receipt = receipts()?.pop().context("no receipt")?;
    let is_of = |field: &str, commit: &str| {
        receipt[field].as_str().is_some_and(|release| release.starts_with(&commit[..12]))
    };
    ensure!(receipt["outcome"] == "rolled-back", "{receipt:#}");
    ensure!(is_of("to", &new) && is_of("runs", &old), "{receipt:#}");
    site.checkout.reset(&old)?;
    site.is_whole(&old)?;
    site.no_drift()?;
    Ok(format!("after {seconds} s the old release runs again, and homer is named"))
}

/// An image that the registry does not have, one image changed besides: nothing is touched.
pub(super) fn cannot_be_pulled(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let none = format!("127.0.0.1:5000/redis:9@sha256:{}", "0".repeat(64));
    site.untouched(&["127.0.0.1:5000/redis"], |site| {
        site.checkout.set_memory_limit("homer", "80M")?;
        site.checkout.set_line("redis", "image: ", &format!("image: \"{none}\""))
    })
}

/// The registry cannot be reached, as when the internet is away.
pub(super) fn no_registry(site: &mut DeployScene<'_>) -> anyhow::Result<String> {
    let reference = site.publish("redis", "2", &["LABEL version=2"])?;
    site.registry.stop()?;
    let refused = site.untouched(&["127.0.0.1:5000"], |site| {
        site.checkout.set_line("redis", "image: ", &format!("image: \"{reference}\""))
    });
    // What runs needs no registry.
    let again = site.deploy();
    site.registry.start_again(&site.scene.world.folder)?;
    ensure!(again?.is_empty(), "a deploy of what runs touched something");
    refused
}

/// A file that Compose does not take, and a release that `homelab` itself refuses.
pub(super) fn not_a_release(site: &DeployScene<'_>) -> anyhow::Result<String> {
    site.untouched(&["homer"], |site| {
        site.checkout.set_line("homer", "image: ", "image: \"127.0.0.1:5000/homer:latest\"")?;
        site.checkout.set_memory_limit("homer", "many")
    })
}

/// A secret is missing on the host.
pub(super) fn no_secret(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let secret = Path::new(HOUSE).join("secrets/immich-db-password");
    let kept = secret.with_extension("kept");
    fs::rename(&secret, &kept)?;
    let ended = site
        .untouched(&["immich-db-password"], |site| site.checkout.set_memory_limit("homer", "80M"));
    fs::rename(kept, secret)?;
    ended
}

/// A disk is full: below the releases, the settings, the notes, the dumps.
pub(super) fn full_disk(site: &DeployScene<'_>) -> anyhow::Result<String> {
    for folder in ["releases", "config", "state", "dumps"] {
        let path = Path::new(HOUSE).join(folder);
        let full = Full::fill(&path)?;
        let ended = site.untouched(&[], |site| {
            // The database too, so that there is something to dump.
            site.checkout.append("config/homer/config.yml", &"# long\n".repeat(2000))?;
            site.checkout.set_line("postgres", "pids: ", "pids: 333")
        });
        full.drain()?;
        ended.with_context(|| format!("{folder} is on a full disk"))?;
        site.no_drift().with_context(|| format!("after {folder} was on a full disk"))?;
    }
    Ok("releases, config, state, dumps: each time nothing changed".to_owned())
}

/// A folder on a disk of its own that is full.
struct Full<'a>(&'a Path);

impl<'a> Full<'a> {
    fn fill(folder: &'a Path) -> anyhow::Result<Self> {
        let aside = Path::new(FOLDER).join("full");
        fs::create_dir_all(&aside)?;
        output(program("mount", &["-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs"]).arg(&aside))?;
        output(program("cp", &["--archive"]).arg(folder.join(".")).arg(&aside))?;
        let of = format!("of={}", aside.join("filler").display());
        // It ends when the disk is full, which is what is wanted.
        run::attempt(program("dd", &["if=/dev/zero", "bs=4k", "status=none"]).arg(of))?;
        output(program("mount", &["--move"]).arg(&aside).arg(folder))?;
        Ok(Self(folder))
    }

    fn drain(self) -> anyhow::Result<()> {
        output(program("umount", &["--lazy"]).arg(self.0)).map(drop)
    }
}

/// A bundle that was cut or changed on its way, or that was made to harm.
pub(super) fn tampered(site: &DeployScene<'_>) -> anyhow::Result<String> {
    site.checkout.set_memory_limit("homer", "80M")?;
    let old = DeployScene::runs()?;
    let new = site.checkout.commit("homer: more memory")?;
    let (words, bundle) = site.captured()?;
    site.checkout.reset(&old)?;
    let before = containers()?;
    let half = bundle.len() / 2;
    let mut flipped = bundle.clone();
    flipped[half] ^= 1;
    let text = String::from_utf8_lossy(&bundle).into_owned();
    let behind = text.replacen("memory: \"80M\"", "memory: \"90M\"", 1).into_bytes();
    let outside = text.replace("config/homer/config.yml", "../../../../hackedby.yml").into_bytes();
    let name = text.find(&format!("{}-", &new[..12])).context("no name in the bundle")?;
    let current = DeployScene::current()?;
    let current = current.file_name().and_then(|it| it.to_str()).context("no release")?;
    let other = text.replace(&text[name..name + current.len()], current).into_bytes();
    let long = [bundle.clone(), vec![0; 20 << 20]].concat();
    let mut count = 0;
    for (what, bytes, announced) in [
        ("cut", &bundle[..half], None),
        ("empty", &[][..], None),
        ("flipped", &flipped[..], None),
        ("a file changed behind the manifest", &behind[..], Some(&behind)),
        ("a path outside of the release", &outside[..], Some(&outside)),
        ("other files under the name of what runs", &other[..], Some(&other)),
        ("far too long", &long[..], Some(&long)),
    ] {
        let words = match announced {
            Some(it) => with_digest(&words, it)?,
            None => words.clone(),
        };
        let said = site.send(&words, bytes)?;
        ensure!(
            matches!(said.code, Some(1 | 4)),
            "{what}: ended with {:?}: {}",
            said.code,
            said.all
        );
        ensure!(said.all.contains("error"), "{what}: it says {}", said.all);
        count += 1;
    }
    ensure!(before == containers()?, "a container was touched");
    site.is_whole(&old)?;
    // The same words with the bytes that belong to them: so it was the bytes.
    site.send(&words, &bundle)?.ended(0)?;
    ensure!(touched(&before, &containers()?) == set(&["homer"]), "the true bundle does nothing");
    site.deploy()?;
    Ok(format!("{count} refused, the true one taken"))
}

/// The command with the digest of other bytes.
fn with_digest(words: &str, bytes: &[u8]) -> anyhow::Result<String> {
    let digest = digest(bytes)?;
    let words = words.split(' ').map(|it| match it.rsplit_once("sha256:") {
        Some((before, _)) => format!("{before}sha256:{digest}"),
        None => it.to_owned(),
    });
    Ok(words.collect::<Vec<_>>().join(" "))
}

impl DeployScene<'_> {
    /// Commits a change whose deploy has to fail before anything is touched; goes back then.
    fn untouched(
        &self,
        named: &[&str],
        change: impl FnOnce(&Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<String> {
        let old = DeployScene::runs()?;
        let before = containers()?;
        change(self)?;
        self.checkout.commit("a change that cannot be deployed")?;
        let said = self.remote(&["deploy", "--actor", "e2e"])?;
        self.checkout.reset(&old)?;
        ensure!(matches!(said.code, Some(1 | 4)), "it ended with {:?}: {}", said.code, said.all);
        let happened = touched(&before, &containers()?);
        ensure!(happened.is_empty(), "touched {happened:?}: {}", said.all);
        for name in named {
            ensure!(said.all.contains(name), "it does not name {name}: {}", said.all);
        }
        self.is_whole(&old).with_context(|| said.all.clone())?;
        let told = |it: &&str| it.starts_with("error") || it.starts_with("because an");
        let line = said.all.lines().find(told).unwrap_or_default();
        Ok(format!("nothing touched: {line}"))
    }

    /// The command and the bytes that a deploy sends: `ssh` is one that keeps them.
    fn captured(&self) -> anyhow::Result<(String, Vec<u8>)> {
        let folder = Path::new(FOLDER).join("captured");
        fs::create_dir_all(&folder)?;
        let ssh = folder.join("ssh");
        let text = "#!/bin/sh\ncat > \"$(dirname \"$0\")/bundle\"\nfor it; do echo \"$it\"; done > \"$(dirname \"$0\")/words\"\nexit 255\n";
        fs::write(&ssh, text)?;
        output(program("chmod", &["0755"]).arg(&ssh))?;
        let path = std::env::var("PATH").unwrap_or_default();
        let mut client = self.client(&["deploy", "--actor", "e2e"]);
        client.env("PATH", format!("{}:{path}", folder.display()));
        Said::from(run::attempt(&mut client)?).ended(4)?;
        let words = fs::read_to_string(folder.join("words"))?;
        let words: Vec<_> = words.lines().collect();
        let at = words.iter().position(|it| it.contains('@')).context("no host")?;
        let remote = words[at + 1..].iter().filter(|it| **it != "--");
        let remote = remote.copied().collect::<Vec<_>>().join(" ");
        Ok((remote, fs::read(folder.join("bundle"))?))
    }

    /// Sends bytes to the host with plain `ssh`.
    fn send(&self, words: &str, bytes: &[u8]) -> anyhow::Result<Said> {
        let file = Path::new(FOLDER).join("captured/sent");
        fs::write(&file, bytes)?;
        let output = self.ssh("deploy", &[words]).stdin(fs::File::open(file)?).output()?;
        Ok(output.into())
    }
}
