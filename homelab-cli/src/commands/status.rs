//! `homelab status`: what runs, and whether it is still what was deployed.

use std::fmt::Write as _;

use homelab_core::release::Id;
use homelab_core::report::status::Status;

use super::options::{HouseDir, PageFormat, word};
use crate::deploy::place::HousePlace;
use crate::deploy::status;
use crate::error::Error;
use crate::exit;
use crate::house_folder::HouseFolder;
use crate::message;
use crate::ssh::Remote;
use crate::ui::Ui;

/// Compare a host with the release that was deployed to it
///
/// Finds changed files, containers that are missing, foreign, stopped, unhealthy or left of a profile
/// that is off, other digests, and settings that differ from the file, down to the field. It changes
/// nothing.
///
/// Exit code 1 when something is not as it was deployed, or cannot be known, as when the engine does not
/// answer or nothing is deployed; 2 when there is no such folder: for `cron`, and for a workflow.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    house: HouseDir,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: PageFormat,
}

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    if let Some(host) = &args.remote.host {
        let words = ["status", "--format", &word(&args.format)];
        return args.remote.receive(ui, house, host, &words, &[]);
    }
    print_status(ui, &args.house.place(house)?, args.format)
}

/// Looks at this machine.
pub(crate) fn print_status(
    ui: &mut Ui,
    place: &HousePlace,
    format: PageFormat,
) -> Result<u8, Error> {
    let status = status::status(place);
    match format {
        PageFormat::Json => ui.json(&status)?,
        PageFormat::Markdown => ui.data(markdown(&status).trim_end())?,
        PageFormat::Text => text(ui, &status)?,
    }
    Ok(if status.drift { exit::FINDINGS } else { exit::FINE })
}

fn text(ui: &mut Ui, status: &Status) -> Result<(), Error> {
    for finding in &status.findings {
        ui.finding(finding)?;
    }
    ui.data(headline(status))?;
    if let Some(last) = &status.last {
        let outcome = serde_json::to_value(last.outcome).ok();
        let outcome = outcome.as_ref().and_then(|it| it.as_str()).unwrap_or_default();
        ui.data(format_args!(
            "last {} {outcome}, by {} at {}",
            last.what.word(),
            last.actor,
            last.ended
        ))?;
    }
    let kept = message::list(status.kept.iter().map(Id::as_str));
    let kept = if kept.is_empty() {
        "no older release is kept".to_owned()
    } else {
        format!("to go back to: {kept}")
    };
    ui.data(kept)
}

fn headline(status: &Status) -> String {
    let Some(release) = &status.release else {
        return "no release is known to run here".to_owned();
    };
    let Some(health) = &status.health else {
        return format!("{release} is deployed; what runs is not known");
    };
    let well = health.values().filter(|it| ["healthy", "running"].contains(&it.as_str()));
    let all = message::count(health.len(), "service");
    let drift = match status {
        Status { broken: Some(_), .. } => "and is broken",
        Status { drift: true, .. } => "not as deployed",
        Status { .. } => "as deployed",
    };
    format!("{release} runs {drift}; {} of {all} well", well.count())
}

fn markdown(status: &Status) -> String {
    let mut out = format!("{}\n", headline(status));
    for finding in &status.findings {
        let plain = |it: &str| it.replace('`', "'").replace(['\n', '\r'], " ");
        let _ = writeln!(
            out,
            "\n- **{}** `{}`\n  `{}`\n  `help: {}`",
            finding.rule,
            plain(&finding.subject),
            plain(&finding.message),
            plain(&finding.help)
        );
    }
    out
}
