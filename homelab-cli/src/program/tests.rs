//! A program that hangs, in every way in which one is called.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser as _;
use serde_json::json;

use super::*;
use crate::commands::receive;
use crate::deploy::bundle::Bundle;
use crate::deploy::dump::Database;
use crate::deploy::place::HousePlace;
use crate::docker::{self, seen::Seen};
use crate::house_folder::HouseFolder;
use crate::ssh::Remote;
use crate::ui::Ui;

/// Long for a machine, short for a test.
const SHORT: Duration = Duration::from_millis(300);

fn nowhere() -> [Sink; 2] {
    [Box::new(io::sink()), Box::new(io::sink())]
}

fn shell(line: &str) -> Program {
    Program::new("sh", Limit::Total(SHORT)).args(["-c", line])
}

/// It is killed soon after its limit, and not before.
#[track_caller]
fn is_late<T: std::fmt::Debug>(call: impl FnOnce() -> Result<T, Failure>) {
    let started = Instant::now();
    let ended = call();
    assert!(matches!(ended, Err(Failure::Late(_))), "{ended:?}");
    let took = started.elapsed();
    assert!(took >= SHORT && took < SHORT * 20, "{took:?}");
}

#[test]
fn a_program_that_hangs_is_ended() {
    is_late(|| shell("sleep 60").output());
    is_late(|| shell("exec >&- 2>&-; sleep 60").output());
    is_late(|| shell("sleep 60").output_into(io::sink()));
    is_late(|| shell("sleep 60").fed(|pipe| pipe.write_all(&vec![0; 1 << 20])));
    is_late(|| shell("sleep 60").shown(&vec![0; 1 << 20], nowhere()));
}

#[test]
fn what_it_has_started_ends_with_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("pid");
    // As `docker compose` does: the plugin is a process of its own.
    let line = format!("sh -c 'echo $$ > {}; sleep 60; true' ; true", file.display());
    is_late(|| shell(&line).output());
    let pid = fs::read_to_string(file).expect("it was written").trim().to_owned();
    // Killed is not yet ended: on a busy machine that takes a moment.
    let runs =
        || fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|it| !it.contains(") Z"));
    let patience = Instant::now();
    while runs() && patience.elapsed() < Duration::from_secs(10) {
        thread::sleep(INTERVAL);
    }
    assert!(!runs(), "{pid} goes on");
}

#[test]
fn who_gives_or_takes_bytes_is_not_idle_but_ends_all_the_same() {
    let idle = |line: &str, total| {
        Program::new("sh", Limit::Idle { pause: SHORT, total }).args(["-c", line])
    };
    let slow = "for i in 1 2 3 4 5 6; do sleep 0.1; echo $i; done";
    let output = idle(slow, SHORT * 100).output().expect("a line comes in time, again and again");
    assert_eq!(output.stdout, b"1\n2\n3\n4\n5\n6\n");
    is_late(|| idle("echo 1; sleep 60", SHORT * 100).output());
    let endless = idle("while :; do sleep 0.1; echo x; done", SHORT * 2).output_into(io::sink());
    let is_total = |it: &Failure| matches!(it, Failure::Late(Limit::Total(_)));
    assert!(endless.as_ref().is_err_and(is_total), "{endless:?}");
}

#[test]
fn what_is_kept_in_memory_has_a_limit() {
    for (line, streams) in [("cat /dev/zero", 1), ("cat /dev/zero >&2", 2)] {
        let ended = Program::new("sh", Limit::QUESTION).args(["-c", line]).output();
        let Err(Failure::Pass(error)) = ended else { panic!("stream {streams} has no limit") };
        assert_eq!(error.to_string(), "it wrote more than 64 MiB");
    }
}

#[test]
fn what_a_daemon_keeps_open_is_not_waited_for() {
    let patient = |line: &str| Program::new("sh", Limit::Total(LAST_WORDS * 5)).args(["-c", line]);
    let output = patient("echo said; sleep 20 & exit 3").output().expect("it has ended");
    assert_eq!((output.status.code(), output.stdout), (Some(3), b"said\n".to_vec()));
    // What still comes is waited for.
    let late = "(for i in 1 2 3 4; do sleep 0.5; echo $i; done) & exit 0";
    assert_eq!(patient(late).output().expect("it has ended").stdout, b"1\n2\n3\n4\n");
    // And so is a disk that is slow.
    let slow = patient("echo said").output_into(Slow(LAST_WORDS * 2));
    assert!(slow.is_ok() && SLOW_IS_DONE.load(Ordering::SeqCst), "{slow:?}");
}

static SLOW_IS_DONE: AtomicBool = AtomicBool::new(false);

/// A disk that takes this long.
struct Slow(Duration);

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        thread::sleep(self.0);
        SLOW_IS_DONE.store(true, Ordering::SeqCst);
        Ok(())
    }
}

#[test]
fn what_goes_in_comes_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("out");
    let output = shell("cat; echo no >&2; exit 3").fed(|pipe| pipe.write_all(b"words"));
    let output = output.expect("it ends");
    assert_eq!((output.status.code(), output.stdout), (Some(3), b"words".to_vec()));
    assert_eq!(output.stderr, b"no\n");
    let file = File::create(&path).expect("it is ours");
    shell("echo more").output_into(file).expect("it ends");
    assert_eq!(fs::read(&path).expect("it was written"), b"more\n");
    assert!(shell("true").shown(b"", nowhere()).expect("it ends").success());
}

#[test]
fn what_is_cut_off_does_not_look_like_an_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("whole");
    let line = format!("cat >/dev/null && touch {}", path.display());
    let fed = shell(&line).fed(|pipe| {
        pipe.write_all(b"half")?;
        Err(io::Error::other("the file ends here"))
    });
    assert!(matches!(fed, Err(Failure::Pass(_))), "{fed:?}");
    assert!(!path.exists());
    // A program that ends by itself has the last word.
    let ended = shell("exit 4").fed(|pipe| pipe.write_all(&vec![0; 1 << 20]));
    assert_eq!(ended.expect("it ends").status.code(), Some(4));
    // A disk that is full ends the program that fills it.
    let full = File::options().write(true).open("/dev/full").expect("Linux has it");
    let ended = shell("while echo x; do :; done").output_into(full);
    assert!(matches!(ended, Err(Failure::Pass(_))), "{ended:?}");
}

#[test]
fn the_error_names_the_call_and_the_limit() {
    let error = Failure::Late(Limit::QUESTION).of("docker ps", "");
    assert_eq!(error.to_string(), "`docker ps` did not end within 60 s, and was ended");
    let error = Failure::Late(Limit::LOAD).of("psql", "");
    let expected = "`psql` neither took nor gave a byte for 120 min, and was ended";
    assert_eq!(error.to_string(), expected);
    let missing = Program::new("no-such-program", Limit::QUESTION).output();
    let error = missing.expect_err("there is none").of("no-such-program", "install it");
    assert!(error.to_string().starts_with("cannot run `no-such-program`"), "{error}");
    assert_eq!(error.hint().as_deref(), Some("install it"));
}

#[test]
fn a_test_can_play_every_program() {
    let _played = played::by(|name, words, input| {
        let stdout = format!("{name} {} {}", words.join(" "), input.len()).into_bytes();
        let known = name == "docker";
        known.then(|| Output { status: ExitStatus::default(), stdout, stderr: Vec::new() })
    });
    let docker = || Program::new("docker", Limit::QUESTION).arg("ps");
    assert_eq!(docker().output().expect("it is played").stdout, b"docker ps 0");
    let fed = docker().fed(|pipe| pipe.write_all(b"four")).expect("it is played");
    assert_eq!(fed.stdout, b"docker ps 4");
    let other = Program::new("git", Limit::QUESTION).output();
    assert!(matches!(other, Err(Failure::Start(_))), "{other:?}");
}

/// Every call in its kind's time. The calls of a restore, which are many, are in the tests of dumps.
#[test]
fn no_kind_of_call_waits_for_ever() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place =
        HousePlace::open(folder.path(), &crate::house_folder::house_of_tests()).expect("it exists");
    place.make_folders().expect("it is ours");
    let database = json!({ "Id": "c", "Config": { "Labels": {
        "com.docker.compose.service": "db", "homelab.database": "postgres:admin/app",
    } } });
    let seen = Seen { containers: vec![database], ..Seen::default() };
    let file = homelab_core::compose::File::default();
    let database = Database::of(&seen, &file, "db").expect("the label says how");
    let dump = folder.path().join("dump.sql.gz");
    fs::write(&dump, whole_dump()).expect("it is ours");
    let _hanging = played::hanging(SHORT);
    let late = |name: &str, limit: Limit, ended: Result<(), Error>| {
        assert!(matches!(ended, Err(Error::Late { .. })), "{name}: {ended:?}");
        assert_eq!(played::limits(), [limit], "{name}");
    };
    let composed =
        |what, limit| docker::compose("house", folder.path(), &dump, &[what], limit).map(drop);
    assert!(matches!(docker::diagnose(&["version"]), Err(Failure::Late(_))));
    assert_eq!(played::limits(), [Limit::DOCTOR]);
    late("docker ps", Limit::QUESTION, docker::ask(&["ps"]).map(drop));
    late("docker inspect", Limit::QUESTION, docker::see_project("house").map(drop));
    late("docker logs", Limit::QUESTION, docker::attempt(&["logs", "c"]).map(drop));
    late("docker stop", Limit::DEED, docker::change(&["stop", "c"]));
    late("docker start", Limit::DEED, database.wake());
    late("docker compose up", Limit::DEED, composed("up", Limit::DEED));
    late("docker compose pull", Limit::PULL, composed("pull", Limit::PULL));
    late("pg_dump", Limit::DUMP, database.dump(&place, "x").map(drop));
    late("pg_database_size", Limit::QUESTION, database.size().map(drop));
    late("psql", Limit::DEED, database.restore(&dump, "kept"));
    late("git", Limit::QUESTION, Bundle::of_checkout(checkout(folder.path()), false).map(drop));
    let known = place.root.join("known_hosts");
    fs::write(&known, "").expect("it is ours");
    let far = ["homelab", "--host", "deploy@house.example", "--known-hosts"];
    let far = far.map(PathBuf::from).into_iter().chain([known]);
    let Far { remote } = Far::parse_from(far);
    let house =
        HouseFolder::open(crate::house_folder::house_of_tests(), place.root.clone(), "/".into())
            .expect("it exists");
    let asked = remote.receive(&mut Ui::silent(), &house, "deploy@house.example", &[], &[]);
    late("ssh", Limit::REMOTE, asked.map(drop));
    late("sudo", Limit::QUESTION, Err(receive::as_root(&place, &[])));
}

#[derive(clap::Parser)]
struct Far {
    #[command(flatten)]
    remote: Remote,
}

/// A dump that is whole.
fn whole_dump() -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"--\n-- PostgreSQL database dump complete\n--\n").expect("a vector");
    packed.finish().expect("a vector")
}

/// Something that looks like a checkout.
fn checkout(folder: &Path) -> &Path {
    fs::write(folder.join("compose.yaml"), "name: house\nservices: {}\n").expect("it is ours");
    folder
}
