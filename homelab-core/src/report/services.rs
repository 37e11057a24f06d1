//! Lists every service with its role, profile, image, limits and exceptions.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Reason, profile_names, table};
use crate::dsl::service::RoleKind;
use crate::dsl::units::MemoryRange;
use crate::model::budget;
use crate::model::project::{Member, Project};

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceRow {
    /// Name.
    pub name: String,
    /// Role, where the stack says it.
    pub role: Option<RoleKind>,
    /// Profiles; none means the base.
    pub profiles: Vec<String>,
    /// Repository and tag.
    pub image: String,
    /// Networks.
    pub networks: Vec<String>,
    /// Its need of memory and its limit.
    pub memory: Option<MemoryRange>,
    /// Exceptions that it has for a recorded reason.
    pub exceptions: Vec<Reason>,
    /// Rules whose findings are accepted.
    pub waivers: Vec<Reason>,
}

/// Returns every service, in the file's order.
pub fn gather(project: &Project<'_>) -> Vec<ServiceRow> {
    project.members().map(|it| row(project, &it)).collect()
}

fn row(project: &Project<'_>, member: &Member<'_>) -> ServiceRow {
    let image = member.image();
    let facts = member.facts();
    ServiceRow {
        name: member.name.to_owned(),
        role: member.role(),
        profiles: member.service.profiles.clone(),
        image: format!("{}:{}", image.repository, image.tag.unwrap_or("latest")),
        networks: member.networks().to_vec(),
        memory: budget::memory(project, member),
        exceptions: facts
            .exceptions
            .iter()
            .map(|(what, because)| Reason::new(&what.to_string(), because))
            .collect(),
        waivers: facts.waivers.iter().map(Reason::accepting).collect(),
    }
}

/// Writes the page.
pub fn markdown(rows: &[ServiceRow]) -> String {
    let cells = |row: &ServiceRow| {
        vec![
            format!("`{}`", row.name),
            row.role.map_or_else(String::new, |it| format!("{it:?}").to_lowercase()),
            profile_names(&row.profiles),
            format!("`{}`", row.image),
            row.networks.join(", "),
            row.memory.map(|it| it.to_string()).unwrap_or_default(),
        ]
    };
    let header = ["Service", "Role", "Profile", "Image", "Networks", "Memory"];
    let rows_text: Vec<_> = rows.iter().map(cells).collect();
    let mut out = format!("# Services\n\n{}", table::render(&header, &rows_text));
    let sections: [(&str, &str, Vec<Vec<String>>); 2] = [
        ("What is allowed beyond the rule", "Allowed", reasons(rows, |it| it.exceptions.clone())),
        ("Findings that are accepted", "Rule", reasons(rows, |it| it.waivers.clone())),
    ];
    for (title, column, rows) in sections {
        if !rows.is_empty() {
            let _ = write!(out, "\n## {title}\n\n");
            out.push_str(&table::render(&["Service", column, "Because"], &rows));
        }
    }
    out
}

fn reasons(rows: &[ServiceRow], of: impl Fn(&ServiceRow) -> Vec<Reason>) -> Vec<Vec<String>> {
    let lines = |row: &ServiceRow| {
        let name = format!("`{}`", row.name);
        let lines = of(row).into_iter().map(move |it| vec![name.clone(), it.what, it.because]);
        lines.collect::<Vec<_>>()
    };
    rows.iter().flat_map(lines).collect()
}
