//! `homelab init`: makes what a fresh clone lacks, and says what is left to do.

mod dotenv_file;
mod given;
mod secrets;
mod todo;

use std::path::PathBuf;

use homelab_core::dsl::variable::EnvVar;

use crate::error::Error;
use crate::exit;
use crate::file::{Folder, Owned};
use crate::house_folder::HouseFolder;
use crate::inspect::{docker, path};
use crate::message;
use crate::settings::{self, Settings};
use crate::ui::Ui;

/// Write `.env` and make the secrets
///
/// Writes `.env` with every variable, its meaning and its default, and makes each secret in
/// `secrets/` with the owner and mode that its services need. What exists stays as it is: an
/// existing `.env` keeps every line and only gets the variables that it lacks, and a secret
/// is never overwritten. Time zone, user and group are found out from this host.
///
/// The password for the panels that the proxy guards is made once and printed once, on stdout;
/// only its hash is stored. Who has lost it removes `secrets/caddy-login`, runs this again and
/// restarts Caddy. A secret that comes from others, such as the key of a VPN's provider, is
/// never invented: it is asked for at a terminal, and `--secret` takes it from the standard
/// input. Then follows what is left to do, with the exact commands. Running it again changes
/// nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Set a variable of `.env` (can be repeated)
    ///
    /// Only one that has no value yet: `homelab init` changes no value.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    assignments: Vec<(String, String)>,
    /// Take the text of a given secret from the standard input
    ///
    /// Such as `homelab init --secret vpn-key < FILE`; a line break at its end is dropped. Only
    /// one that is not there yet: `homelab init` changes no secret. Exit code 2: there is no such
    /// secret, it is there with another text, or no text came.
    #[arg(long, value_name = "NAME")]
    secret: Option<String>,
    /// The folder is one that `homelab deploy` will deploy to, and no clone
    #[arg(long)]
    house: bool,
    /// Name for the login that the proxy asks for
    #[arg(long, value_name = "NAME", default_value = "admin", value_parser = login_user)]
    login_user: String,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected `NAME=VALUE`")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// The name stands in a Caddyfile, where these characters need no quotes.
fn login_user(text: &str) -> Result<String, String> {
    let plain = |it: char| it.is_ascii_alphanumeric() || "._-@".contains(it);
    if !text.is_empty() && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("expected letters, digits, `.`, `_`, `-` and `@`".to_owned())
    }
}

/// A variable and the value it shall have.
type Assignment = (EnvVar, String);

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    if args.house && !house.is_deployed_to() && house.path("compose.yaml").exists() {
        return Err(Error::Clone(house.path("compose.yaml")));
    }
    if !args.house && !house.is_deployed_to() {
        house.is_cloned()?;
    }
    let assignments = checked(house, &args.assignments)?;
    let folder = Folder::open(house.folder())?;
    paths_are_free(house, dotenv_file::load(house, &folder)?.0, &assignments)?;
    let given = args.secret.as_ref().map(|name| given::read(ui, house, name)).transpose()?;
    show_removed(ui, folder.remove_leftovers(".env"));
    if args.house {
        folder.make("releases", Owned { owner: None, mode: 0o755 })?;
    }
    let wrote_settings = dotenv_file::write(ui, house, &folder, &assignments)?;
    let settings = dotenv_file::load(house, &folder)?.0;
    let project = house.project(&settings);
    let maker = secrets::Maker { house, settings: &settings, project: &project, given };
    let made_secrets = maker.make_missing(ui, &folder, &args.login_user)?;
    if !wrote_settings && !made_secrets {
        let are = if given::missing(house, &settings, &project).is_empty() {
            "are"
        } else {
            "that can be made are"
        };
        ui.note(format_args!("nothing was changed: `.env` and all secrets {are} there already"));
    }
    ui.note("\nleft to do:");
    for line in todo::lines(house, &settings, &project) {
        ui.note(format_args!("  {line}"));
    }
    Ok(exit::FINE)
}

/// Refuses paths, of `.env` or to be written to it, by which a container would govern the host.
fn paths_are_free(house: &HouseFolder, now: Settings, more: &[Assignment]) -> Result<(), Error> {
    let lines = more.iter().map(|(variable, value)| format!("\n{variable}={value}"));
    let text = now.text.unwrap_or_default() + &lines.collect::<String>();
    let then = Settings::new(now.path, Some(text));
    let found = path::faults(house, &then, &house.project(&then), docker::folder().as_deref());
    let faults: Vec<_> = found.into_iter().map(|it| format!("  {}", it.message)).collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Settings { path: then.path, faults }) }
}

fn show_removed(ui: &mut Ui, removed: Vec<PathBuf>) {
    for it in removed {
        ui.done("removed", format_args!("{}, left by a run that was killed", it.display()));
    }
}

/// The assignments with their variables; nothing is written when one of them is wrong.
fn checked(
    house: &HouseFolder,
    assignments: &[(String, String)],
) -> Result<Vec<Assignment>, Error> {
    let variables = house.variables();
    let mut found = Vec::new();
    for (name, value) in assignments {
        let Some(variable) = variables.iter().find(|it| it.name() == name) else {
            let known: Vec<_> = variables.iter().map(EnvVar::name).collect();
            let hint = message::suggest(name, "variables", &known);
            return Err(Error::Variable { name: name.clone(), hint });
        };
        settings::check_value(&house.declared, variable, value)?;
        found.push((*variable, value.clone()));
    }
    Ok(found)
}
