//! `.env` sets what has no default, every value has the form that its variable needs, and
//! the shell does not contradict it.
//!
//! Compose itself checks none of this: a wrong user id or address is noticed when a container
//! has already been replaced, and a misspelt name never. A variable of the shell wins over
//! `.env` without a word.
//!
//! Fix: correct the line; `.env.example` lists every variable with its meaning.

use super::{Context, Findings, HostRule};
use crate::settings;

pub(super) const RULE: HostRule =
    HostRule { id: settings::RULE, source: include_str!("env.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    findings.list.extend(context.settings.findings(context.house));
    for variable in context.house.site().variables {
        let name = variable.name();
        let Ok(shell) = std::env::var(name) else { continue };
        if !shell.is_empty() && context.settings.dotenv.value(name) != Some(shell.as_str()) {
            let message = format!("`{name}` is `{shell}` in your shell, which wins over `.env`");
            findings.warning("environment", message, format!("run `unset {name}`"));
        }
    }
}
