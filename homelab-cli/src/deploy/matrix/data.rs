//! Which data an older image may meet: what a rollback asks for, and what a deploy refuses.

use std::fs;

use super::super::between::Data;
use super::super::receipt;
use super::super::receipt::tests::id;
use super::house::{House, ONE, Release};
use super::{RESTORE, lived_in};
use crate::error::Error;

const TWO: Release = Release { id: "release2", app: "app:2", ..ONE };
const THREE: Release = Release { id: "release3", app: "app:3", ..ONE };

/// A house on the last of these releases, after all of them.
fn after(releases: &[Release]) -> House {
    let house = House::new();
    lived_in(&house);
    for release in releases {
        house.deploy(release).expect("a deploy without any fault");
    }
    house
}

/// What stands between, in the lines of the refusal.
#[track_caller]
fn stops(house: &House, to: &Release, data: Data) -> Vec<String> {
    let refused = house.rollback(Some(&id(to.id)), data).expect_err("data stands between");
    let Error::DataBetween { lines, .. } = refused else { panic!("{refused}") };
    lines
}

#[test]
fn the_dump_of_a_later_time_takes_the_place_of_none() {
    let house = after(&[TWO, THREE]);
    let receipts = receipt::all(&house.place).expect("they can be read");
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
    const WITHOUT: Release = Release { app: "", ..THREE };
    let house = after(&[TWO, WITHOUT]);
    assert_eq!(stops(&house, &ONE, Data::default()).len(), 1);
    house.rollback(Some(&id(ONE.id)), RESTORE).expect("there is a dump");
    house.holds(&[&ONE]).expect("it runs as before");
    // Nothing newer has run.
    let house = after(&[Release { id: "release2", app: "", ..ONE }]);
    house.rollback(None, Data::default()).expect("no data stands between");
    house.holds(&[&ONE]).expect("it runs as before");
}
