//! Wrong logins, and where the right one is written.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::world::{World, basic, status};

const GUARDED: &str = "files.home.arpa";

/// What is compared, because one round may meet a machine that is busy with other things.
const ROUNDS: usize = 3;

/// Half of them for the right user, half for one that Caddy would compare with a hash of its own.
///
/// A slow machine is slow whatever it is asked: so the limit is 200 ms, or twice what as many requests
/// without a login cost, and a second where that is slow, too; an outage takes many seconds.
#[test]
fn three_hundred_wrong_logins_at_once_slow_no_other_site_down() {
    let world = World::new(&[]);
    let harmless = median(|| flood(&world, |_| String::new()));
    let guesses = median(|| {
        flood(&world, |at| {
            let user = if at % 2 == 0 { "admin".to_owned() } else { format!("user-{at}") };
            basic(&user, &format!("wrong-{at}"))
        })
    });
    let limit = Duration::from_millis(200).max(harmless * 2).min(Duration::from_secs(1));
    assert!(guesses < limit, "another site took {guesses:?}, without logins {harmless:?}");
}

/// The middle one of several rounds.
fn median(round: impl FnMut() -> Duration) -> Duration {
    let mut rounds: Vec<_> = std::iter::repeat_with(round).take(ROUNDS).collect();
    rounds.sort();
    rounds[ROUNDS / 2]
}

/// The longest that another site takes while a guarded one refuses 300 requests at once.
fn flood(world: &World, header: impl Fn(usize) -> String) -> Duration {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            while !done.load(Ordering::Relaxed) || longest.is_zero() {
                let start = Instant::now();
                assert_eq!(status(&world.get("photos.home.arpa", "/", &[])), 200);
                longest = longest.max(start.elapsed());
            }
            longest
        });
        let ask = |at| {
            let header = header(at);
            scope.spawn(move || {
                let headers: &[&str] = if header.is_empty() { &[] } else { &[&header] };
                status(&world.get(GUARDED, "/", headers))
            })
        };
        let refused: Vec<_> = (0..300).map(ask).collect();
        for one in refused {
            assert_eq!(one.join().expect("no request panics"), 401);
        }
        done.store(true, Ordering::Relaxed);
        other.join().expect("the other site answers")
    })
}

#[test]
fn only_user_and_password_of_the_house_enter() {
    let world = World::new(&[]);
    for (user, password) in
        [("admin", "wrong"), ("nobody", "wrong"), ("", ""), ("admi", "n"), ("Admin", "wrong")]
    {
        let answer = world.get(GUARDED, "/", &[&basic(user, password)]);
        assert_eq!(status(&answer), 401, "{user}: {answer}");
        assert_eq!(
            status(&world.get(GUARDED, "/", &[&basic(user, &world.password)])),
            if user == "admin" { 200 } else { 401 },
            "{user}"
        );
    }
    let right = basic("admin", &world.password);
    world.asked();
    // Whoever comes with two says the first.
    let answer = world.get(GUARDED, "/", &[&basic("nobody", "wrong"), &right]);
    assert_eq!((status(&answer), world.asked().len()), (401, 0), "{answer}");
    // The scheme's name has no case.
    assert_eq!(status(&world.get(GUARDED, "/", &[&right.replace("Basic", "bASIC")])), 200);
    // A stranger's browser asks for the login.
    for header in [&[][..], &[&*basic("nobody", "x")]] {
        let answer = world.get(GUARDED, "/", header);
        assert!(answer.contains("Www-Authenticate: Basic"), "{answer}");
    }
}

/// A house from before has no hint of its user; what somebody writes by hand has none either.
#[test]
fn a_line_without_a_hint_lets_its_user_enter() {
    let world = World::with_login(&[], |line| line.split(" #").next().unwrap_or("").to_owned());
    assert_eq!(status(&world.get(GUARDED, "/", &[&basic("admin", &world.password)])), 200);
    assert_eq!(status(&world.get(GUARDED, "/", &[&basic("admin", "wrong")])), 401);
}

/// So a body needs no limit on a guarded route, through which files are uploaded: of a gigabyte
/// the proxy reads a quarter of a megabyte, as Go's server does before it hangs up.
#[test]
fn who_is_not_let_in_is_told_before_the_body_has_come() {
    let world = World::new(&[]);
    let head = format!("PUT / HTTP/1.1\r\nHost: {GUARDED}\r\nContent-Length: 1000000000\r\n\r\n");
    let start = [head.into_bytes(), vec![b'x'; 300_000]].concat();
    assert_eq!(status(&world.send(&start)), 401);
    assert!(world.asked().is_empty());
}

#[test]
fn neither_hash_nor_password_stands_in_the_log() {
    let usual: fn(String) -> String = |line| line;
    let too_much: fn(String) -> String = |line| line.replacen('#', "too much #", 1);
    for (line, works) in [(usual, true), (too_much, false)] {
        let world = World::with_login(&[], line);
        let login = world.login_line();
        let hash = login.split(' ').nth(1).expect("user and hash");
        if works {
            world.get(GUARDED, "/", &[&basic("admin", "wrong-password")]);
            world.get(GUARDED, "/", &[&basic("admin", &world.password)]);
        }
        let log = world.log();
        assert_eq!(log.contains("serving initial configuration"), works, "{log}");
        for secret in [hash, world.password.as_str(), "wrong-password", "d3Jvbmc"] {
            assert!(!log.contains(secret), "{log}");
        }
    }
}
