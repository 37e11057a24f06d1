//! Writes `.env.example`: every variable with its meaning, valid values and default.

use std::fmt::Write as _;

use crate::compose::dotenv;
use crate::compose::yaml;
use crate::dsl::stack::Site;
use crate::dsl::variable::{EnvVar, Fallback, Kind};

/// Returns the file's text; `header` becomes the comment on top.
pub fn text(site: &Site, header: &str) -> String {
    let mut out = yaml::comment(header);
    for variable in site.variables {
        out.push('\n');
        out.push_str(&entry(site, variable, None));
    }
    out
}

/// Writes one variable: comments, and the assignment, which is itself a comment when it is the
/// default.
pub fn entry(site: &Site, variable: &EnvVar, value: Option<&str>) -> String {
    let mut meaning = variable.meaning().to_owned();
    if let Some(first) = meaning.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let mut out = format!("# {meaning}.\n");
    if variable.kind() == Kind::Profiles {
        for profile in site.profiles {
            let _ = writeln!(out, "#   {}: {}", profile.name(), profile.meaning());
        }
        for group in site.exclusive() {
            let _ = writeln!(out, "#   Only one of these: {}.", group.join(", "));
        }
    }
    let (name, expected) = (variable.name(), variable.kind().expected());
    let _ = match (value, variable.fallback()) {
        (Some(value), _) => {
            writeln!(out, "# Expected: {expected}.\n{name}={}", dotenv::quote(value))
        }
        (None, Fallback::Required) => writeln!(out, "# Required: {expected}.\n{name}="),
        (None, Fallback::Value(value)) => {
            writeln!(out, "# Expected: {expected}.\n#{name}={}", dotenv::quote(value))
        }
        (None, Fallback::Under(parent, path)) => {
            writeln!(out, "# Expected: {expected}.\n#{name}=${{{parent}}}{path}")
        }
    };
    out
}
