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
    pub(crate) fn build(repository: &Path) -> anyhow::Result<Self> {
        let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let build = |words: &[&str]| {
            let mut command = program(&cargo, &["build", "--quiet", "--locked", "--package"]);
            command.args(words).current_dir(repository);
            command
        };
        output(&mut build(&["homelab-cli"]))?;
        let words = ["homelab-stand-in", "--profile", "stand-in", "--target", &target];
        // With a target the flag does not reach build scripts.
        output(build(&words).env("RUSTFLAGS", "-C target-feature=+crt-static"))?;
        // Where cargo has put this program, whatever folder that is.
        let debug = std::env::current_exe()?;
        let folder = debug.ancestors().nth(2).context("cargo's folder is two above a program")?;
        Ok(Self {
            homelab: debug.with_file_name("homelab"),
            stand_in: folder.join(target).join("stand-in/stand-in"),
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
