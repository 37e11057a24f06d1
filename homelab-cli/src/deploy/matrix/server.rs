//! A house whose database server does not come up: every way out of it works without its answer.

use super::super::receipt;
use super::super::receipt::tests::id;
use super::check::ROWS;
use super::house::{ONE, TestHouse, TestRelease};
use super::{KEEP, RESTORE, lived_in};

const SICK: TestRelease = TestRelease { id: "release2", db: "db:2-sick", ..ONE };

/// A house whose server crashes again and again, with its dump of before.
fn broken() -> (TestHouse, String) {
    let house = TestHouse::new();
    lived_in(&house);
    house.deploy(&SICK).expect_err("the server does not come up");
    house.holds(&[&SICK]).expect("it is broken as documented");
    let receipts = receipt::load_all(&house.place).expect("they can be read");
    let dump = receipts.last().and_then(|it| it.dumps.first()).expect("it answered before");
    (house, dump.clone())
}

/// What leads out, and what was dumped for it.
fn last(house: &TestHouse) -> (String, usize) {
    let receipts = receipt::load_all(&house.place).expect("they can be read");
    let last = receipts.last().expect("there is one");
    (last.help.clone().unwrap_or_default(), last.dumps.len())
}

#[test]
fn its_dump_of_before_is_put_back() {
    let (house, dump) = broken();
    assert!(last(&house).0.contains(&format!("`homelab rollback --restore`; it puts back {dump}")));
    house.rollback(None, RESTORE).expect("there is a dump");
    house.holds(&[&ONE]).expect("it runs as before");
    assert!(house.docker.borrow().databases["house"].rows.contains(ROWS[1]));
}

#[test]
fn its_data_is_kept_as_it_is() {
    let (house, _) = broken();
    house.rollback(None, KEEP).expect("a person has said so");
    house.holds(&[&ONE]).expect("it runs as before");
    assert_eq!(last(&house).1, 0);
}

#[test]
fn a_release_that_mends_it_is_deployed() {
    let (house, _) = broken();
    let mended = TestRelease { id: "release3", db: "db:3", ..SICK };
    house.deploy(&mended).expect("it is well");
    house.holds(&[&mended]).expect("it is whole");
    assert_eq!(last(&house).1, 0);
}

#[test]
fn a_release_that_does_not_mend_it_leaves_the_way_out_as_it_was() {
    let (house, dump) = broken();
    let before = last(&house).0;
    house
        .deploy(&TestRelease { id: "release3", web: "web:2", ..SICK })
        .expect_err("it is no better");
    house.holds(&[&SICK]).expect("it is broken as before");
    assert_eq!(last(&house).0, before);
    // One on which it has to stay.
    let worse = TestRelease { id: "release4", db: "db:3-sick", ..SICK };
    house.deploy(&worse).expect_err("it is no better");
    house.holds(&[&worse]).expect("it is broken as documented");
    let help = last(&house).0;
    assert!(
        help.contains("`homelab rollback release1 --restore`") && help.contains(&dump),
        "{help}"
    );
    house.rollback(Some(&id(ONE.id)), RESTORE).expect("there is a dump");
    house.holds(&[&ONE]).expect("it runs as before");
}

#[test]
fn a_server_that_is_well_and_does_not_answer_is_not_passed_over() {
    let house = TestHouse::new();
    lived_in(&house);
    house.docker.borrow_mut().mute = true;
    house
        .deploy(&TestRelease { id: "release2", app: "app:2", ..ONE })
        .expect_err("there is no dump");
    house.holds(&[&ONE]).expect("nothing was touched");
}
