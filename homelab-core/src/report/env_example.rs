//! `.env.example`: every variable with meaning, validity and default.

use std::fmt::Write as _;

use crate::stack::Site;
use crate::variable::{EnvVar, Fallback, Kind};

/// The file's text; `header` becomes the comment on top.
pub fn text(site: &Site, header: &str) -> String {
    let mut out = String::new();
    for line in header.lines() {
        let _ = writeln!(out, "# {line}");
    }
    for variable in site.variables {
        out.push('\n');
        out.push_str(&entry(site, variable));
    }
    out
}

/// One variable: two lines of comment and the assignment; defaults are commented out.
pub fn entry(site: &Site, variable: &EnvVar) -> String {
    let mut meaning = variable.meaning().to_owned();
    if let Some(first) = meaning.get(..1) {
        meaning.replace_range(..1, &first.to_uppercase());
    }
    let mut out = format!("# {meaning}.\n");
    let expected = if variable.kind() == Kind::Profiles {
        let names: Vec<_> = site.profiles.iter().map(|it| it.name()).collect();
        format!("a comma list of {}", names.join(", "))
    } else {
        variable.kind().expected()
    };
    let name = variable.name();
    let _ = match variable.fallback() {
        Fallback::Required => write!(out, "# Required: {expected}.\n{name}=\n"),
        Fallback::Value(value) => write!(out, "# Expected: {expected}.\n#{name}={value}\n"),
        Fallback::Under(parent, path) => {
            write!(out, "# Expected: {expected}.\n#{name}=${{{}}}{path}\n", parent.name())
        }
    };
    out
}
