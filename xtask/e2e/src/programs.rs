//! The programs that the suite builds: `homelab` as a user has it, and the stand-in.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::run::{output, program};

/// Where they are.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub(crate) homelab: PathBuf,
    pub(crate) stand_in: PathBuf,
    pub(crate) caddy: PathBuf,
}

impl Programs {
    /// Builds what is ours and finds what is not.
    pub(crate) fn build(repository: &Path, folder: &Path) -> anyhow::Result<Self> {
        let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let build = |words: &[&str], flags: &str| {
            let mut command = program(&cargo, &["build", "--quiet", "--locked", "--target-dir"]);
            command.arg(folder).args(words).current_dir(repository).env("RUSTFLAGS", flags);
            output(&mut command)
        };
        // With a target the flag does not reach build scripts.
        let statically = "-C target-feature=+crt-static";
        build(&["--release", "--package", "homelab-stand-in", "--target", &target], statically)?;
        build(&["--package", "homelab-cli"], "")?;
        let caddy =
            output(&mut program("sh", &["-c", "command -v caddy"])).context("there is no caddy")?;
        Ok(Self {
            homelab: folder.join("debug/homelab"),
            stand_in: folder.join(target).join("release/stand-in"),
            caddy: std::fs::canonicalize(caddy.trim())?,
        })
    }
}
