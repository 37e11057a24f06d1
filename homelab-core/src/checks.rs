//! Runs the rules, one file each and listed in [`ALL`], and sets accepted findings aside.

mod backup_coverage;
mod cap_drop_all;
mod contract_environment;
mod contract_observed;
mod contract_peer;
mod contract_range;
mod dangling_host;
mod data_exposed;
mod data_mounted;
mod data_on_proxy_network;
mod depends_cycle;
mod depends_healthy;
mod depends_profiles;
mod docker_socket;
mod egress;
mod end_of_life;
mod guarded_panel;
mod health_check;
mod host_device;
mod host_namespace;
mod host_path;
mod image_pinned;
mod log_driver;
mod log_rotation;
mod memory_budget;
mod network_option;
mod network_range;
mod no_new_privileges;
mod port_collision;
mod port_on_internal;
mod powerful_key;
mod privileged;
mod read_only_root;
mod read_only_writes;
mod resource_limits;
mod restart_policy;
mod route_ingress;
mod route_login;
mod route_port;
mod route_snippet;
mod route_variable;
mod secret_in_environment;
mod secret_mounted;
mod secret_path;
mod secret_readable;
mod socket_proxy_network;
mod strong_capability;
#[cfg(test)]
pub(crate) mod testing;
mod tile_route;
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

pub mod finding;

use std::panic::Location;

pub(crate) use self::secret_in_environment::is_credential;
use crate::checks::finding::{Finding, Help, Place, Severity, Verdict, Waived};
use crate::compose::label;
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
    route_login::RULE,
    guarded_panel::RULE,
    route_ingress::RULE,
    unique_service::RULE,
    unique_host::RULE,
    route_port::RULE,
    route_snippet::RULE,
    route_variable::RULE,
    port_collision::RULE,
    port_on_internal::RULE,
    network_option::RULE,
    network_range::RULE,
    docker_socket::RULE,
    host_path::RULE,
    host_device::RULE,
    socket_proxy_network::RULE,
    privileged::RULE,
    powerful_key::RULE,
    host_namespace::RULE,
    strong_capability::RULE,
    unconfined::RULE,
    cap_drop_all::RULE,
    no_new_privileges::RULE,
    read_only_root::RULE,
    read_only_writes::RULE,
    image_pinned::RULE,
    unattended_update::RULE,
    restart_policy::RULE,
    secret_in_environment::RULE,
    secret_path::RULE,
    secret_mounted::RULE,
    secret_readable::RULE,
    health_check::RULE,
    resource_limits::RULE,
    log_driver::RULE,
    log_rotation::RULE,
    depends_healthy::RULE,
    depends_cycle::RULE,
    depends_profiles::RULE,
    unknown_profile::RULE,
    memory_budget::RULE,
    egress::RULE,
    backup_coverage::RULE,
    volume_writers::RULE,
    data_mounted::RULE,
    unused::RULE,
    undeclared::RULE,
    contract_environment::RULE,
    contract_observed::RULE,
    contract_peer::RULE,
    contract_range::RULE,
    end_of_life::RULE,
    variable_default::RULE,
    dangling_host::RULE,
    tile_route::RULE,
    unused_waiver::RULE,
];

/// Rules of [`label::HOST_RULES`] that a label with their id cannot accept, because what they find
/// makes a service root on the host. Each of these rules decides itself which recorded reasons it
/// takes.
const ROOT: &[&str] = &[
    docker_socket::RULE.id,
    privileged::RULE.id,
    powerful_key::RULE.id,
    strong_capability::RULE.id,
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
    let mut verdict = waive(project, findings.list);
    verdict.findings.sort_by_key(|it| it.severity);
    verdict
}

/// Moves accepted findings aside.
fn waive(project: &Project<'_>, found: Vec<Finding>) -> Verdict {
    let mut verdict = Verdict::default();
    for finding in found {
        let rule = finding.rule.as_str();
        let member = project.member(&finding.subject).filter(|member| {
            rule != unused_waiver::RULE.id && (member.facts().is_declared || !ROOT.contains(&rule))
        });
        match member.and_then(|it| it.waiver(rule)) {
            Some(because) => {
                verdict.waived.push(Waived { because: because.to_owned(), finding });
            }
            None => verdict.findings.push(finding),
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::testing::{CATALOGUE, break_stack, good, spec};
    use super::*;
    use crate::compose::Service;
    use crate::compose::label;
    use crate::dsl::contract::Contract;
    use crate::dsl::route::Login;
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

    /// Returns what a host finds in the good example after a change, when `fetch` also has this
    /// label.
    fn received(label: (&str, &str), change: impl Fn(&mut Service)) -> Vec<String> {
        let mut file = lower(&good());
        let fetch = &mut file.services["fetch"];
        fetch.labels.insert(format!("{}{}", label::ACCEPTS, label.0), label.1.to_owned());
        change(fetch);
        let found = check_received(&Project::from_file(file, &CATALOGUE)).findings;
        found.into_iter().map(|it| it.rule).collect()
    }

    #[test]
    fn a_label_accepts_with_a_reason_and_nothing_that_is_root() {
        let filter = |it: &mut Service| it.security_opt.push("seccomp=unconfined".to_owned());
        let ping = |it: &mut Service| it.cap_add.push("NET_RAW".to_owned());
        assert_eq!(received(("unconfined", "it debugs"), filter), [""; 0]);
        assert_eq!(received(("cap.NET_RAW", "it pings"), ping), [""; 0]);
        for because in ["", " ", "${WHY:-it debugs}"] {
            assert_eq!(received(("unconfined", because), filter), ["unconfined"], "{because}");
            assert_eq!(received(("cap.NET_RAW", because), ping), ["strong-capability"]);
        }
        for capability in ["SYS_ADMIN", "ALL", "CAP_SYS_MODULE"] {
            let root = |it: &mut Service| it.cap_add.push(capability.to_owned());
            for what in ["strong-capability", &format!("cap.{capability}"), "cap.SYS_ADMIN"] {
                assert_eq!(received((what, "it mounts"), root), ["strong-capability"], "{what}");
            }
        }
        let privileged = |it: &mut Service| it.privileged = true;
        assert_eq!(received(("privileged", "it is"), privileged), ["privileged"]);
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
        ");
    }

    #[test]
    fn an_empty_reason_of_a_stack_accepts_nothing() {
        for (because, found) in [("its clients cannot answer", ""), ("", "error[route-login]")] {
            let told = break_stack(|stack| {
                let web = spec(stack, "web");
                web.waivers.push(("route-login", because));
                web.routes[0] = web.routes[0].login(Login::BuiltIn);
            });
            assert!(told.starts_with(found) && told.is_empty() == found.is_empty(), "{told}");
        }
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
