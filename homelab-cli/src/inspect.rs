//! Checks what has to be right on the host before `docker compose up`; each rule has its own file.

mod account;
pub(crate) mod bind;
mod compose;
mod compose_override;
mod cpu;
mod deployer;
mod disk;
pub(crate) mod docker;
mod dump;
mod engine;
mod env;
mod gpu;
mod house_path;
mod macvlan;
mod memory;
pub(crate) mod network;
mod overlap;
pub(crate) mod path;
mod port;
mod profile;
pub(crate) mod secret;
mod setup;
mod stale;
mod submount;
mod updater;

use homelab_core::checks;
use homelab_core::checks::finding::{Finding, Severity};
use homelab_core::model::access;
use homelab_core::model::project::{Member, Project};

use crate::house_folder::HouseFolder;
use crate::settings::Settings;

/// What a rule about the host reads.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) house: &'a HouseFolder,
    pub(crate) settings: &'a Settings,
    pub(crate) project: &'a Project<'a>,
    /// Profiles that are on.
    pub(crate) profiles: &'a [&'a str],
    /// The engine's folder; `None` when the engine does not answer.
    pub(crate) engine: Option<String>,
}

/// A rule about the host: its id, its manual and its code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostRule {
    pub(crate) id: &'static str,
    source: &'static str,
    run: fn(&Context<'_>, &mut Findings),
}

/// The table of contents, in the order in which one would set up a host.
pub(crate) const ALL: &[HostRule] = &[
    engine::RULE,
    compose::RULE,
    stale::RULE,
    compose_override::RULE,
    env::RULE,
    setup::RULE,
    secret::RULE,
    path::RULE,
    house_path::RULE,
    bind::RULE,
    overlap::RULE,
    disk::RULE,
    dump::RULE,
    submount::RULE,
    network::RULE,
    macvlan::RULE,
    port::RULE,
    profile::RULE,
    updater::RULE,
    memory::RULE,
    cpu::RULE,
    gpu::RULE,
    account::RULE,
    deployer::RULE,
];

/// The findings of one rule; no rule stops another one.
#[derive(Debug)]
pub(crate) struct Findings {
    rule: &'static str,
    list: Vec<Finding>,
}

impl HostRule {
    /// The user's manual for the rule: the first comment of its file.
    pub(crate) fn manual(&self) -> String {
        checks::manual(self.source)
    }
}

impl Context<'_> {
    /// Returns the services that would start.
    fn enabled(&self) -> impl Iterator<Item = Member<'_>> {
        self.project.members().filter(|it| it.is_enabled_by(self.profiles))
    }

    /// Returns a free user id for an account, which no other account and no service has.
    ///
    /// It is searched from 65536 on. Debian's policy leaves these ids to the administrator (60000
    /// to 64999 belong to its packages), systemd does not use them
    /// (<https://systemd.io/UIDS-GIDS/>), and shadow's ranges for user namespaces begin at 100000.
    fn free_uid(&self) -> u32 {
        let accounts = self.house.host.accounts().into_iter().map(|it| it.uid);
        let services = self.project.members().filter_map(|it| access::ids(self.project, &it));
        let taken: Vec<_> = accounts.chain(services.map(|it| it.0)).collect();
        (70_022..100_000).find(|it| !taken.contains(it)).unwrap_or(70_022)
    }
}

impl Findings {
    fn error(&mut self, subject: &str, message: String, help: String) {
        self.push(Severity::Error, subject, message, help);
    }

    fn warning(&mut self, subject: &str, message: String, help: String) {
        self.push(Severity::Warning, subject, message, help);
    }

    fn push(&mut self, severity: Severity, subject: &str, message: String, help: String) {
        let (rule, subject) = (self.rule.to_owned(), subject.to_owned());
        // Several services can miss the same folder.
        let finding = Finding { rule, severity, subject, place: None, message, help, accept: None };
        if !self.list.contains(&finding) {
            self.list.push(finding);
        }
    }
}

/// Runs every rule about the host.
pub(crate) fn host(context: &Context<'_>) -> Vec<Finding> {
    run(context, ALL.iter())
}

/// Runs the rules that apply to a release which another `homelab` has generated. Two are left out:
/// the release need not be what this program would generate, and a deploy itself removes the
/// containers of a profile that is off.
pub(crate) fn before_a_deploy(context: &Context<'_>) -> Vec<Finding> {
    let others = [stale::RULE.id, profile::RULE.id];
    run(context, ALL.iter().filter(|it| !others.contains(&it.id)))
}

fn run<'a>(context: &Context<'_>, rules: impl Iterator<Item = &'a HostRule>) -> Vec<Finding> {
    let mut all = Vec::new();
    for rule in rules {
        let mut findings = Findings { rule: rule.id, list: Vec::new() };
        (rule.run)(context, &mut findings);
        all.append(&mut findings.list);
    }
    all
}
