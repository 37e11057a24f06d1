//! What is left to do, in the order in which to do it.

use homelab_core::model::access;
use homelab_core::model::exposure;
use homelab_core::model::project::Project;

use super::given;
use crate::host::Person;
use crate::house_folder::HouseFolder;
use crate::inspect::{bind, secret};
use crate::settings::Settings;

/// One line for each step; commands have lines of their own.
pub(super) fn lines(
    house: &HouseFolder,
    settings: &Settings,
    project: &Project<'_>,
) -> Vec<String> {
    let site = house.site();
    let shown = settings.path.display();
    let mut lines = Vec::new();
    let missing: Vec<_> = settings.missing(&house.declared).collect();
    for it in &missing {
        let meaning = it.meaning();
        lines.push(format!("- set {it} in {shown}: {meaning}"));
        lines.push(format!("    {}", house.command(&format!("init --set {it}=VALUE"))));
    }
    let asks = house.declared.variables.iter().any(|it| it.name() == "PUID");
    if asks && Person::current().is_none() && settings.dotenv.value("PUID").is_none() {
        lines.push(format!(
            "- set PUID and PGID in {shown} to the person who owns the files, unless that is 1000:1000"
        ));
    }
    for it in given::missing(house, settings, project) {
        let (name, meaning) = (it.name(), it.meaning());
        lines.push(format!("- give the secret `{name}`: {meaning}"));
        lines.push(format!("    {} < FILE", house.command(&format!("init --secret {name}"))));
    }
    let commands = secret_commands(house, project);
    if !commands.is_empty() {
        lines.push("- give these secrets to the users that read them:".to_owned());
        lines.extend(commands.into_iter().map(|it| format!("    {it}")));
    }
    let commands = folder_commands(house, settings, project);
    if !commands.is_empty() {
        lines.push("- make the folders for your data, or mount a disk there:".to_owned());
        lines.extend(commands.into_iter().map(|it| format!("    {it}")));
    } else if !missing.is_empty() {
        let again = house.command("init");
        lines.push(format!("- run `{again}` again; it then names the folders to make"));
    }
    let domain = project.value(&site.domain);
    lines.push(format!(
        "- let the names `{domain}` and `*.{domain}` lead to this host, in your router or DNS"
    ));
    for (service, setting) in set_ups(settings, project) {
        lines.push(format!(
            "- after {service}'s wizard, which opens from this host only, set {setting} in {shown}"
        ));
    }
    if house.is_deployed_to() {
        lines.push("- check this host, then deploy, from a clone:".to_owned());
        lines.push(format!("    {}", house.command("doctor")));
        lines.push("    homelab deploy --host USER@HOST".to_owned());
    } else {
        lines.push("- check this host, then start:".to_owned());
        lines.push(format!("    {}", house.command("doctor")));
        lines.push("    docker compose up -d".to_owned());
    }
    lines
}

fn secret_commands(house: &HouseFolder, project: &Project<'_>) -> Vec<String> {
    let command = |secret: &homelab_core::dsl::resource::Secret| {
        let path = house.path(&secret.file());
        let wanted = access::required(project, secret.name()).ok()?;
        let wrong = path.is_file() && !secret::is_right(&path, &wanted);
        wrong.then(|| secret::fix(&path.display().to_string(), &wanted))
    };
    house.secrets().iter().filter_map(command).collect()
}

/// Services that are on and have paths that stay closed until `.env` says that their set-up is done.
fn set_ups(settings: &Settings, project: &Project<'_>) -> Vec<(String, String)> {
    let profiles = settings.profiles();
    let members = project.members().filter(|it| it.is_enabled_by(&profiles));
    let hosts = members.flat_map(|it| exposure::hosts(project, &it));
    let served = hosts.filter(|it| it.off_until.is_none());
    let closed = served.filter_map(|it| it.closed_until.map(|until| (it.service, until)));
    closed.filter(|it| !it.1.is_open).map(|(service, until)| (service, until.setting)).collect()
}

/// Folders of the services that are on.
fn folder_commands(house: &HouseFolder, settings: &Settings, project: &Project<'_>) -> Vec<String> {
    let profiles = settings.profiles();
    let mut commands = Vec::new();
    for it in bind::uses(house, project, &profiles) {
        let command = it.command();
        if it.is_own() && it.is_missing() && !commands.contains(&command) {
            commands.push(command);
        }
    }
    commands
}
