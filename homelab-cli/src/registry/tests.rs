//! The client against registries that a test plays: tokens, pages, lies, silence.

use std::time::Duration;

use super::played::{Played, Reply};
use super::*;
use crate::message::chain;

const TAGS: &str = r#"{"name": "house/app", "tags": ["1.0.0", "1.1.0"]}"#;

fn client() -> Client {
    let time = Duration::from_secs(2);
    Client::new(Limits { time, pages: 5, ..Limits::default() }, Vec::new())
}

fn sorted_tags(played: &Played) -> Vec<String> {
    client().tags(&played.image()).expect("the registry answers")
}

/// An image with one manifest: what is answered to which path.
struct Image {
    index: String,
    manifest: String,
    config: String,
}

impl Image {
    fn new() -> Self {
        let config = r#"{"created": "2026-11-01T00:00:00Z"}"#.to_owned();
        let digest = bytes::digest(config.as_bytes());
        let manifest = format!(r#"{{"schemaVersion": 2, "config": {{"digest": "{digest}"}}}}"#);
        let digest = bytes::digest(manifest.as_bytes());
        let index = format!(
            r#"{{"schemaVersion": 2, "manifests": [{{"digest": "{digest}", "platform": {{"os": "linux", "architecture": "amd64"}}}}]}}"#
        );
        Self { index, manifest, config }
    }

    fn reply(&self, path: &str) -> Reply {
        let [index, manifest, config] = [&self.index, &self.manifest, &self.config]
            .map(|it| (bytes::digest(it.as_bytes()), it));
        let found = match path.rsplit('/').next().unwrap_or_default() {
            "1.0.0" => Some(&index),
            it if it == manifest.0 => Some(&manifest),
            it if it == config.0 => Some(&config),
            _ => None,
        };
        match found {
            Some((digest, body)) => {
                Reply::new(200, body.as_bytes()).header("Docker-Content-Digest", digest)
            }
            None => Reply::new(404, "{}"),
        }
    }
}

fn found(answer: impl Fn(&Image, &str) -> Reply + Send + 'static) -> Result<Found, String> {
    let image = Image::new();
    let played = Played::start(move |_, path, _| answer(&image, path));
    client().find(&played.image(), "1.0.0").map_err(|it| chain(&it).replace(&played.address, "[R]"))
}

#[test]
fn a_tag_is_found_with_its_age() {
    let found = found(Image::reply).expect("the registry is honest");
    assert_eq!(found.digest, bytes::digest(Image::new().index.as_bytes()));
    assert_eq!(found.created.map(|it| it.to_string()).as_deref(), Some("2026-11-01T00:00:00Z"));
}

#[test]
fn a_digest_that_is_not_that_of_the_bytes_is_refused() {
    for lie in ["manifests/1.0.0", "manifests/sha256", "blobs/sha256"] {
        let error = found(move |image, path| {
            let mut reply = image.reply(path);
            if path.contains(lie) {
                reply.body.push(b' ');
            }
            reply
        });
        let error = error.expect_err("somebody changed the bytes");
        assert!(error.contains("has the digest `sha256:"), "{lie}: {error}");
    }
}

#[test]
fn a_digest_that_is_none_reaches_no_address_and_no_file() {
    for (reply, path) in [
        (r#"{"manifests": [{"digest": "../../x"}]}"#, "manifests/1.0.0"),
        (r#"{"config": {"digest": "sha256:ABC"}}"#, "manifests/1.0.0"),
    ] {
        let played = Played::start(move |_, asked, _| {
            if asked.contains(path) { Reply::new(200, reply) } else { Reply::new(500, "") }
        });
        let error = client().find(&played.image(), "1.0.0").expect_err("that is no digest");
        assert!(matches!(error, Failure::Digest { .. }), "{error:?}");
        assert_eq!(played.asked().len(), 1);
    }
    let played =
        Played::start(|_, _, _| Reply::new(200, "").header("docker-content-digest", "sha256:\""));
    let error = client().digest(&played.image(), "1.0.0").expect_err("that is no digest");
    assert!(matches!(error, Failure::Digest { .. }), "{error:?}");
}

#[test]
fn half_an_answer_is_none() {
    let error = found(|image, path| {
        let mut reply = image.reply(path);
        reply.length = Some(reply.body.len());
        reply.body.truncate(20);
        reply
    });
    let error = error.expect_err("the answer ends too early");
    assert!(error.starts_with("`[R]` gives no whole answer about `[R]/house/app`: "), "{error}");
    let played = Played::start(|_, _, _| Reply::new(200, &TAGS[..20]));
    let error = client().tags(&played.image()).expect_err("the JSON ends too early");
    assert!(matches!(error, Failure::Malformed { .. }), "{error:?}");
}

#[test]
fn an_answer_without_end_is_given_up() {
    let limits = Limits { tags: 10, ..Limits::default() };
    let played = Played::start(|_, _, _| Reply::new(200, TAGS));
    let error = Client::new(limits, Vec::new()).tags(&played.image()).expect_err("it is longer");
    assert!(matches!(error, Failure::TooLong { limit: 10, .. }), "{error:?}");
}

#[test]
fn silence_is_given_up() {
    let played = Played::start(|_, _, _| {
        let mut reply = Reply::new(200, TAGS);
        std::thread::sleep(Duration::from_millis(600));
        reply.length = Some(1000);
        reply
    });
    let limits = Limits { time: Duration::from_millis(200), ..Limits::default() };
    let error = Client::new(limits, Vec::new()).tags(&played.image()).expect_err("it is too slow");
    assert!(chain(&error).contains("timeout"), "{}", chain(&error));
}

#[test]
fn a_registry_that_is_down_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a loopback");
    let address = listener.local_addr().expect("it was just bound").to_string();
    drop(listener);
    let error = client().tags(&format!("{address}/house/app")).expect_err("nobody listens");
    assert!(chain(&error).starts_with(&format!("`{address}` gives no whole answer")), "{error}");
    assert!(error.help().contains("try again"), "{}", error.help());
}

#[test]
fn each_status_has_its_words() {
    for (status, expected) in [(403, "login"), (404, "nothing"), (429, "for now"), (502, "502")] {
        let played = Played::start(move |_, _, _| Reply::new(status, ""));
        let error = client().tags(&played.image()).expect_err("that is no answer");
        assert!(error.to_string().contains(expected), "{status}: {error}");
    }
}

#[test]
fn pages_are_read_to_the_end() {
    let played = Played::start(|_, path, _| {
        let next = "</v2/house/app/tags/list?last=2&n=1000>; rel=\"next\"";
        match path {
            "/v2/house/app/tags/list?n=1000" => {
                Reply::new(200, r#"{"tags": ["1", "2"]}"#).header("Link", next)
            }
            _ => Reply::new(200, r#"{"tags": ["3"]}"#),
        }
    });
    assert_eq!(sorted_tags(&played), ["1", "2", "3"]);
    assert_eq!(played.asked()[1], "GET /v2/house/app/tags/list?last=2&n=1000");
    let none = Played::start(|_, _, _| Reply::new(200, r#"{"tags": null}"#));
    assert!(sorted_tags(&none).is_empty());
}

#[test]
fn pages_without_end_and_elsewhere_are_refused() {
    let circle = Played::start(|_, path, _| {
        Reply::new(200, TAGS).header("link", format!("<{path}>; rel=\"next\""))
    });
    let error = client().tags(&circle.image()).expect_err("it goes round");
    assert!(matches!(error, Failure::Pages { pages: 1, .. }), "{error:?}");
    let endless = Played::start(|_, path, _| {
        Reply::new(200, TAGS).header("link", format!("<{path}x>; rel=\"next\""))
    });
    let error = client().tags(&endless.image()).expect_err("it never ends");
    assert!(matches!(error, Failure::Pages { pages: 5, .. }), "{error:?}");
    let away = Played::start(|_, _, _| {
        Reply::new(200, TAGS).header("link", "<https://evil.example/v2>; rel=\"next\"")
    });
    let error = client().tags(&away.image()).expect_err("it leads away");
    assert!(matches!(error, Failure::Link { .. }), "{error:?}");
}

/// A registry with a token server of its own; it accepts the second token that it gives out.
fn guarded() -> Played {
    let given = std::sync::atomic::AtomicUsize::new(0);
    let address = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
    let own = std::sync::Arc::clone(&address);
    let played = Played::start(move |_, path, token| {
        if path.starts_with("/token?") {
            let number = given.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            return Reply::new(200, format!(r#"{{"access_token": "t{number}"}}"#));
        }
        if token == Some("t0") {
            return Reply::new(200, TAGS);
        }
        let realm = format!("http://{}/token", own.get().expect("set before the first question"));
        let challenge = format!("Bearer realm=\"{realm}\",service=\"the house\",scope=\"x\"");
        Reply::new(401, "").header("WWW-Authenticate", challenge)
    });
    address.set(played.address.clone()).expect("set once");
    played
}

#[test]
fn a_token_is_fetched_once_and_for_reading_only() {
    let played = guarded();
    let mut client = client();
    for _ in 0..2 {
        assert_eq!(client.tags(&played.image()).expect("the token fits").len(), 2);
    }
    assert_eq!(
        played.asked(),
        [
            "GET /v2/house/app/tags/list?n=1000",
            "GET /token?scope=repository%3Ahouse%2Fapp%3Apull&service=the%20house",
            "GET /v2/house/app/tags/list?n=1000 with t0",
            "GET /v2/house/app/tags/list?n=1000 with t0",
        ]
    );
}

#[test]
fn a_token_that_is_not_accepted_is_not_asked_for_again() {
    let played = guarded();
    let mut first = client();
    first.tags(&played.image()).expect("the first token fits");
    let error = client().tags(&played.image()).expect_err("the second does not");
    assert!(matches!(error, Failure::Login { .. }), "{error:?}");
    assert_eq!(played.asked().len(), 6);
}

#[test]
fn passwords_and_open_token_servers_are_refused() {
    let basic = Played::start(|_, _, _| {
        Reply::new(401, "").header("www-authenticate", "Basic realm=\"x\"")
    });
    let error = client().tags(&basic.image()).expect_err("it wants a password");
    assert!(matches!(error, Failure::Login { .. }), "{error:?}");
    let open = Played::start(|_, _, _| {
        Reply::new(401, "").header("www-authenticate", "Bearer realm=\"http://192.0.2.1/token\"")
    });
    let error = client().tags(&open.image()).expect_err("it is not reached by TLS");
    assert!(matches!(error, Failure::Realm { .. }), "{error:?}");
}

#[test]
fn a_token_does_not_follow_a_redirect() {
    let store = Played::start(|_, _, _| Reply::new(200, TAGS));
    let to = format!("http://{}/elsewhere", store.address);
    let address = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
    let own = std::sync::Arc::clone(&address);
    let played = Played::start(move |_, path, token| {
        if path.starts_with("/token") {
            return Reply::new(200, r#"{"token": "secret"}"#);
        }
        if token == Some("secret") {
            return Reply::new(307, "").header("Location", to.clone());
        }
        let realm = format!("http://{}/token", own.get().expect("set before the first question"));
        Reply::new(401, "").header("www-authenticate", format!("Bearer realm=\"{realm}\""))
    });
    address.set(played.address.clone()).expect("set once");
    assert_eq!(sorted_tags(&played).len(), 2);
    assert_eq!(store.asked(), ["GET /elsewhere"]);
}

#[test]
fn a_registry_elsewhere_is_asked_by_tls_only() {
    let mut client = client();
    let redirect = client.http.remote.get("http://127.0.0.1:1/").call();
    assert!(matches!(redirect, Err(ureq::Error::RequireHttpsOnly(_))), "{redirect:?}");
    assert_eq!(client.http.base(&Name::parse("ghcr.io/a/b")), "https://ghcr.io");
    let mirrors = vec!["ghcr.io=127.0.0.1:9".parse().expect("it is written so")];
    client = Client::new(Limits::default(), mirrors);
    assert_eq!(client.http.base(&Name::parse("ghcr.io/a/b")), "http://127.0.0.1:9");
}
