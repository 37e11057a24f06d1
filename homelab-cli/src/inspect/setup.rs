//! No service that is on still lets its first visitor become the administrator.
//!
//! Such a switch is there for the minute in which the household makes its own account; it is
//! known by a name that ends in `_ALLOW_SETUP`. Left on, and should the service's accounts
//! ever be gone, the house belongs to whoever comes first.
//!
//! Fix: make the account, set the variable back in `.env`, start the service again.

use homelab_core::variable::{EnvVar, Fallback};

use super::{Context, Findings, HostRule};

pub(super) const RULE: HostRule =
    HostRule { id: "host-setup", source: include_str!("setup.rs"), run };

const SUFFIX: &str = "_ALLOW_SETUP";

fn run(context: &Context<'_>, findings: &mut Findings) {
    for variable in context.house.site().variables.iter().filter(|it| is_switch(it)) {
        let Fallback::Value(closed) = variable.fallback() else { continue };
        let value = context.project.resolve(&variable.reference());
        if value == closed {
            continue;
        }
        let reference = variable.reference();
        let reads = |it: &String| *it == reference;
        for member in context.enabled() {
            if member.service.environment.values().any(reads) {
                let name = member.name;
                findings.warning(
                    name,
                    format!("`{variable}` is `{value}`: {}", variable.meaning()),
                    format!(
                        "when your account is made, set `{variable}={closed}` in `.env` and run `docker compose up -d {name}`"
                    ),
                );
            }
        }
    }
}

fn is_switch(variable: &EnvVar) -> bool {
    variable.name().ends_with(SUFFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_has_a_closed_position() {
        let stack = homelab_services::stack();
        let switches: Vec<_> = stack.site().variables.iter().filter(|it| is_switch(it)).collect();
        assert!(!switches.is_empty(), "the rule would look at nothing");
        for it in switches {
            assert!(matches!(it.fallback(), Fallback::Value(_)), "{it}");
        }
    }
}
