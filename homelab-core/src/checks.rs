//! Runs the rules, one file each and listed in [`ALL`], and sets accepted findings aside.

mod acme_dns;
mod backup_coverage;
mod base_image;
mod build_context;
mod cap_drop_all;
mod command_words;
mod contract_capability;
mod contract_environment;
mod contract_memory;
mod contract_missing;
mod contract_observed;
mod contract_peer;
mod contract_range;
mod dangling_host;
mod data_exposed;
mod data_mounted;
mod data_on_proxy_network;
mod database_backup;
mod database_dump;
mod database_durable;
mod database_login;
mod database_role;
mod depends_cycle;
mod depends_healthy;
mod depends_profiles;
mod docker_socket;
mod doubled_dollar;
mod dump_whole;
mod dumper_version;
mod egress;
mod end_of_life;
mod guarded_panel;
mod health_check;
mod host_device;
mod host_namespace;
mod host_path;
mod image_pinned;
mod label_replaced;
mod log_driver;
mod log_rotation;
mod memory_budget;
mod memory_limit;
mod mount_target;
mod network_mode;
mod network_option;
mod network_range;
mod no_new_privileges;
mod port_collision;
mod port_on_internal;
mod powerful_key;
mod privileged;
mod published_port;
mod raw_property;
mod read_only_root;
mod read_only_writes;
mod resource_limits;
mod restart_policy;
mod route_directive;
mod route_ingress;
mod route_login;
mod route_path;
mod route_port;
mod route_snippet;
mod route_variable;
mod secret_given;
mod secret_in_environment;
mod secret_mounted;
mod secret_path;
mod secret_readable;
mod secret_shared;
mod socket_proxy_network;
mod static_address;
mod strong_capability;
mod sysctl;
#[cfg(test)]
pub(crate) mod testing;
mod tile_route;
mod time_zone;
mod unattended_update;
mod unconfined;
mod undeclared;
mod unique_host;
mod unique_service;
mod unknown_profile;
mod unused;
mod unused_waiver;
mod variable_default;
mod volume_writers;
mod waivers;

pub mod definition;
pub mod finding;

use std::panic::Location;

pub(crate) use self::secret_in_environment::is_credential;
use crate::checks::finding::{Finding, Help, Place, Severity, Verdict};
use crate::compose::label;
use crate::dsl::variable::EnvVar;
use crate::model::project::{Member, Project};

/// A rule: its id, how bad its findings are, its manual and its code.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Name in findings and waivers, in kebab-case; the file's name.
    pub id: &'static str,
    /// Severity of all its findings.
    pub severity: Severity,
    source: &'static str,
    run: fn(&Project<'_>, &mut Findings),
}

/// The table of contents: every rule, in the order in which findings are printed.
pub const ALL: &[Rule] = &[
    data_exposed::RULE,
    data_on_proxy_network::RULE,
    database_role::RULE,
    route_login::RULE,
    guarded_panel::RULE,
    route_ingress::RULE,
    unique_service::RULE,
    unique_host::RULE,
    route_port::RULE,
    route_snippet::RULE,
    route_variable::RULE,
    route_path::RULE,
    route_directive::RULE,
    label_replaced::RULE,
    acme_dns::RULE,
    port_collision::RULE,
    port_on_internal::RULE,
    published_port::RULE,
    network_mode::RULE,
    network_option::RULE,
    network_range::RULE,
    static_address::RULE,
    docker_socket::RULE,
    host_path::RULE,
    host_device::RULE,
    socket_proxy_network::RULE,
    privileged::RULE,
    powerful_key::RULE,
    raw_property::RULE,
    host_namespace::RULE,
    strong_capability::RULE,
    unconfined::RULE,
    sysctl::RULE,
    cap_drop_all::RULE,
    no_new_privileges::RULE,
    read_only_root::RULE,
    read_only_writes::RULE,
    image_pinned::RULE,
    base_image::RULE,
    build_context::RULE,
    unattended_update::RULE,
    restart_policy::RULE,
    secret_in_environment::RULE,
    secret_path::RULE,
    secret_mounted::RULE,
    secret_readable::RULE,
    secret_shared::RULE,
    secret_given::RULE,
    database_login::RULE,
    health_check::RULE,
    command_words::RULE,
    doubled_dollar::RULE,
    resource_limits::RULE,
    log_driver::RULE,
    log_rotation::RULE,
    depends_healthy::RULE,
    depends_cycle::RULE,
    depends_profiles::RULE,
    unknown_profile::RULE,
    memory_limit::RULE,
    memory_budget::RULE,
    egress::RULE,
    backup_coverage::RULE,
    database_backup::RULE,
    database_dump::RULE,
    database_durable::RULE,
    dumper_version::RULE,
    dump_whole::RULE,
    volume_writers::RULE,
    mount_target::RULE,
    data_mounted::RULE,
    unused::RULE,
    undeclared::RULE,
    contract_capability::RULE,
    contract_environment::RULE,
    contract_memory::RULE,
    contract_observed::RULE,
    contract_peer::RULE,
    contract_missing::RULE,
    contract_range::RULE,
    end_of_life::RULE,
    variable_default::RULE,
    time_zone::RULE,
    dangling_host::RULE,
    tile_route::RULE,
    unused_waiver::RULE,
];

impl Rule {
    /// Returns the user's manual for the rule: the first comment of its file.
    pub fn manual(&self) -> String {
        manual(self.source)
    }

    /// Returns the first sentence of the manual.
    pub fn summary(&self) -> String {
        self.manual().lines().next().unwrap_or_default().to_owned()
    }
}

/// Returns the comment that the file of a rule begins with.
pub fn manual(source: &str) -> String {
    let lines = source.lines().map_while(|it| it.strip_prefix("//!"));
    let lines: Vec<_> = lines.map(|it| it.strip_prefix(' ').unwrap_or(it)).collect();
    lines.join("\n")
}

/// Returns the rule with an id.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().find(|it| it.id == id)
}

/// The findings that the rules have pushed so far; no rule stops another one.
#[derive(Debug)]
pub struct Findings {
    /// The rule that pushes now.
    rule: Rule,
    /// Whether the project was lowered from a stack, so that its help is written for Rust.
    is_stack: bool,
    list: Vec<Finding>,
}

impl Findings {
    /// Returns the findings of the rules that ran before, accepted or not.
    pub(crate) fn earlier(&self) -> &[Finding] {
        &self.list
    }

    /// Pushes a finding about a service.
    pub fn on(&mut self, member: &Member<'_>, message: String, help: impl Into<Help>) {
        self.push(member.name, member.facts().place, message, help.into());
    }

    /// Pushes a finding about something that is not a service.
    pub fn about(&mut self, subject: &str, message: String, help: impl Into<Help>) {
        self.push(subject, None, message, help.into());
    }

    /// Pushes a finding about a variable of `.env`.
    pub fn variable(&mut self, variable: &EnvVar, message: String, help: impl Into<Help>) {
        self.push(variable.name(), variable.place(), message, help.into());
    }

    fn push(
        &mut self,
        subject: &str,
        place: Option<&'static Location<'static>>,
        message: String,
        help: Help,
    ) {
        self.list.push(Finding {
            rule: self.rule.id.to_owned(),
            severity: self.rule.severity,
            subject: subject.to_owned(),
            place: place.map(Place::from),
            message,
            help: help.of(self.is_stack),
            accept: None,
        });
    }
}

/// Runs every rule on a project.
pub fn check(project: &Project<'_>) -> Verdict {
    run(project, ALL.iter())
}

/// Returns the rules that a host runs on a file that it receives. Rules that need the catalogue of
/// images are not among them: the program on the host may be older than the release and know less.
pub fn host_rules() -> impl Iterator<Item = &'static Rule> {
    ALL.iter().filter(|it| label::HOST_RULES.contains(&it.id))
}

/// Runs [`host_rules`] on a file that was received; its labels may accept findings.
pub fn check_received(project: &Project<'_>) -> Verdict {
    run(project, host_rules())
}

fn run(project: &Project<'_>, rules: impl Iterator<Item = &'static Rule>) -> Verdict {
    let mut findings =
        Findings { rule: ALL[0], is_stack: project.stack().is_some(), list: Vec::new() };
    for rule in rules {
        findings.rule = *rule;
        (rule.run)(project, &mut findings);
    }
    let mut verdict = waivers::apply(project, findings.list);
    verdict.findings.sort_by_key(|it| it.severity);
    verdict
}

#[cfg(test)]
mod tests {
    use super::testing::{CATALOGUE, good};
    use super::*;
    use crate::dsl::contract::Contract;
    use crate::lower::lower;

    #[test]
    fn ids_are_file_names_and_unique() {
        let ids: indexmap::IndexSet<_> = ALL.iter().map(|it| it.id).collect();
        assert_eq!(ids.len(), ALL.len(), "an id stands twice in `ALL`");
        for rule in ALL {
            // The source of a rule has to be its own file.
            let included = format!("include_str!(\"{}.rs\")", rule.id.replace('-', "_"));
            assert!(rule.source.contains(&included), "`{}` is not its file's name", rule.id);
            let is_kebab = |it: char| it.is_ascii_lowercase() || it == '-';
            assert!(rule.id.chars().all(is_kebab), "`{}` is not in kebab-case", rule.id);
        }
    }

    #[test]
    fn the_rule_about_waivers_comes_last() {
        assert_eq!(ALL.last().map(|it| it.id), Some(unused_waiver::RULE.id));
    }

    #[test]
    fn what_is_unknown_of_an_image_is_no_finding() {
        let unknown: Vec<_> = CATALOGUE.iter().map(|it| Contract::of(&it.repository)).collect();
        let found = |catalogue| check(&Project::from_file(lower(&good()), catalogue));
        assert_eq!(found(&unknown), found(&[]));
    }

    #[test]
    fn help_speaks_to_whoever_wrote_it() {
        let mut file = lower(&good());
        file.services["web"].deploy = None;
        let found = check(&Project::from_file(file, &CATALOGUE)).findings;
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(found.join("\n"), @r"
        error[resource-limits]: `web` has no limit for `memory`, `cpus`, `pids`
          --> web
          help: set `memory`, `cpus`, `pids` of `deploy.resources.limits`
          help: or accept it with the label `homelab.accepts.resource-limits`, whose value says why
        ");
    }

    #[test]
    fn manuals_begin_with_one_sentence_and_say_the_fix() {
        for Rule { id, .. } in ALL {
            let manual = find(id).map(Rule::manual).unwrap_or_default();
            let mut paragraphs = manual.split("\n\n");
            let first = paragraphs.next().unwrap_or_default();
            let sentence = first.strip_suffix('.');
            let is_one =
                sentence.is_some_and(|it| !it.contains(['\n', '!', '?']) && !it.contains(". "));
            assert!(is_one, "`{id}` begins with `{first}`: write one sentence on one line");
            let fixes = paragraphs.filter(|it| it.starts_with("Fix: ")).count();
            assert_eq!(fixes, 1, "`{id}` needs one paragraph that begins with `Fix:`");
        }
    }
}
