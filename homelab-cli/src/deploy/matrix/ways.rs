//! The ways out of a broken house, and what every verb does with files that nobody can read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use homelab_core::checks::finding::Severity;
use homelab_core::dsl::image::context_tag;
use homelab_core::release::plan::Action;
use homelab_core::report::receipt::{Deed, Outcome};

use super::super::between::Data;
use super::super::journal::Journal;
use super::super::lock::{self, Lock};
use super::super::receipt::tests::id;
use super::super::release::{MANIFEST, RESOLVED};
use super::super::{receipt, status};
use super::check::ROWS;
use super::docker::Container;
use super::house::{DOTENV, ONE, TestHouse, TestRelease};
use super::injection::{self, Fault};
use super::{KEEP, RESTORE, cut_off, lived_in};
use crate::bytes::sha256;
use crate::error::Error;
use crate::message;
use crate::released::COMPOSE;

const SICK: TestRelease = TestRelease { id: "release2", app: "app:2", web: "web:2-sick", ..ONE };
const SICK_JELLY: TestRelease = TestRelease { id: "release2", jelly: "jelly:2-sick", ..ONE };

/// A house that a release with migrated data has left broken.
fn broken(release: &TestRelease) -> TestHouse {
    let house = TestHouse::new();
    lived_in(&house);
    house.deploy(release).expect_err("one of its services never gets well");
    house.holds(&[release]).expect("it is broken as documented");
    house
}

fn help(house: &TestHouse) -> String {
    let status = status::status(&house.place);
    assert!(status.drift, "{status:#?}");
    status.broken.expect("it is broken").replace(&house.place.root.display().to_string(), "[HOUSE]")
}

fn images(house: &TestHouse) -> Vec<String> {
    house.docker.borrow().containers.iter().map(|it| it.image().to_owned()).collect()
}

#[test]
fn a_broken_house_says_what_leads_out() {
    let house = broken(&SICK);
    insta::assert_snapshot!(help(&house), @"deploy a release that mends it, or go back with `homelab rollback --restore`; it puts back [HOUSE]/dumps/20260101T000001Z-release2-db-house.sql.gz, and what was written since is kept");
    let receipts = receipt::load_all(&house.place).expect("they can be read");
    let because = receipts.last().and_then(|it| it.because.clone()).unwrap_or_default();
    let because = because.replace(&house.place.root.display().to_string(), "[HOUSE]");
    insta::assert_snapshot!(because, @r"
    `web` is unhealthy; its log is kept on the host: [HOUSE]/state/unwell.log
    the house stays on release2: `app` may have changed data for it, and the older release release1 cannot work on that
      `app`: its releases migrate the data
    ");
    let house = broken(&SICK_JELLY);
    insta::assert_snapshot!(help(&house), @"deploy a release that mends it, or go back with `homelab rollback --keep-data`; before that, put back a copy of the volumes of `jelly` from before, which no dump of this host replaces");
}

#[test]
fn a_broken_house_is_restored_with_the_dump_of_before() {
    let house = broken(&SICK);
    house.write_row("row of the broken release");
    house.rollback(None, RESTORE).expect("the dump is known");
    house.holds(&[&ONE]).expect("it runs as before");
    let docker = house.docker.borrow();
    assert!(docker.databases["house"].rows.contains(ROWS[1]));
    assert!(!docker.databases["house"].rows.contains("row of the broken release"));
    let kept = docker.databases.iter().any(|(name, it)| {
        name.contains("_before_") && it.rows.contains("row of the broken release")
    });
    assert!(kept, "{:?}", docker.databases);
}

#[test]
fn a_broken_house_goes_back_on_the_data_as_it_is_when_a_person_says_so() {
    let house = broken(&SICK_JELLY);
    let refused = house.rollback(None, Data::default()).expect_err("data stands between");
    assert!(matches!(refused, Error::DataBetween { .. }), "{refused}");
    house.docker.borrow_mut().keep_data = true;
    house.rollback(None, KEEP).expect("a person has said so");
    house.holds(&[&ONE]).expect("it runs as before");
}

#[test]
fn a_broken_house_is_mended_by_a_later_release_and_not_by_an_older_one() {
    let house = broken(&SICK);
    house.deploy(&ONE).expect_err("its data is newer");
    house.holds(&[&SICK]).expect("nothing was touched");
    let mended = TestRelease { id: "release3", web: "web:3", ..SICK };
    house.deploy(&mended).expect("it is well");
    house.holds(&[&mended]).expect("it is whole");
}

#[test]
fn recover_repeats_what_leads_out_until_the_house_is_well() {
    let house = broken(&SICK);
    let before = receipt::load_all(&house.place).expect("they can be read");
    let said = house.recover().expect("there is nothing to do").expect("it is broken");
    assert_eq!(Some(&said), before.last());
    assert_eq!(receipt::load_all(&house.place).expect("they can be read"), before);
    // As when a long migration has ended.
    house.docker.borrow_mut().cured = true;
    let said = house.recover().expect("there is nothing to do").expect("it is told");
    assert_eq!((said.what, said.outcome), (Deed::Recover, Outcome::Deployed));
    assert!(house.recover().expect("it is well").is_none());
    assert!(!status::status(&house.place).drift);
}

#[test]
fn what_is_under_way_is_not_stopped_by_the_way_back() {
    let house = broken(&SICK);
    let docker = house.docker.borrow();
    assert_eq!(docker.of("app").map(Container::image).collect::<Vec<_>>(), ["app:2"]);
    // Made once, and started once: nothing stopped it since.
    assert_eq!(docker.stops.iter().filter(|it| it.starts_with("app:2")).count(), 0);
}

#[test]
fn a_note_that_cannot_be_read_stops_every_verb_but_status() {
    for text in ["", "{", "{\"id\":\"x\",\"what\":\"renovate\"}"] {
        let house = TestHouse::new();
        lived_in(&house);
        fs::write(house.place.journal(), text).expect("the folder is ours");
        let before = images(&house);
        for said in [
            house.deploy(&TestRelease { id: "release2", web: "web:2", ..ONE }).map(drop),
            house.rollback(None, Data::default()).map(drop),
            house.recover().map(drop),
        ] {
            let error = said.expect_err("nobody knows what was under way");
            let hint = error.hint().unwrap_or_default();
            assert!(hint.contains("`homelab status`") && hint.contains("sudo mv "), "{hint}");
        }
        let status = status::status(&house.place);
        let found = status.findings.iter().find(|it| it.rule == "drift-interrupted");
        assert!(found.is_some_and(|it| it.help.contains("sudo mv ")), "{:#?}", status.findings);
        assert_eq!(images(&house), before);
        // What the hint says.
        let note = house.place.journal();
        fs::rename(&note, note.with_extension("json.unreadable")).expect("the folder is ours");
        house.deploy(&TestRelease { id: "release2", web: "web:2", ..ONE }).expect("it works again");
    }
}

#[test]
fn without_its_note_a_cut_off_deploy_is_not_gone_behind() {
    let house = TestHouse::new();
    lived_in(&house);
    // Killed after `app:2` has begun, and the note is lost.
    let two = TestRelease { id: "release2", app: "app:2", ..ONE };
    cut_off(&house, "has started app", |it| drop(it.deploy(&two)));
    Journal::remove(&house.place).expect("the folder is ours");
    house.deploy(&TestRelease { id: "release3", page: "3", ..ONE }).expect_err("`app:2` ran");
    house.deploy(&TestRelease { id: "release4", page: "3", ..two }).expect("it is no step back");
}

#[test]
fn lines_of_receipts_that_cannot_be_read_are_told_and_passed_over() {
    let house = TestHouse::new();
    lived_in(&house);
    let path = house.place.receipts();
    let mut text = fs::read_to_string(&path).expect("it was written");
    text.insert_str(0, "torn\n");
    fs::write(&path, text).expect("the folder is ours");
    let status = status::status(&house.place);
    assert!(!status.drift);
    let found = status.findings.iter().find(|it| it.rule == "drift-receipts");
    assert!(found.is_some_and(|it| it.message.contains("line 1:")), "{:#?}", status.findings);
    house
        .deploy(&TestRelease { id: "release2", web: "web:2", ..ONE })
        .expect("it works all the same");
    house.rollback(None, Data::default()).expect("it works all the same");
    house.holds(&[&ONE]).expect("it runs as before");
}

#[test]
fn a_release_without_its_manifest_is_mended_by_its_own_deploy() {
    for text in ["", "{}"] {
        let house = TestHouse::new();
        lived_in(&house);
        house.deploy(&TestRelease { id: "release2", web: "web:2", ..ONE }).expect("it is well");
        let current = house.place.current().expect("a link").expect("something runs");
        let path = house.place.release(&current).join(MANIFEST);
        fs::write(&path, text).expect("the folder is ours");
        let before = images(&house);
        let error = house.rollback(None, Data::default()).expect_err("nobody knows what runs");
        let said = (message::chain(&error), error.hint().unwrap_or_default());
        assert!(said.0.contains("is not a manifest") && said.1 == "deploy that commit again");
        let status = status::status(&house.place);
        assert!(status.drift && status.health.is_none(), "{status:#?}");
        assert!(status.findings.iter().any(|it| (&it.message, &it.help) == (&said.0, &said.1)));
        assert!(house.recover().expect("nothing was interrupted").is_none());
        assert_eq!(images(&house), before);
        house.deploy(&TestRelease { id: "release2", web: "web:2", ..ONE }).expect("it is mended");
        assert!(!status::status(&house.place).drift);
    }
}

#[test]
fn a_database_that_was_put_back_stands_between_no_later_releases() {
    let house = TestHouse::new();
    lived_in(&house);
    house.deploy(&TestRelease { id: "release2", db: "db:2", ..ONE }).expect("it is well");
    // Its server takes the volume of the newer one, as one of the same major version does.
    house.docker.borrow_mut().keep_data = true;
    house.rollback(None, RESTORE).expect("its dump is known");
    for (id, web) in [("release3", "web:3"), ("release4", "web:4")] {
        house.deploy(&TestRelease { id, web, ..ONE }).expect("it is well");
    }
    house.rollback(None, Data::default()).expect("no data stands between");
    house
        .holds(&[&TestRelease { id: "release3", web: "web:3", ..ONE }])
        .expect("it runs as before");
}

#[test]
fn what_compose_has_of_its_own_decides_nothing() {
    let house = TestHouse::new();
    lived_in(&house);
    house.docker.borrow_mut().registry.insert("web:2".to_owned());
    // Compose knows it, and `.env` does not.
    let two = TestRelease { id: "release2", web: "web:${HOME:+of-compose}2", ..ONE };
    house.deploy(&two).expect("it is well");
    let docker = house.docker.borrow();
    let web = docker.of("web").next().expect("it runs");
    assert_eq!(web.image(), "web:2");
}

#[test]
fn an_image_is_built_before_anything_is_touched() {
    let house = TestHouse::new();
    lived_in(&house);
    let ids = || -> Vec<_> {
        house.docker.borrow().containers.iter().map(|it| (it.id.clone(), it.started)).collect()
    };
    let before = ids();
    let built = |id, page: &'static str| {
        let hash = sha256(page.as_bytes());
        let tag = context_tag([("Dockerfile", hash.as_str())].into_iter());
        TestRelease { id, page, web: format!("localhost/hello:{tag}").leak(), ..ONE }
    };
    let failed = house.deploy(&built("release2", "FROM missing\n"));
    let failed = failed.expect_err("it cannot be built").to_string();
    assert!(failed.contains("could not be built") && failed.contains("Refused"), "{failed}");
    assert_eq!(ids(), before);
    let fine = built("release3", "FROM scratch\n");
    house.deploy(&fine).expect("it is well");
    let image = || house.docker.borrow().of("web").next().expect("it runs").image().to_owned();
    assert_eq!(image(), fine.web);
    house.deploy(&TestRelease { id: "release4", web: "web:4", ..ONE }).expect("it is well");
    // Somebody has tidied up.
    house.docker.borrow_mut().images.remove(fine.web);
    house.rollback(Some(&id("release3")), Data::default()).expect("it is built again");
    assert_eq!(image(), fine.web);
}

#[test]
fn an_edited_file_of_the_release_that_runs_comes_back_and_no_container_is_touched() {
    let house = TestHouse::new();
    lived_in(&house);
    let path = house.place.release(&id(ONE.id)).join(COMPOSE);
    let text = fs::read_to_string(&path).expect("it was written");
    fs::write(&path, text.replace("LEVEL:-0", "LEVEL:-1} ${X:-")).expect("the folder is ours");
    let ids = |house: &TestHouse| -> Vec<_> {
        house.docker.borrow().containers.iter().map(|it| (it.id.clone(), it.started)).collect()
    };
    let before = ids(&house);
    let said = house.deploy(&ONE).expect("it is well");
    assert_eq!(said.outcome, Outcome::NothingToDo, "{said:#?}");
    assert_eq!(ids(&house), before);
    assert_eq!(fs::read_to_string(&path).expect("it is there"), text);
}

#[test]
fn who_is_at_work_is_told_by_status_and_is_no_drift() {
    let house = TestHouse::new();
    lived_in(&house);
    let told = || {
        let status = status::status(&house.place);
        let at_work = status.findings.into_iter().find(|it| it.message.contains("at work: "));
        (status.drift, at_work.map(|it| (it.rule, it.message)))
    };
    assert!(lock::is_free(&house.place));
    let lock = Lock::take(&house.place, "a deploy", "grace").expect("it is free");
    let process = format!("process {}", std::process::id());
    let (drift, Some((rule, message))) = told() else { panic!("nobody is at work") };
    assert_eq!((drift, rule.as_str()), (false, "drift-busy"));
    assert!(
        message.contains("a deploy of grace since 2") && message.ends_with(&process),
        "{message}"
    );
    // One that has come as far as its note.
    drop(lock);
    cut_off(&house, "has made web", |house| {
        drop(house.deploy(&TestRelease { id: "release2", web: "web:2", ..ONE }));
    });
    assert!(lock::is_free(&house.place));
    let _lock = Lock::take(&house.place, "a deploy", "grace").expect("it is free");
    let (drift, Some((rule, message))) = told() else { panic!("nobody is at work") };
    assert_eq!((drift, rule.as_str()), (true, "drift-interrupted"));
    assert!(message.contains("release2` by ada") && message.ends_with(&process), "{message}");
}

/// A service like Homer, whose digest is the default of a variable.
#[test]
fn a_service_follows_its_tag_where_the_settings_take_its_digest_away() {
    const FIRST: TestRelease = TestRelease { web: "web:1${WEB_DIGEST-@sha256:a}", ..ONE };
    let house = TestHouse::new();
    house.keep.set(0);
    house.docker.borrow_mut().registry.extend(["web:1@sha256:a", "web:1"].map(str::to_owned));
    house.deploy(&FIRST).expect("it is well");
    let found = || {
        let status = status::status(&house.place);
        let wrong = status.findings.into_iter().filter(|it| it.severity == Severity::Error);
        wrong.map(|it| format!("{} {}", it.rule, it.subject)).collect::<Vec<_>>()
    };
    assert_eq!(found(), [""; 0]);
    // Pinned: another image under that name is drift.
    house.docker.borrow_mut().digest = Some("sha256:b".to_owned());
    assert_eq!(found(), ["drift-digest web"]);
    // Following: it is what the updater brings, and nothing that a deploy would touch.
    house.set_dotenv(&format!("{DOTENV}WEB_DIGEST=\n"));
    let happened = house.deploy(&FIRST).expect("it is well").happened;
    assert_eq!(happened.into_iter().collect::<Vec<_>>(), [("web".to_owned(), Action::Recreated)]);
    assert!(images(&house).contains(&"web:1".to_owned()));
    assert_eq!(found(), [""; 0]);
    let said = house.deploy(&FIRST).expect("it is well");
    assert_eq!(said.outcome, Outcome::NothingToDo, "{said:#?}");
    // Neither of its images outlives it.
    house.deploy(&TestRelease { id: "release2", web: "web:2", ..ONE }).expect("it is well");
    let left: Vec<_> = house.docker.borrow().images.iter().cloned().collect();
    assert_eq!(left, ["app:1", "db:1", "extra:1", "jelly:1", "notes:1", "web:2"]);
}

#[test]
fn a_deploy_reads_the_settings_once() {
    let house = TestHouse::new();
    let two = TestRelease { id: "release2", web: "web:2", ..ONE };
    let back = || drop(house.rollback(None, Data::default()).expect("it is well"));
    let deeds: [(&dyn Fn(), &str); 3] = [
        (&|| drop(house.deploy(&ONE).expect("it is well")), ONE.id),
        (&|| drop(house.deploy(&two).expect("it is well")), two.id),
        (&back, ONE.id),
    ];
    for (deed, release) in deeds {
        let calls = injection::with(Fault::None, deed).1.engine;
        let resolved = house.place.release(&id(release)).join(RESOLVED);
        let expected = format!(" --env-file /dev/null --file {} ", resolved.display());
        let composed =
            calls.iter().filter(|it| it.starts_with("before `docker compose")).collect::<Vec<_>>();
        assert!(!composed.is_empty());
        assert!(composed.iter().all(|it| it.contains(&expected)), "{composed:#?}");
        for path in [house.place.staged(&id(release)), resolved] {
            let mode = fs::metadata(&path).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
    }
    // Edited while a deploy is cut off: its end brings what it began with.
    let sick = TestRelease { id: "release3", app: "app:2", ..two };
    cut_off(&house, "has started app", |it| drop(it.deploy(&sick)));
    house.set_dotenv(&DOTENV.replace("LEVEL=1", "LEVEL=2"));
    house.recover().expect("it is ended").expect("something was interrupted");
    let applied = fs::read_to_string(house.place.applied(&id(sick.id))).expect("it is well");
    assert_eq!(applied, DOTENV);
}
