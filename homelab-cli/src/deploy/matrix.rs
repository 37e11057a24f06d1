//! Every kill and every full disk: at each file operation, each call of `docker` and each effect of one.
//!
//! A fault is put into a deploy, a rollback or a recovery; then `recover` runs, and a second deploy. After
//! each, the house must hold (`check.rs`). The engine is a fake with state (`docker.rs`), which judges
//! by itself whether an older image met newer data.

mod check;
mod compose;
mod data;
mod docker;
mod house;
mod injection;
mod migrations;
mod psql;
mod server;
mod shown;
mod sqlite;
mod ways;

use self::check::ROWS;
use self::house::{DOTENV, ONE, Saved, TestHouse, TestRelease};
use self::injection::{Fault, Operations};
use super::between::Data;
use super::files::faults::Fault as Disk;
use crate::error::Error;

/// Something that a person asks for, from a house that is as `before` leaves it.
struct Story {
    name: &'static str,
    before: fn(&TestHouse),
    act: fn(&TestHouse) -> Result<(), Error>,
    /// The release that is deployed at last.
    then: TestRelease,
    /// Releases that the house may run after a recovery.
    may_run: &'static [TestRelease],
}

const TWO: TestRelease = TestRelease { id: "release2", ..ONE };

impl Story {
    /// Puts every fault into it, and prints how many these are.
    #[expect(clippy::print_stdout, reason = "`--nocapture` shows what was tried")]
    fn told(&self) -> Operations {
        let house = TestHouse::new();
        (self.before)(&house);
        let saved = house.save();
        let (ended, operations) = injection::with(Fault::None, || (self.act)(&house));
        ended.expect("nobody killed it").expect("without a fault it ends well");
        for (at, name) in operations.engine.iter().enumerate() {
            self.tried(&house, &saved, Fault::Engine(at), name);
        }
        for (at, name) in operations.disk.iter().enumerate() {
            for fault in [Disk::Kill { at }, Disk::Full { at }, Disk::StaysFull { at }] {
                self.tried(&house, &saved, Fault::Disk(fault), name);
            }
        }
        let (calls, steps) = (operations.engine.len(), operations.disk.len());
        assert!(calls > 5 && steps > 5, "{}: {calls} moments, {steps} steps", self.name);
        println!("{}: {} kills, {} full disks", self.name, calls + steps, 2 * steps);
        operations
    }

    fn tried(&self, house: &TestHouse, saved: &Saved, fault: Fault, operation: &str) {
        house.load(saved);
        let injected = format!("{}: {fault:?} at `{operation}`", self.name);
        let (ended, _) = injection::with(fault, || (self.act)(house));
        let is_kill = matches!(fault, Fault::Engine(_) | Fault::Disk(Disk::Kill { .. }));
        assert_eq!(ended.is_none(), is_kill, "{injected}: killed");
        let must = |what: &str, ended: Result<(), String>| {
            if let Err(wrong) = ended {
                panic!("{injected}, then {what}: {wrong}");
            }
        };
        let recovered = || house.recover().map(drop).map_err(|it| it.to_string());
        must("`recover`", recovered());
        must("`recover` twice", recovered());
        let may_run: Vec<_> = self.may_run.iter().collect();
        must("`recover`", house.holds(&may_run));
        if matches!(fault, Fault::Disk(Disk::Full { .. })) {
            // Where the disk stays full, more goes wrong.
            return;
        }
        let again = house.deploy(&self.then).map(drop).map_err(|it| it.to_string());
        must("a second deploy", again);
        must("a second deploy", house.ended_on(&self.then));
    }
}

/// A house on the first release, in use.
fn lived_in(house: &TestHouse) {
    house.write_row(ROWS[0]);
    house.deploy(&ONE).expect("the first deploy");
    house.write_row(ROWS[1]);
    house.holds(&[&ONE]).expect("a house without any fault");
}

/// Tells a story with a deploy of one release over the first one.
macro_rules! deploys {
    ($($test:ident: $release:expr;)*) => { $(
        #[test]
        fn $test() {
            const NEW: TestRelease = $release;
            let story = Story {
                name: stringify!($test),
                before: lived_in,
                act: |house| house.deploy(&NEW).map(drop),
                then: NEW,
                may_run: &[ONE, NEW],
            };
            story.told();
        }
    )* };
}

deploys! {
    a_deploy_of_one_service: TestRelease { web: "web:2", ..TWO };
    a_deploy_of_a_one_way_service: TestRelease { jelly: "jelly:2", ..TWO };
    a_deploy_of_a_service_with_sqlite: TestRelease { notes: "notes:2", ..TWO };
    a_deploy_of_who_migrates_a_database: TestRelease { app: "app:2", ..TWO };
    a_deploy_of_everything: TestRelease { db: "db:2", app: "app:2", notes: "notes:2", jelly: "jelly:2", web: "web:2", page: "2", ..TWO };
    a_deploy_that_cuts_the_networks_otherwise: TestRelease { recut: true, ..TWO };
    a_deploy_of_a_migration_and_other_networks: TestRelease { app: "app:2", recut: true, ..TWO };
    a_deploy_of_a_file: TestRelease { page: "2", ..TWO };
    a_deploy_of_a_commit_that_changes_no_file: TWO;
}

/// A house whose release 2 has migrated the database, in use.
fn lived_in_twice(house: &TestHouse) {
    lived_in(house);
    house.deploy(&MIGRATED).expect("a deploy without any fault");
    house.write_row("row of release 2");
}

const MIGRATED: TestRelease = TestRelease { app: "app:2", notes: "notes:2", page: "2", ..TWO };
const RESTORE: Data = Data { restore: true, keep: false, interrupt: false };
const KEEP: Data = Data { restore: false, keep: true, interrupt: false };

#[test]
fn a_first_deploy() {
    let story = Story {
        name: "a first deploy",
        before: |_| {},
        act: |house| house.deploy(&ONE).map(drop),
        then: ONE,
        may_run: &[ONE],
    };
    story.told();
}

#[test]
fn a_deploy_that_changes_only_values() {
    let story = Story {
        name: "other values",
        before: |house| {
            lived_in(house);
            house.set_dotenv(&DOTENV.replace("LEVEL=1", "LEVEL=2"));
        },
        act: |house| house.deploy(&ONE).map(drop),
        then: ONE,
        may_run: &[ONE],
    };
    story.told();
}

#[test]
fn a_deploy_that_switches_a_profile_off() {
    let story = Story {
        name: "a profile off",
        before: |house| {
            lived_in(house);
            house.set_dotenv(&DOTENV.replace("files", ""));
        },
        act: |house| house.deploy(&TWO).map(drop),
        then: TWO,
        may_run: &[ONE, TWO],
    };
    story.told();
}

#[test]
fn a_deploy_with_a_service_that_never_gets_well() {
    const SICK: TestRelease =
        TestRelease { app: "app:2", jelly: "jelly:2", web: "web:2-sick", ..TWO };
    const MENDED: TestRelease = TestRelease { id: "release3", web: "web:3", ..SICK };
    let story = Story {
        name: "a sick service",
        before: lived_in,
        act: |house| {
            let said = house.deploy(&SICK).map(drop);
            said.or_else(|it| if matches!(it, Error::Unhealthy(_)) { Ok(()) } else { Err(it) })
        },
        then: MENDED,
        may_run: &[ONE, SICK],
    };
    story.told();
}

#[test]
fn a_deploy_that_dumps_and_prunes() {
    const NEW: TestRelease = TestRelease { app: "app:2", web: "web:2", page: "2", ..TWO };
    let story = Story {
        name: "dumps and prunes",
        before: |house| {
            house.keep.set(0);
            lived_in(house);
        },
        act: |house| house.deploy(&NEW).map(drop),
        then: TestRelease { id: "release3", web: "web:3", ..NEW },
        may_run: &[ONE, NEW],
    };
    let Operations { disk, engine } = story.told();
    let dump = "20260101T000001Z-release2-db-house.sql.gz";
    for step in ["create .unfinished.gz", "write .unfinished.gz", "remove release1"] {
        assert!(disk.iter().any(|it| it == step), "{step}: {disk:#?}");
    }
    assert!(disk.contains(&format!("rename {dump}")), "{disk:#?}");
    for image in ["app:1", "web:1"] {
        let call = format!("before `docker image rm {image}`");
        assert!(engine.contains(&call), "{call}: {engine:#?}");
    }
}

#[test]
fn a_rollback_that_restores() {
    let story = Story {
        name: "a rollback that restores",
        before: lived_in_twice,
        act: |house| house.rollback(None, RESTORE).map(drop),
        then: TestRelease { id: "release3", ..MIGRATED },
        may_run: &[ONE, MIGRATED],
    };
    story.told();
}

#[test]
fn a_rollback_that_keeps_the_data() {
    let story = Story {
        name: "a rollback that keeps the data",
        before: |house| {
            lived_in_twice(house);
            house.docker.borrow_mut().keep_data = true;
        },
        act: |house| house.rollback(None, KEEP).map(drop),
        then: TestRelease { id: "release3", ..MIGRATED },
        may_run: &[ONE, MIGRATED],
    };
    story.told();
}

/// A house in which somebody killed this at the first moment of the engine whose name has these words.
fn cut_off(house: &TestHouse, words: &str, what: impl Fn(&TestHouse)) {
    let saved = house.save();
    let (_, operations) = injection::with(Fault::None, || what(house));
    let at = operations.engine.iter().position(|it| it.contains(words));
    house.load(&saved);
    injection::with(Fault::Engine(at.expect("there is such a moment")), || what(house));
}

#[test]
fn a_recovery_that_goes_back() {
    const NEW: TestRelease =
        TestRelease { app: "app:2", jelly: "jelly:2", web: "web:2", page: "2", ..TWO };
    let story = Story {
        name: "a recovery that goes back",
        before: |house| {
            lived_in(house);
            cut_off(house, "has made web", |it| drop(it.deploy(&NEW)));
        },
        act: |house| house.recover().map(drop),
        then: NEW,
        // Without its container nobody knows whether `app:2` has begun: then it goes on.
        may_run: &[ONE, NEW],
    };
    story.told();
}

#[test]
fn a_recovery_that_goes_on() {
    const NEW: TestRelease =
        TestRelease { app: "app:2", jelly: "jelly:2", web: "web:2", page: "2", ..TWO };
    let story = Story {
        name: "a recovery that goes on",
        before: |house| {
            lived_in(house);
            cut_off(house, "has started app", |it| drop(it.deploy(&NEW)));
        },
        act: |house| house.recover().map(drop),
        then: NEW,
        may_run: &[NEW],
    };
    story.told();
}

#[test]
fn a_recovery_of_a_rollback_that_restores() {
    let story = Story {
        name: "a recovery of a rollback that restores",
        before: |house| {
            lived_in_twice(house);
            cut_off(house, "has started app", |it| drop(it.rollback(None, RESTORE)));
        },
        act: |house| house.recover().map(drop),
        then: TestRelease { id: "release3", ..MIGRATED },
        may_run: &[MIGRATED],
    };
    story.told();
}

#[test]
fn a_rollback_across_no_data() {
    const OTHER: TestRelease = TestRelease { web: "web:2", page: "2", ..TWO };
    let story = Story {
        name: "a rollback across no data",
        before: |house| {
            lived_in(house);
            house.deploy(&OTHER).expect("a deploy without any fault");
        },
        act: |house| house.rollback(None, Data::default()).map(drop),
        then: TestRelease { id: "release3", ..OTHER },
        may_run: &[ONE, OTHER],
    };
    story.told();
}
