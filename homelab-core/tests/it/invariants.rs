//! What holds in every house that the rules accept, stated over the Compose file alone.
//!
//! The rules are not called here to judge: each invariant says once more, in other
//! words, what must be true of the file, so that a rule that is missing or looks
//! away is found.

use std::collections::BTreeMap;

use homelab_core::checks::check;
use homelab_core::checks::finding::Severity;
use homelab_core::compose::{File, Service};
use homelab_core::dsl::contract::Contract;
use homelab_core::lower::lower;
use homelab_core::model::project::Project;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::house::{CATALOGUE, House, Plan, build, one_of_each_role, plan};
use crate::text::property;

mod dependencies;
mod networks;
mod services;
mod state;

type Holds = Result<(), String>;

/// Houses for each invariant; with a fault in a half of them, each fault comes up a few times.
const CASES: u32 = 384;

/// Whether the rules let a house through.
fn is_accepted(house: &House) -> bool {
    !check(&Project::from_stack(&house.stack)).has_errors()
}

/// The rules are slow, so only a house that breaks the invariant is judged by them.
#[track_caller]
fn holds_in_accepted_houses(invariant: impl Fn(&House, &File) -> Holds) {
    property(CASES, &plan(), |plan| {
        let house = build(&plan);
        match invariant(&house, &lower(&house.stack)) {
            Err(what) if is_accepted(&house) => Err(TestCaseError::fail(what)),
            Ok(()) | Err(_) => Ok(()),
        }
    });
}

#[track_caller]
fn holds_in_every_service(invariant: fn(&House, &str, &Service) -> Holds) {
    holds_in_accepted_houses(|house, file| {
        let mut services = file.services.iter();
        services.try_for_each(|(name, it)| invariant(house, name, it))
    });
}

/// What is known of the image of a service.
fn contract_of(service: &Service) -> Option<&'static Contract> {
    let (repository, _) = service.image.as_ref()?.split_once(':')?;
    CATALOGUE.iter().find(|it| it.repository == repository)
}

/// An invariant of nothing would always hold: a fair share of the houses is accepted.
#[test]
fn many_houses_are_accepted() {
    const HOUSES: usize = 300;
    let mut runner = TestRunner::deterministic();
    let mut accepted = 0;
    let mut refused: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for _ in 0..HOUSES {
        let plan: Plan = plan().new_tree(&mut runner).expect("no plan is rejected").current();
        let house = build(&plan);
        let verdict = check(&Project::from_stack(&house.stack));
        let fault = plan.fault.filter(|_| !verdict.has_errors());
        assert_eq!(fault, None, "a house with this fault is accepted: {plan:?}");
        accepted += usize::from(!verdict.has_errors());
        let errors = verdict.findings.iter().filter(|it| it.severity == Severity::Error);
        for finding in errors.filter(|_| plan.fault.is_none()) {
            let example = || (0, finding.to_string());
            refused.entry(finding.rule.clone()).or_insert_with(example).0 += 1;
        }
    }
    let share = accepted * 100 / HOUSES;
    assert!(
        share > 30,
        "{share} % of the houses are accepted; in those without a fault, each with an example: {refused:#?}"
    );
}

#[test]
fn every_service_is_in_the_file() {
    holds_in_accepted_houses(|house, file| {
        let mut names: Vec<_> = file.services.keys().map(String::as_str).collect();
        let mut added = house.names.clone();
        names.sort_unstable();
        added.sort_unstable();
        equal("services", &names, &added)
    });
}

/// `lower` writes these without being asked, so one house shows them.
#[test]
fn what_every_service_gets() {
    let house = build(&one_of_each_role());
    assert!(is_accepted(&house));
    let file = lower(&house.stack);
    assert_eq!(file.services.len(), 5, "edge, socket proxy, app, database, agent");
    for (name, it) in &file.services {
        assert_eq!(it.cap_drop, ["ALL"], "{name}");
        assert_eq!(it.security_opt, ["no-new-privileges:true"], "{name}");
        assert!(it.read_only && !it.privileged, "{name}");
        assert_eq!(it.restart.as_deref(), Some("unless-stopped"), "{name}");
        let options = it.logging.as_ref().map(|it| &it.options).expect("logs are configured");
        assert!(options.contains_key("max-size") && options.contains_key("max-file"), "{name}");
        let resources = it.deploy.as_ref().and_then(|it| it.resources.as_ref());
        let limits = resources.and_then(|it| it.limits.as_ref()).expect("there are limits");
        assert!(limits.cpus.is_some() && limits.pids.is_some(), "{name}");
        assert!(it.secrets.iter().all(|it| file.secrets.contains_key(&it.source)), "{name}");
    }
    assert_eq!(file.secrets.len(), 4, "the login, and a password of each of the others");
    for (name, secret) in &file.secrets {
        assert_eq!(secret.file, format!("./secrets/{name}"));
    }
}

fn unless(wrong: bool, name: &str, what: &str) -> Holds {
    if wrong { Err(format!("`{name}` {what}")) } else { Ok(()) }
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, want: &T) -> Holds {
    if got == want { Ok(()) } else { Err(format!("{what}: {got:?}, expected {want:?}")) }
}
