//! The programs that the suite builds: `homelab` as a user has it, and the stand-in.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::run::{self, output, program};

/// Where they are.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub(crate) homelab: PathBuf,
    pub(crate) stand_in: PathBuf,
    pub(crate) caddy: PathBuf,
    pub(crate) compose: PathBuf,
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
        Ok(Self {
            homelab: folder.join("debug/homelab"),
            stand_in: folder.join(target).join("release/stand-in"),
            caddy: run::find("caddy").context("there is no caddy")?.canonicalize()?,
            compose: compose().context("there is no Docker Compose")?,
        })
    }
}

/// Compose as a program: where Docker looks for its plugins, or on PATH.
pub(crate) fn compose() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(|it| PathBuf::from(it).join(".docker"));
    let theirs = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from).or(home);
    let everybodys = ["/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec"];
    let everybodys = everybodys.iter().map(|it| Path::new(it).join("docker"));
    let mut plugins = theirs.into_iter().chain(everybodys).map(|it| it.join("cli-plugins"));
    let plugin = plugins.find_map(|it| Some(it.join("docker-compose")).filter(|it| it.is_file()));
    plugin.or_else(|| run::find("docker-compose"))
}
