//! `homelab explain`: everything that is known of one service, or the manual of one rule.

mod service;

use homelab_core::checks;
use homelab_core::model::project::Project;
use homelab_core::report::explanation::{self, Manual};

use super::options::Format;
use crate::error::Error;
use crate::exit;
use crate::house_folder::HouseFolder;
use crate::inspect;
use crate::message;
use crate::ui::Ui;

/// Explain a service or a rule
///
/// A service: its image, who reaches it and whom it reaches, its ways in, what it keeps and
/// how that is backed up, what it may do and why. A rule: its manual, which says what it
/// looks for, why that hurts and how to fix it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of a service, such as `caddy`, or id of a rule, such as `host-secret`
    #[arg(value_name = "SERVICE|RULE")]
    name: String,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    let settings = house.settings()?.readable()?;
    let project = house.project(&settings);
    if let Some(member) = project.member(&args.name) {
        let explanation = explanation::gather(&project, &member);
        match args.format {
            Format::Json => ui.json(&explanation)?,
            Format::Text => {
                service::print(ui, &explanation, member.is_enabled_by(&settings.profiles()))?;
            }
        }
        return Ok(exit::FINE);
    }
    let manual = manual(&args.name).ok_or_else(|| unknown(&project, &args.name))?;
    match args.format {
        Format::Json => ui.json(&manual)?,
        Format::Text => {
            ui.heading(&manual.rule)?;
            ui.data(format_args!("\n{}", manual.manual))?;
        }
    }
    Ok(exit::FINE)
}

fn manual(id: &str) -> Option<Manual> {
    let host = || inspect::ALL.iter().find(|it| it.id == id).map(inspect::HostRule::manual);
    let manual = checks::find(id).map(checks::Rule::manual).or_else(host)?;
    Some(Manual { rule: id.to_owned(), manual })
}

fn unknown(project: &Project<'_>, name: &str) -> Error {
    let services: Vec<_> = project.members().map(|it| it.name).collect();
    let rules = checks::ALL.iter().map(|it| it.id).chain(inspect::ALL.iter().map(|it| it.id));
    let rules: Vec<_> = rules.collect();
    let known = message::list(services.iter().copied());
    let hint = match message::nearest(name, services.iter().chain(&rules).copied()) {
        Some(near) => format!("did you mean `{near}`?\nservices: {known}"),
        None => format!("services: {known}\nrules: {}", message::list(rules.iter().copied())),
    };
    Error::Name { name: name.to_owned(), hint }
}
