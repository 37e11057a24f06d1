//! `homelab doctor`: what is wrong with this host before the stack is started.

use homelab_core::checks;
use homelab_core::checks::finding::Severity;
use homelab_core::report::doctor::Diagnosis;
use indexmap::IndexMap;

use super::options::Format;
use crate::error::Error;
use crate::exit;
use crate::house_folder::HouseFolder;
use crate::inspect::{self, Context, docker, path};
use crate::message;
use crate::ui::Ui;

/// Check this host before `docker compose up`
///
/// Looks at the engine, `.env`, secrets, folders, ports, memory, processors and the GPU, and
/// runs every rule of the stack with the values of `.env`. It changes nothing. Run it as the
/// person who runs `docker compose`, who owns `secrets/` and needs no `sudo` to look at it;
/// what that person may not look at is said.
///
/// Exit code 1 when an error was found; warnings alone are fine.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Profiles that will be on, as a comma list
    ///
    /// Default: `COMPOSE_PROFILES` of `.env`.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    profiles: Option<Vec<String>>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    let settings = house.settings()?;
    let profiles = match &args.profiles {
        Some(names) => house.known_profiles(names)?,
        None => settings.profiles(),
    };
    let project = house.project(&settings);
    let engine = docker::folder();
    let context =
        Context { house, settings: &settings, project: &project, profiles: &profiles, engine };
    let mut findings = inspect::host(&context);
    // What follows from a value that is refused would be the same once more.
    let refused = path::refused(&context);
    let mut values = settings.values(&house.declared);
    values.retain(|name, _| !refused.contains(name));
    findings.extend(checks::check(&project.clone().with_values(values)).findings);
    if project.stack().is_none() {
        // What holds for the release whatever `.env` says was accepted when it was made.
        let accepted = checks::check(&project.clone().with_values(IndexMap::new())).findings;
        findings.retain(|it| !accepted.contains(it));
    }
    let diagnosis = Diagnosis::new(profiles.into_iter().map(str::to_owned).collect(), findings);
    match args.format {
        Format::Json => ui.json(&diagnosis)?,
        Format::Text => print(ui, &diagnosis, house.is_deployed_to())?,
    }
    Ok(if diagnosis.count(Severity::Error) > 0 { exit::FINDINGS } else { exit::FINE })
}

fn print(ui: &mut Ui, diagnosis: &Diagnosis, deployed: bool) -> Result<(), Error> {
    for finding in &diagnosis.findings {
        ui.finding(finding)?;
    }
    let checked = match diagnosis.profiles.as_slice() {
        [] => "checked with no profile on".to_owned(),
        profiles => {
            format!("checked with {} on", message::list(profiles.iter().map(String::as_str)))
        }
    };
    let errors = diagnosis.count(Severity::Error);
    let warnings = message::count(diagnosis.count(Severity::Warning), "warning");
    let summary = format!("{}, {warnings}; {checked}", message::count(errors, "error"));
    match diagnosis.findings.first() {
        Some(first) if errors > 0 => {
            ui.data(format_args!("{summary}; more on a finding: `homelab explain {}`", first.rule))
        }
        Some(_) | None => {
            let next = if deployed { "homelab deploy" } else { "docker compose up -d" };
            ui.data(format_args!("{summary}; this host is ready: `{next}`"))
        }
    }
}
