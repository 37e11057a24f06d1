//! The project's folder of a lane: what a user has after `git clone` and `homelab init`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use homelab_core::dsl::resource::SecretContent;
use serde_json::Value;

use crate::docker::Container;
use crate::health::{self, PATIENCE};
use crate::images::{Images, Source};
use crate::run::{self, output, program};
use crate::world::LAN_ADDRESS;

/// A deployed house.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) folder: PathBuf,
    homelab: PathBuf,
    /// How long everything may take until it is healthy.
    patience: Duration,
    /// How `homelab init` is called for such a house.
    init: &'static [&'static str],
    /// The proxy's user and password, which `homelab init` tells once.
    pub(crate) login: (String, String),
}

impl House {
    /// Copies what a clone has, runs `homelab init`, and puts these images in the place of the file's,
    /// each with its service.
    pub(crate) fn set_up(
        repository: &Path,
        folder: &Path,
        homelab: &Path,
        images: &[(String, String)],
        source: Source,
    ) -> anyhow::Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        for name in ["compose.yaml", ".env.example", "config"] {
            let mut copy = program("cp", &["--recursive"]);
            output(copy.arg(repository.join(name)).arg(folder))?;
        }
        let house = Self {
            folder: folder.to_owned(),
            homelab: homelab.to_owned(),
            patience: match source {
                Source::StandIns => PATIENCE,
                Source::Real => Duration::from_mins(15),
            },
            init: &["init"],
            login: (String::new(), String::new()),
        };
        fs::write(folder.join("compose.stand-ins.yaml"), Images::override_file(images))?;
        house.begin()
    }

    /// A house that waits for its first deploy: what is the household's own is there, and no more.
    pub(crate) fn await_deploys(folder: &Path, homelab: &Path) -> anyhow::Result<Self> {
        let house = Self {
            folder: folder.to_owned(),
            homelab: homelab.to_owned(),
            patience: PATIENCE,
            init: &["init", "--house"],
            login: (String::new(), String::new()),
        };
        house.begin()
    }

    /// `homelab init` for the first time.
    fn begin(self) -> anyhow::Result<Self> {
        let root = format!("DATA_ROOT={}/data", self.folder.display());
        let said = self.homelab(&[self.init, &["--set", &root]].concat())?;
        let login = login(&String::from_utf8_lossy(&said.stdout))
            .with_context(|| format!("`homelab init` tells no login: {}", run::both(&said)))?;
        let house = Self { login, ..self };
        house.set("LAN_ADDRESS", LAN_ADDRESS)?;
        house.give()?;
        Ok(house)
    }

    /// Gives each secret that comes from others a text.
    fn give(&self) -> anyhow::Result<()> {
        let secrets = homelab_services::house().stack.secrets();
        for secret in secrets.iter().filter(|it| it.content() == SecretContent::Given) {
            let (homelab, name) = (self.homelab.display(), secret.name());
            let line =
                format!("echo 'the {name}' | {homelab} {} --secret {name}", self.init.join(" "));
            output(program("sh", &["-c", &line]).current_dir(&self.folder))?;
        }
        Ok(())
    }

    /// Makes the folders that `homelab init` asks for, by the commands that it prints.
    fn make_folders(&self) -> anyhow::Result<()> {
        let said = run::both(&self.homelab(self.init)?);
        for line in said.lines().filter_map(|it| it.trim().strip_prefix("sudo install ")) {
            output(program("install", &[]).args(line.split_whitespace()))?;
        }
        Ok(())
    }

    /// `.env`.
    pub(crate) fn dotenv(&self) -> PathBuf {
        self.folder.join(".env")
    }

    /// Sets a variable in `.env`.
    pub(crate) fn set(&self, name: &str, value: &str) -> anyhow::Result<()> {
        let text = fs::read_to_string(self.dotenv())?;
        let mut found = false;
        let mut lines: Vec<String> = Vec::new();
        for line in text.lines() {
            let is_it = line.strip_prefix(name).is_some_and(|it| it.starts_with('='));
            found |= is_it;
            lines.push(if is_it { format!("{name}={value}") } else { line.to_owned() });
        }
        if !found {
            lines.push(format!("{name}={value}"));
        }
        Ok(fs::write(self.dotenv(), lines.join("\n") + "\n")?)
    }

    /// Chooses the profiles that are on.
    pub(crate) fn choose(&self, profiles: &[&str]) -> anyhow::Result<()> {
        self.set("COMPOSE_PROFILES", &profiles.join(","))?;
        self.make_folders()
    }

    /// Runs `docker compose` here, as the README does, with the stand-ins' file as a second one.
    pub(crate) fn compose(&self, words: &[&str]) -> anyhow::Result<String> {
        output(&mut self.compose_command(words))
    }

    /// Runs `docker compose` with a further file, which is written here first.
    pub(crate) fn compose_with(
        &self,
        name: &str,
        file: &str,
        words: &[&str],
    ) -> anyhow::Result<()> {
        let name = format!("compose.{name}.yaml");
        fs::write(self.folder.join(&name), file)?;
        let files = format!("compose.yaml:compose.stand-ins.yaml:{name}");
        output(self.compose_command(words).env("COMPOSE_FILE", files))?;
        Ok(())
    }

    /// The command of `compose`.
    pub(crate) fn compose_command(&self, words: &[&str]) -> std::process::Command {
        let mut command = program("docker", &["compose", "--ansi", "never", "--progress", "quiet"]);
        command.args(words).current_dir(&self.folder);
        command.env("COMPOSE_FILE", "compose.yaml:compose.stand-ins.yaml");
        command
    }

    /// Runs `homelab` here.
    pub(crate) fn homelab(&self, words: &[&str]) -> anyhow::Result<std::process::Output> {
        let mut command = program(&self.homelab.to_string_lossy(), words);
        // The same house, whoever starts the suite.
        command.env_remove("SUDO_UID").env_remove("SUDO_GID");
        run::attempt(command.current_dir(&self.folder))
    }

    /// Compares what Compose reads of the committed file with what it reads with the stand-ins:
    /// only `image` may differ, and it must differ everywhere.
    pub(crate) fn differs(&self) -> anyhow::Result<String> {
        let read = |files: &str| -> anyhow::Result<Value> {
            let words = ["--profile", "*", "config", "--format", "json"];
            let mut command = self.compose_command(&words);
            Ok(serde_json::from_str(&output(command.env("COMPOSE_FILE", files))?)?)
        };
        let committed = read("compose.yaml")?;
        let mut ours = read("compose.yaml:compose.stand-ins.yaml")?;
        let services = ours.get_mut("services").and_then(Value::as_object_mut);
        let mut count = 0;
        for (name, service) in services.context("there are no services")? {
            let image = &committed["services"][name]["image"];
            if &service["image"] == image {
                bail!("{name} has no stand-in");
            }
            service["image"] = image.clone();
            count += 1;
        }
        if ours != committed {
            bail!("more than images differ:\n{ours:#}\n{committed:#}");
        }
        Ok(format!("{count} images, and nothing else"))
    }

    /// `homelab doctor`: no finding of severity error.
    pub(crate) fn doctor(&self) -> anyhow::Result<String> {
        let said = self.homelab(&["doctor"])?;
        let text = run::both(&said);
        if !said.status.success() {
            bail!("{text}");
        }
        Ok(text.lines().last().unwrap_or_default().to_owned())
    }

    /// `docker compose up -d`, then waits until everything is healthy.
    pub(crate) fn up(&self, services: &BTreeSet<String>) -> anyhow::Result<Vec<Container>> {
        self.compose(&["up", "--detach"])?;
        health::first(services, self.patience)
    }

    /// The same with a further file.
    pub(crate) fn up_with(
        &self,
        name: &str,
        file: &str,
        services: &BTreeSet<String>,
    ) -> anyhow::Result<Vec<Container>> {
        self.compose_with(name, file, &["up", "--detach"])?;
        health::first(services, self.patience)
    }
}

/// User and password in what `homelab init` writes for a person.
fn login(said: &str) -> Option<(String, String)> {
    let value = |name: &str| {
        let line = said.lines().find_map(|it| it.strip_prefix(name))?;
        Some(line.trim().to_owned())
    };
    Some((value("user ")?, value("password ")?))
}
