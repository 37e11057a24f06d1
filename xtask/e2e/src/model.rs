//! What the model says of the stack: the suite compares the engine with this and with nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, bail};
use homelab_core::compose::dotenv;
use homelab_core::dsl::stack::Stack;
use homelab_core::model::profile_sets::apart;
use homelab_core::model::project::Project;

/// The stack.
#[derive(Debug)]
pub(crate) struct Model {
    stack: Stack,
}

impl Model {
    pub(crate) fn new() -> Self {
        Self { stack: homelab_services::house().stack }
    }

    /// The stack with the defaults of its variables.
    pub(crate) fn project(&self) -> Project<'_> {
        Project::from_stack(&self.stack)
    }

    /// The stack with the values of a `.env`.
    pub(crate) fn project_with(&self, dotenv: &Path) -> anyhow::Result<Project<'_>> {
        let text = std::fs::read_to_string(dotenv)
            .with_context(|| format!("cannot read {}", dotenv.display()))?;
        let read = dotenv::parse(&text);
        if let Some(fault) = read.faults.first() {
            bail!("{}: {fault}", dotenv.display());
        }
        let values = read.entries.into_iter().map(|(name, it)| (name, it.value));
        Ok(self.project().with_values(values.collect()))
    }

    /// Every profile, in the stack's order.
    pub(crate) fn profiles(&self) -> Vec<&'static str> {
        self.stack.site().profiles.iter().map(|it| it.name()).collect()
    }

    /// As many profiles as may be on together, of those that the host ever switches on.
    pub(crate) fn together(&self) -> Vec<&'static str> {
        let exclusive = self.project().exclusive();
        apart(&self.switched_on(), &exclusive).into_iter().next().unwrap_or_default()
    }

    /// The profiles that the host ever switches on, in the stack's order.
    pub(crate) fn switched_on(&self) -> Vec<&'static str> {
        let site = self.stack.site();
        site.profiles.iter().filter(|it| !site.never.contains(it)).map(|it| it.name()).collect()
    }

    /// Services that a set of profiles enables.
    pub(crate) fn enabled(&self, profiles: &[&str]) -> BTreeSet<String> {
        let project = self.project();
        let members = project.members().filter(|it| it.is_enabled_by(profiles));
        members.map(|it| it.name.to_owned()).collect()
    }
}
