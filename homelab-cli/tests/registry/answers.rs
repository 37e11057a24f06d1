//! Registries that page, ask for tokens, are down, lie, or stop in the middle.

use std::net::TcpListener;

use crate::front::{Answer, Front};
use crate::world::{World, next, row};

/// A later release of Jellyfin, behind a front that changes what is said of it.
fn behind(alter: impl Fn(&str, Answer) -> Answer + Send + 'static) -> (World, Front, String) {
    let mut world = World::new();
    world.push("JELLYFIN", &next(&world.pin("JELLYFIN").tag, 900), 100);
    let front = Front::start(&world.server.address, alter);
    world.mirror("docker.io", &front.address);
    let before = world.text();
    (world, front, before)
}

#[test]
fn pages_are_followed_to_the_last() {
    // Debian's registry lists all at once: the front makes pages of one tag of it.
    let (world, front, _) = behind(|path, mut answer| {
        if !path.contains("/tags/list") || answer.status != 200 {
            return answer;
        }
        let mut page: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        let tags: Vec<String> =
            serde_json::from_value(page["tags"].take()).expect("a list of tags");
        let last = path.split("last=").nth(1).and_then(|it| it.split('&').next());
        let at =
            last.map_or(0, |last| tags.iter().position(|it| it == last).map_or(0, |it| it + 1));
        page["tags"] = serde_json::json!([tags[at]]);
        answer.body = page.to_string().into_bytes();
        if at + 1 < tags.len() {
            let path = path.split('?').next().unwrap_or(path);
            let link = format!("<{path}?last={}&n=1>; rel=\"next\"", tags[at]);
            answer.headers.push(("Link".to_owned(), link));
        }
        answer
    });
    let report = world.json(&[]);
    let tag = next(&world.pin("JELLYFIN").tag, 900);
    assert_eq!(row(&report, "JELLYFIN")["newest"]["tag"], tag);
    let pages = front.asked();
    let of_jellyfin = |it: &&String| it.starts_with("/v2/jellyfin/jellyfin/tags/list");
    assert_eq!(pages.iter().filter(of_jellyfin).count(), 2, "{pages:?}");
}

#[test]
fn a_registry_that_wants_a_token_gets_one() {
    let token_server = TcpListener::bind("127.0.0.1:0").expect("this machine has a loopback");
    let realm = token_server.local_addr().expect("it was just bound");
    // The registry's own check of tokens, which takes any.
    let auth = format!("auth:\n  silly:\n    realm: http://{realm}/token\n    service: house\n");
    let world = World::with(&auth);
    let address = world.server.address.clone();
    let front = Front::on(token_server, &address, |path, _| {
        assert!(path.starts_with("/token?"), "{path}");
        let body = br#"{"token": "anything"}"#.to_vec();
        Answer { status: 200, body, ..Answer::default() }
    });
    let (code, out, err) = world.run(&[]);
    assert_eq!(code, 0, "{out}{err}");
    // One for each image, and no more.
    assert_eq!(front.asked().len(), world.pins.len(), "{:?}", front.asked());
    let scope = "/token?scope=repository%3Ajellyfin%2Fjellyfin%3Apull&service=house";
    assert!(front.asked().iter().any(|it| it == scope), "{:?}", front.asked());
}

#[test]
fn a_registry_that_is_down_stops_no_other() {
    let mut world = World::new();
    let closed = TcpListener::bind("127.0.0.1:0").expect("this machine has a loopback");
    let address = closed.local_addr().expect("it was just bound").to_string();
    drop(closed);
    world.mirror("ghcr.io", &address);
    let tag = next(&world.pin("JELLYFIN").tag, 900);
    world.push("JELLYFIN", &tag, 100);
    let (code, out, err) = world.run(&["--update"]);
    assert_eq!(code, 4, "{out}{err}");
    assert_eq!(out.matches("failed: ").count(), 3, "all of GitHub's, and no other: {out}");
    let reason = format!("failed: `{address}` gives no whole answer about `ghcr.io/");
    assert_eq!(out.matches(&reason).count(), 3, "{out}");
    let list = "`IMMICH_SERVER`, `IMMICH_MACHINE_LEARNING`, `POSTGRES`";
    let errors = format!("error: could not look up {list}\n  help: check this machine's");
    assert!(err.contains(&errors), "{err}");
    assert!(
        world.text().contains(&format!("jellyfin:{tag}@sha256:")),
        "the others are written: {out}"
    );
}

#[test]
fn an_answer_that_lies_about_its_digest_is_not_written() {
    for what in ["/manifests/1", "/manifests/sha256:", "/blobs/sha256:"] {
        let (world, _front, before) = behind(move |path, mut answer| {
            if path.contains("jellyfin") && path.contains(what) {
                answer.body.push(b'\n');
            }
            answer
        });
        let (code, out, err) = world.run(&["--update"]);
        assert_eq!(code, 4, "{what}: {out}");
        assert!(out.contains("has the digest `sha256:"), "{what}: {out}");
        assert!(err.contains("help: do not use this answer"), "{what}: {err}");
        assert_eq!(world.text(), before, "{what}");
    }
}

#[test]
fn half_an_answer_is_not_written() {
    for what in ["/tags/list", "/manifests/1", "/blobs/sha256:"] {
        let (world, _front, before) = behind(move |path, mut answer| {
            if path.contains("jellyfin") && path.contains(what) {
                answer.missing = 10;
            }
            answer
        });
        let (code, out, err) = world.run(&["--update"]);
        assert_eq!(code, 4, "{what}: {out}");
        assert!(err.contains("error: could not look up `JELLYFIN`\n"), "{what}: {err}");
        assert_eq!(world.text(), before, "{what}");
    }
}

#[test]
fn an_image_that_is_gone_is_named() {
    let (world, _front, before) = behind(|path, answer| {
        let gone = path.starts_with("/v2/jellyfin/");
        if gone { Answer { status: 404, ..Answer::default() } } else { answer }
    });
    let (code, out, _) = world.run(&["--update"]);
    assert_eq!(code, 4, "{out}");
    assert!(out.contains("has nothing at `/v2/jellyfin/jellyfin/tags/list?n=1000`"), "{out}");
    assert_eq!(world.text(), before);
}
