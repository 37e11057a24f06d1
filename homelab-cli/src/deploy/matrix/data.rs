//! Which data an older image may meet: what a rollback asks for, and what a deploy refuses.

use std::fs;

use homelab_core::report::receipt::Outcome;

use super::super::between::Data;
use super::super::receipt;
use super::super::receipt::tests::id;
use super::house::{DOTENV, ONE, TestHouse, TestRelease};
use super::{KEEP, RESTORE, lived_in};
use crate::error::Error;

const TWO: TestRelease = TestRelease { id: "release2", app: "app:2", ..ONE };
const THREE: TestRelease = TestRelease { id: "release3", app: "app:3", ..ONE };

/// A house on the last of these releases, after all of them.
fn after(releases: &[TestRelease]) -> TestHouse {
    let house = TestHouse::new();
    lived_in(&house);
    for release in releases {
        house.deploy(release).expect("a deploy without any fault");
    }
    house
}

/// What stands between, in the lines of the refusal.
#[track_caller]
fn stops(house: &TestHouse, to: &TestRelease, data: Data) -> Vec<String> {
    let refused = house.rollback(Some(&id(to.id)), data).expect_err("data stands between");
    let Error::DataBetween { lines, .. } = refused else { panic!("{refused}") };
    lines
}

#[test]
fn the_dump_of_a_later_time_takes_the_place_of_none() {
    let house = after(&[TWO, THREE]);
    let receipts = receipt::load_all(&house.place).expect("they can be read");
    let dumps: Vec<_> = receipts.iter().flat_map(|it| &it.dumps).collect();
    let said = stops(&house, &ONE, Data::default()).concat();
    assert!(said.contains(dumps[0]), "{said}");
    fs::remove_file(dumps[0]).expect("it is ours");
    let said = stops(&house, &ONE, RESTORE);
    assert_eq!(said, ["the database `db`: no dump of that time is known"]);
    house.ended_on(&THREE).expect("nothing was touched");
    house.rollback(Some(&id(TWO.id)), RESTORE).expect("that dump is there");
    house.ended_on(&TWO).expect("it runs as before");
}

#[test]
fn a_release_without_a_service_hides_no_data_of_it() {
    const WITHOUT: TestRelease = TestRelease { app: "", ..THREE };
    let house = after(&[TWO, WITHOUT]);
    assert_eq!(stops(&house, &ONE, Data::default()).len(), 1);
    house.rollback(Some(&id(ONE.id)), RESTORE).expect("there is a dump");
    house.holds(&[&ONE]).expect("it runs as before");
    // Nothing newer has run.
    let house = after(&[TestRelease { id: "release2", app: "", ..ONE }]);
    house.rollback(None, Data::default()).expect("no data stands between");
    house.holds(&[&ONE]).expect("it runs as before");
}

/// A deploy that is refused, and touches nothing.
#[track_caller]
fn is_refused(house: &TestHouse, release: &TestRelease, because: &str) {
    let current = house.place.current().expect("a link");
    let refused = house.deploy(release).expect_err("it could go back over data").to_string();
    let is_said = refused.contains("Refused") && refused.contains(because);
    assert!(is_said && refused.contains(&format!("homelab rollback {}`", release.id)), "{refused}");
    assert_eq!(house.place.current().expect("a link"), current);
    assert_eq!(house.docker.borrow().wrong, [""; 0]);
}

#[test]
fn an_older_image_that_never_ran_here_is_told_by_its_tag() {
    let house = TestHouse::new();
    house.deploy(&TWO).expect("the first deploy");
    is_refused(&house, &ONE, "`app:2` ran");
    is_refused(
        &house,
        &TestRelease { id: "edge0000", app: "app:edge", ..ONE },
        "nobody can tell whether",
    );
    // A rebuild, until it ran.
    let rebuilt = TestRelease { id: "rebuilt0", app: "app:2@sha256:2", ..ONE };
    house.deploy(&rebuilt).expect("a rebuild");
    is_refused(&house, &TestRelease { id: "undone00", ..TWO }, "`app:2@sha256:2` ran");
    house.deploy(&THREE).expect("it is newer");
    house.holds(&[&THREE]).expect("it is whole");
    // What a deploy refuses, a person may say.
    is_refused(&house, &ONE, "`app:3` ran");
    assert_eq!(stops(&house, &ONE, RESTORE).len(), 1);
    house.docker.borrow_mut().keep_data = true;
    house.rollback(Some(&id(ONE.id)), KEEP).expect("a person has said so");
    house.holds(&[&ONE]).expect("it is whole");
    house.deploy(&THREE).expect("it is newer all the same");
}

#[test]
fn who_says_no_more_that_it_goes_one_way_does_so_once_more() {
    let house = after(&[TWO]);
    is_refused(&house, &TestRelease { id: "goesback", labelled: false, ..ONE }, "`app:2` ran");
    // By its container alone.
    fs::write(house.place.release(&id(TWO.id)).join("compose.yaml"), "").expect("it is ours");
    is_refused(&house, &TestRelease { id: "again000", labelled: false, ..ONE }, "`app:2` ran");
    let house = after(&[]);
    let sick = TestRelease { web: "web:2-sick", labelled: false, ..TWO };
    house.deploy(&sick).expect_err("`web` never gets well");
    house.holds(&[&sick]).expect("`app:2` has begun");
    let receipts = receipt::load_all(&house.place).expect("they can be read");
    // Of both databases: without its label a container is another one.
    assert_eq!(receipts.last().map(|it| it.dumps.len()), Some(2));
}

#[test]
fn an_engine_that_is_away_is_no_last_word_on_a_release() {
    // For good, until somebody starts it again.
    let sick = TestRelease { id: "release2", web: "web:2-sick", ..ONE };
    let house = after(&[]);
    house.docker.borrow_mut().away = Some((2, usize::MAX));
    let error = house.deploy(&sick).expect_err("the way back ends in the middle");
    assert!(!matches!(error, Error::Unhealthy(_)), "{error}");
    assert!(house.place.journal().exists());
    house.docker.borrow_mut().away = None;
    let ended = house.recover().expect("the engine is back").expect("it was interrupted");
    assert_eq!(ended.outcome, Outcome::RolledBack);
    house.holds(&[&ONE]).expect("it runs as before");
    // For a moment.
    let house = after(&[]);
    house.docker.borrow_mut().away = Some((2, 1));
    house.deploy(&sick).expect_err("`web` never gets well");
    house.holds(&[&ONE]).expect("it runs as before");
}

#[test]
fn a_rollback_is_judged_by_the_rules_of_the_host() {
    let house = after(&[TestRelease { id: "release2", web: "web:2", ..ONE }]);
    house.set_dotenv(&DOTENV.replace("/srv", "/etc"));
    let refused = house.rollback(None, Data::default()).expect_err("a rule forbids it");
    assert!(refused.to_string().contains("the rules of this host forbid it"), "{refused}");
    house.ended_on(&TestRelease { id: "release2", ..ONE }).expect("nothing was touched");
    house.set_dotenv(DOTENV);
    house.rollback(None, Data::default()).expect("no rule forbids it");
    house.holds(&[&ONE]).expect("it runs as before");
}

/// The database is put back, and another service has gone on to a newer image.
#[test]
fn a_rollback_that_restores_does_not_go_back_over_other_data() {
    let house = TestHouse::new();
    lived_in(&house);
    // It is well only as long as somebody cures it.
    let target = TestRelease { id: "release2", jelly: "jelly:2", web: "web:2-sick", ..ONE };
    house.docker.borrow_mut().cured = true;
    house.deploy(&target).expect("it is well now");
    house.docker.borrow_mut().keep_data = true;
    house.rollback(Some(&id(ONE.id)), KEEP).expect("a person has said so");
    house.deploy(&THREE).expect("`jelly:1` goes on");
    house.docker.borrow_mut().keep_data = false;
    house.docker.borrow_mut().cured = false;
    let both = Data { restore: true, ..KEEP };
    house.rollback(Some(&id(target.id)), both).expect_err("`web` does not get well");
    house.holds(&[&target]).expect("`jelly:2` has begun");
}

#[test]
fn a_database_of_another_major_version_is_told() {
    let said = |image| {
        let house = after(&[TestRelease { id: "release2", db: image, ..ONE }]);
        stops(&house, &ONE, Data::default()).concat().contains("of another major version")
    };
    assert!(said("db:2"));
    assert!(!said("db:1@sha256:2"));
}
