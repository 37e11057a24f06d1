//! Migrations that take long: no fault and no verb stops one halfway, unless a person says so.

use homelab_core::report::receipt::Outcome;

use super::super::between::Data;
use super::super::{receipt, status};
use super::house::{ONE, TestHouse, TestRelease};
use super::{KEEP, Story, cut_off, lived_in};

const SLOW: TestRelease = TestRelease { id: "release2", jelly: "jelly:2-slow", ..ONE };

/// Its migration is under way when `web` turns out to be sick.
const SICK: TestRelease = TestRelease { web: "web:2-sick", ..SLOW };

/// A house in use, where a migration takes so many looks.
fn slow(house: &TestHouse, looks: usize) {
    lived_in(house);
    house.docker.borrow_mut().slow = looks;
}

/// A house that was left broken while a service migrates.
fn broken(looks: usize) -> TestHouse {
    let house = TestHouse::new();
    slow(&house, looks);
    house.deploy(&SICK).expect_err("`web` is sick");
    house.holds(&[&SICK]).expect("it is broken as documented");
    house
}

fn is_migrating(house: &TestHouse) -> bool {
    let docker = house.docker.borrow();
    docker.of("jelly").any(|it| it.is_migrating(&docker))
}

#[test]
fn a_deploy_of_a_slow_migration() {
    let story = Story {
        name: "a slow migration",
        before: |house| slow(house, 8),
        act: |house| house.deploy(&SLOW).map(drop),
        then: SLOW,
        may_run: &[ONE, SLOW],
    };
    story.told();
}

#[test]
fn a_recovery_during_a_slow_migration() {
    let story = Story {
        name: "a recovery during a slow migration",
        before: |house| {
            slow(house, 8);
            cut_off(house, "has started jelly", |it| drop(it.deploy(&SLOW)));
        },
        act: |house| house.recover().map(drop),
        then: SLOW,
        may_run: &[SLOW],
    };
    story.told();
}

#[test]
fn what_would_stop_a_migration_is_refused_and_says_why() {
    let house = broken(1000);
    let other = TestRelease { id: "release3", jelly: "jelly:3-slow", ..SLOW };
    house.deploy(&other).expect_err("`jelly` is migrating");
    house.rollback(None, KEEP).expect_err("`jelly` is migrating");
    house.holds(&[&SICK]).expect("nothing was touched");
    let receipts = receipt::load_all(&house.place).expect("they can be read");
    let [.., deploy, rollback] = &receipts[..] else { panic!("there are two") };
    assert_eq!((deploy.outcome, rollback.outcome), (Outcome::Refused, Outcome::Refused));
    let because = rollback.because.as_deref().unwrap_or_default();
    insta::assert_snapshot!(because.replace(|it: char| it.is_ascii_digit(), "0"), @r"
    it would stop a migration halfway:
      `jelly` may be migrating its data: it is unhealthy, 0 s after its start, and has 00 min more
    wait until `homelab status` no longer says so, or stop it halfway with `--interrupt-migration`
    ");
    let status = status::status(&house.place);
    let help = status.broken.as_deref().unwrap_or_default();
    assert!(help.starts_with("first let the migration of `jelly` end, "), "{help}");
    let found = status.findings.iter().find(|it| it.rule == "drift-migrating");
    assert!(found.is_some_and(|it| it.subject == "jelly"), "{:#?}", status.findings);
    // The house is told from one whose migration has ended.
    assert!(
        house.recover().expect("nothing to do").is_some_and(|it| it.outcome == Outcome::Broken)
    );
    house.docker.borrow_mut().slow = 0;
    house.docker.borrow_mut().keep_data = true;
    house.rollback(None, KEEP).expect("nothing is under way any more");
    house.holds(&[&ONE]).expect("it runs as before");
}

#[test]
fn a_person_may_stop_a_migration() {
    let house = broken(1000);
    house.docker.borrow_mut().keep_data = true;
    house.rollback(None, Data { interrupt: true, ..KEEP }).expect("a person has said so");
    let docker = house.docker.borrow();
    assert!(matches!(&docker.wrong[..], [it] if it.contains("halfway")), "{:?}", docker.wrong);
}

#[test]
fn a_release_that_mends_the_rest_waits_for_the_migration() {
    let house = broken(60);
    assert!(is_migrating(&house));
    let mended = TestRelease { id: "release3", web: "web:3", ..SLOW };
    house.deploy(&mended).expect("it is well");
    assert!(!is_migrating(&house));
    house.holds(&[&mended]).expect("it is whole");
}
