//! Labels → Caddyfile → Caddy: every host name over TLS, from the household's network.

use std::time::Duration;

use anyhow::{Context as _, bail};
use homelab_core::model::exposure::{self, Asks, Host};
use serde_json::Value;

use crate::browser::Browser;
use crate::docker;
use crate::lanes::Scene;
use crate::report::Steps;
use crate::run;
use crate::world::{LAN_ADDRESS, Side, WAN_ADDRESS};

/// How long the proxy may take to notice a container that came or went.
const NOTICE: Duration = Duration::from_secs(40);

pub(super) fn run(scene: &Scene, steps: &mut Steps) {
    steps.step("`homelab caddyfile` is what Caddy adapts", || adapts(scene));
    steps.step("every host name, over TLS with the internal authority", || hosts(scene));
    steps.step("an unknown host and a closed path get nothing", || unknown(scene));
    steps.step("the dashboard's links lead to their services", || links(scene));
    steps.step("a service that goes and comes takes its route along", || comes_and_goes(scene));
}

fn adapts(scene: &Scene) -> anyhow::Result<String> {
    let said = scene.house.homelab(&["caddyfile"])?;
    if !said.status.success() {
        bail!("{}", run::both(&said));
    }
    let caddyfile = String::from_utf8(said.stdout)?;
    let login = scene.house.folder.join("secrets/caddy-login");
    let here = caddyfile.replace("/run/secrets/caddy-login", &login.display().to_string());
    let path = scene.house.folder.join("Caddyfile.tried");
    std::fs::write(&path, here)?;
    let path = path.display().to_string();
    let mut adapt = run::program("caddy", &["adapt", "--adapter", "caddyfile", "--config", &path]);
    let adapted: Value = serde_json::from_str(&run::output(&mut adapt)?)?;
    let servers = adapted.pointer("/apps/http/servers").context("no server")?;
    // The proxy writes addresses where the preview writes names; everything else is the same.
    let mut predicted = caddyfile;
    for container in docker::containers()? {
        let network = format!("homelab_caddy.{}", container.service);
        if let Some(address) = container.addresses.get(&network) {
            predicted =
                predicted.replace(&format!(" {}:", container.service), &format!(" {address}:"));
        }
    }
    let served = docker::of("caddy")?.exec(&["cat", "/config/caddy/Caddyfile.autosave"])?;
    if predicted.trim() != served.trim() {
        bail!("predicted\n{predicted}\nserved\n{served}");
    }
    Ok(format!("{} lines, {} bytes of JSON", served.lines().count(), servers.to_string().len()))
}

/// Each route reaches its service; who has to ask for a login asks; the password goes no further.
fn hosts(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project_with(&scene.house.dotenv())?;
    let browser = Browser::new(scene)?;
    let hosts = exposure::gather(&project).hosts;
    let tried = hosts.iter().map(|it| (&it.host, one(&browser, it)));
    let wrong = tried.filter_map(|(host, it)| Some(format!("{host}: {:#}", it.err()?)));
    let wrong: Vec<_> = wrong.collect();
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    let guarded = hosts.iter().filter(|it| it.login == Asks::Proxy).count();
    Ok(format!("{} host names, {guarded} ask for the login", hosts.len()))
}

/// Services whose panel is that of the real program, and what its page has in it.
const REAL: &[(&str, &str)] = &[("syncthing", "Syncthing"), ("netdata", "netdata")];

fn one(browser: &Browser<'_>, host: &Host) -> anyhow::Result<()> {
    let url = format!("https://{}/", host.host);
    let plain = browser.open(&format!("http://{}/", host.host), false)?;
    if (plain.status, plain.location.as_str()) != (308, url.as_str()) {
        bail!("by HTTP it answered {} to {}", plain.status, plain.location);
    }
    let stranger = browser.open(&url, false)?;
    let expected = if host.login == Asks::Proxy { 401 } else { 200 };
    if stranger.status != expected {
        bail!("without a login it answered {}, expected {expected}", stranger.status);
    }
    if host.login == Asks::Proxy {
        for (url, login) in [
            (format!("{url}some/deep/path?x=1"), None),
            (url.clone(), Some(("admin", "wrong"))),
            (url.clone(), Some(("", ""))),
        ] {
            let answer = browser.open_as(&url, login)?;
            if answer.status != 401 {
                bail!("{url} answered {} to {login:?}", answer.status);
            }
        }
    }
    for path in host.open.iter().map(|it| it.replace('*', "token")) {
        let answer = browser.open(&format!("{}{path}", url.trim_end_matches('/')), false)?;
        if answer.status != 200 {
            bail!("the open path {path} answered {}: {}", answer.status, answer.body);
        }
    }
    let friend = browser.open(&url, host.login == Asks::Proxy)?;
    if friend.status != 200 {
        bail!("with the login it answered {}: {}", friend.status, friend.body);
    }
    // A real program does not tell what it was asked.
    if let Some((_, title)) = REAL.iter().find(|it| it.0 == host.service) {
        return if friend.body.contains(title) { Ok(()) } else { bail!("not the page of {title}") };
    }
    let told: Value = serde_json::from_str(&friend.body)?;
    if told["service"] != host.service.as_str() {
        bail!("{} answered instead of {}", told["service"], host.service);
    }
    if host.login == Asks::Proxy && told["headers"].get("authorization").is_some() {
        bail!("the password was passed on to {}", host.service);
    }
    Ok(())
}

fn unknown(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project_with(&scene.house.dotenv())?;
    let browser = Browser::new(scene)?;
    for host in ["unknown.home.arpa", "example.org", "caddy.home.arpa"] {
        no_certificate(&browser, host)?;
        let plain = browser.open(&format!("http://{host}/"), true)?;
        if !plain.body.is_empty() {
            bail!("http://{host}/ answered {}: {}", plain.status, plain.body);
        }
    }
    // By its addresses, as a scanner asks: no certificate, no page.
    for (side, address) in [(Side::Lan, LAN_ADDRESS), (Side::Internet, WAN_ADDRESS)] {
        let url = format!("https://{address}/");
        let said = run::attempt(&mut side.program("curl", &["-skS", "-m", "5", &url]))?;
        if said.status.code() != Some(NO_TLS) {
            bail!("{url} answered a scanner: {}", run::both(&said));
        }
    }
    let mut asked = 0;
    for host in exposure::gather(&project).hosts {
        let always = host.closed.iter().map(|it| (it, true));
        let until = host.closed_until.iter();
        let until = until.flat_map(|it| it.paths.iter().map(|path| (path, !it.is_open)));
        for (pattern, is_closed) in always.chain(until) {
            for prefix in ["", "/emby", "/mediabrowser"] {
                let path = pattern.replacen('*', prefix, 1).replace('*', "User");
                let url = format!("https://{}{path}", host.host);
                let answer = browser.open(&url, false)?;
                if (answer.status == 403) != is_closed {
                    let word = if is_closed { "closed" } else { "open" };
                    bail!("{url} answered {}, expected it to be {word}", answer.status);
                }
                asked += 1;
            }
        }
    }
    Ok(format!("3 unknown hosts, 2 bare addresses, {asked} paths that are or were closed"))
}

/// `curl` ends with this when the other side refuses the name that it is asked for.
const NO_TLS: i32 = 35;

/// The proxy has no certificate for this name.
fn no_certificate(browser: &Browser<'_>, host: &str) -> anyhow::Result<()> {
    match browser.open(&format!("https://{host}/"), true) {
        Ok(answer) => bail!("https://{host}/ answered {}", answer.status),
        Err(error) if error.to_string().contains(&format!("exit status: {NO_TLS}")) => Ok(()),
        Err(error) => Err(error),
    }
}

fn links(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project_with(&scene.house.dotenv())?;
    let browser = Browser::new(scene)?;
    let dashboard = std::fs::read_to_string(scene.house.folder.join("config/homer/config.yml"))?;
    let links: Vec<_> = dashboard.split_whitespace().filter(|it| it.contains("/to/")).collect();
    let hosts = exposure::gather(&project).hosts;
    for link in &links {
        let path = link.trim_matches(['"', '\'']);
        let service = path.rsplit('/').next().unwrap_or_default();
        let stranger = browser.open(&format!("https://home.arpa{path}"), false)?;
        if stranger.status != 401 || !stranger.location.is_empty() {
            bail!("{path} tells a stranger {} {}", stranger.status, stranger.location);
        }
        let answer = browser.open(&format!("https://home.arpa{path}"), true)?;
        let host = hosts.iter().find(|it| it.service == service).context("a link to nobody")?;
        let expected = format!("https://{}", host.host);
        if answer.status != 302 || answer.location.trim_end_matches('/') != expected {
            bail!("{path}: {} to {}, expected {expected}", answer.status, answer.location);
        }
    }
    if links.is_empty() {
        bail!("the dashboard has no links");
    }
    Ok(format!("{} links", links.len()))
}

fn comes_and_goes(scene: &Scene) -> anyhow::Result<String> {
    let browser = Browser::new(scene)?;
    let url = "https://files.home.arpa/";
    scene.house.compose(&["stop", "filebrowser"])?;
    let gone = run::until(NOTICE, || no_certificate(&browser, "files.home.arpa"));
    scene.house.compose(&["start", "filebrowser"])?;
    gone?;
    run::until(NOTICE, || {
        let answer = browser.open(url, true)?;
        if answer.status == 200 { Ok(()) } else { bail!("it answers {}", answer.status) }
    })?;
    Ok("the site went with its container and came back".to_owned())
}
