//! A browser in the household: asks the proxy by name, over TLS, and trusts its own authority only.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

use crate::lanes::Scene;
use crate::run;
use crate::world::{LAN_ADDRESS, Side};

/// The browser.
#[derive(Debug)]
pub(crate) struct Browser<'a> {
    scene: &'a Scene,
    authority: PathBuf,
}

/// What it got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// Where it sends the browser, absolute; empty when it does not.
    pub(crate) location: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(scene: &'a Scene) -> anyhow::Result<Self> {
        let authority =
            scene.world.volume("caddy-data").join("caddy/pki/authorities/local/root.crt");
        if !authority.exists() {
            bail!("the proxy keeps no root certificate at {}", authority.display());
        }
        Ok(Self { scene, authority })
    }

    /// Opens a URL, with the household's login or without; `Err` when there is no answer.
    pub(crate) fn open(&self, url: &str, with_login: bool) -> anyhow::Result<Answer> {
        let (user, password) = &self.scene.house.login;
        self.ask("GET", url, with_login.then_some((user.as_str(), password.as_str())))
    }

    /// Opens a URL with any login.
    pub(crate) fn open_as(&self, url: &str, login: Option<(&str, &str)>) -> anyhow::Result<Answer> {
        self.ask("GET", url, login)
    }

    /// Sends an empty form.
    pub(crate) fn post(&self, url: &str) -> anyhow::Result<Answer> {
        self.ask("POST", url, None)
    }

    fn ask(&self, method: &str, url: &str, login: Option<(&str, &str)>) -> anyhow::Result<Answer> {
        let host = url.split("//").nth(1).and_then(|it| it.split('/').next()).context("no host")?;
        let mut words: Vec<_> =
            ["-sS", "-m", "30", "-X", method, "--cacert"].map(str::to_owned).into();
        words.push(self.authority.display().to_string());
        for port in [80, 443] {
            words.extend(["--resolve".to_owned(), format!("{host}:{port}:{LAN_ADDRESS}")]);
        }
        if let Some((user, password)) = login {
            words.extend(["--user".to_owned(), format!("{user}:{password}")]);
        }
        words.extend([
            "-w".to_owned(),
            "\n%{http_code} %{redirect_url}".to_owned(),
            url.to_owned(),
        ]);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let said = run::output(&mut Side::Lan.program("curl", &words))?;
        let (body, last) = said.rsplit_once('\n').context("no status")?;
        let (status, location) = last.split_once(' ').context("no status")?;
        Ok(Answer { status: status.parse()?, body: body.to_owned(), location: location.to_owned() })
    }
}
