//! `homelab doctor`: what is wrong with this host before the stack is started.

use homelab_core::checks;
use homelab_core::finding::{Finding, Severity};
use serde::Serialize;

use crate::cli::Format;
use crate::error::Error;
use crate::exit;
use crate::house::House;
use crate::inspect::{self, Context};
use crate::ui::Ui;
use crate::words;

/// Check this host before `docker compose up`
///
/// Looks at the engine, `.env`, secrets, folders, ports, memory, processors and the GPU, and
/// runs every rule of the stack with the values of `.env`. It changes nothing. Run it as the
/// person who runs `docker compose`; what that person may not look at is said.
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

#[derive(Serialize)]
struct Report<'a> {
    findings: &'a [Finding],
    profiles: &'a [&'a str],
}

pub(crate) fn run(ui: &mut Ui, house: &House, args: &Args) -> Result<u8, Error> {
    let settings = house.settings()?;
    let profiles = match &args.profiles {
        Some(names) => {
            let names: Vec<_> = names.iter().filter(|it| !it.is_empty()).cloned().collect();
            house.known_profiles(&names)?;
            names
        }
        None => settings.profiles(),
    };
    let profiles: Vec<_> = profiles.iter().map(String::as_str).collect();
    let project = house.project(&settings);
    let context = Context { house, settings: &settings, project: &project, profiles: &profiles };
    let mut findings = inspect::host(&context);
    findings.extend(checks::check(&project).findings);
    findings.sort_by_key(|it| it.severity);
    match args.format {
        Format::Json => ui.json(&Report { findings: &findings, profiles: &profiles })?,
        Format::Text => print(ui, &findings, &profiles)?,
    }
    let bad = findings.iter().any(|it| it.severity == Severity::Error);
    Ok(if bad { exit::FINDINGS } else { exit::FINE })
}

fn print(ui: &mut Ui, findings: &[Finding], profiles: &[&str]) -> Result<(), Error> {
    for finding in findings {
        ui.finding(finding)?;
    }
    let count = |wanted| findings.iter().filter(|it| it.severity == wanted).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let checked = match profiles {
        [] => "with no profile on".to_owned(),
        profiles => format!("with {} on", words::list(profiles.iter().copied())),
    };
    let errors_text = words::count(errors, "error");
    let warnings_text = words::count(warnings, "warning");
    if errors == 0 {
        let next = "this host is ready: `docker compose up -d`";
        ui.data(format_args!("{errors_text}, {warnings_text} {checked}; {next}"))
    } else {
        ui.data(format_args!("{errors_text}, {warnings_text} {checked}"))
    }
}
