//! The engines that lanes run on: each in a Debian root of its own, made once by `mmdebstrap`.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::files::{Held, remove_others};
use crate::images::fingerprint;
use crate::run::{self, output};

/// A Docker Engine, by its major version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
pub(crate) enum Engine {
    /// Docker Engine 20.10, of Debian 12
    #[value(name = "20")]
    V20,
    /// Docker Engine 26.1, of Debian 13
    #[value(name = "26")]
    V26,
    /// Docker Engine 28 or newer, of Debian unstable
    #[value(name = "28")]
    V28,
}

/// What a lane's host has besides its engine.
const PACKAGES: &str = "docker.io,iptables,iproute2,ca-certificates,curl,docker-registry,git,\
                        openssh-client,openssh-server,sudo";

/// What no host of the suite needs.
const WITHOUT: &[&str] = &["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*"];

impl Engine {
    /// Its name in names of lanes and folders.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::V20 => "20",
            Self::V26 => "26",
            Self::V28 => "28",
        }
    }

    /// The release of Debian that has it, and what it calls Docker's command line.
    const fn debian(self) -> (&'static str, &'static str) {
        match self {
            Self::V20 => ("bookworm", "docker.io"),
            Self::V26 => ("trixie", "docker-cli"),
            Self::V28 => ("sid", "docker-cli"),
        }
    }

    /// Fails when Debian has another one by now: only unstable moves on, and never back.
    pub(crate) fn expect(self, version: &str) -> anyhow::Result<()> {
        let major: u32 = version.split('.').next().unwrap_or_default().parse().unwrap_or_default();
        let (as_expected, expected) = match self {
            Self::V20 => (major == 20, "20"),
            Self::V26 => (major == 26, "26"),
            Self::V28 => (major >= 28, "28 or newer"),
        };
        let debian = self.debian().0;
        ensure!(
            as_expected,
            "Debian {debian} has Docker Engine {version}, expected {expected}: where the cache is \
             old, remove target/e2e/{}*",
            self.prefix()
        );
        Ok(())
    }

    fn prefix(self) -> String {
        format!("engine-{}-", self.name())
    }

    /// Makes the root, or finds the one of an earlier run; it stays as long as the lock is held.
    pub(crate) fn root(self, cache: &Path) -> anyhow::Result<(PathBuf, Held)> {
        let (release, cli) = self.debian();
        let packages = format!("{PACKAGES},{cli}");
        let recipe = json!([release, packages, WITHOUT]);
        let root = cache.join(format!("{}{}", self.prefix(), fingerprint(&[], &recipe)?));
        if !root.exists() {
            let unfinished = cache.join(format!("unfinished-{}", self.name()));
            output(run::as_root("rm").args(["--recursive", "--force"]).arg(&unfinished))?;
            let mut make = run::as_root("mmdebstrap");
            make.args(["--quiet", "--variant=minbase", &format!("--include={packages}")]);
            // A mirror may be older than unstable's lists are valid.
            make.arg("--aptopt=Acquire::Check-Valid-Until \"false\"");
            make.args(WITHOUT.iter().map(|it| format!("--dpkgopt=path-exclude={it}")));
            output(make.arg(release).arg(&unfinished))?;
            output(run::as_root("mv").arg(&unfinished).arg(&root))?;
        }
        let held = Held::by(&root)?;
        remove_others(cache, &self.prefix())?;
        Ok((root, held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_engine_than_the_lane_says_is_refused() {
        for (engine, version, is_fine) in [
            (Engine::V20, "20.10.24+dfsg1", true),
            (Engine::V20, "26.1.5", false),
            (Engine::V26, "26.1.5+dfsg1", true),
            (Engine::V28, "28.5.2+dfsg4", true),
            (Engine::V28, "29.0.1", true),
            (Engine::V28, "27.5.1", false),
            (Engine::V28, "", false),
        ] {
            assert_eq!(engine.expect(version).is_ok(), is_fine, "{engine:?} {version}");
        }
        let said = Engine::V28.expect("27.5.1").expect_err("it is too old").to_string();
        assert_eq!(
            said,
            "Debian sid has Docker Engine 27.5.1, expected 28 or newer: where the cache is old, \
             remove target/e2e/engine-28-*"
        );
    }
}
