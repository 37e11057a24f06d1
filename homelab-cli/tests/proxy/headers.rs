//! What a client says of itself, and what the proxy adds.

use crate::world::{HOSTS, World, basic, status};

/// Headers by which programs believe who somebody is, where they come from or what they ask for.
const CLAIMS: &[&str] = &[
    "Remote-User",
    "remote-groups",
    "REMOTE-EMAIL",
    "Remote_User",
    "X-Remote-User",
    "X-Forwarded-User",
    "X-Forwarded-Groups",
    "X-Forwarded-Email",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Access-Token",
    "X-Forwarded-Prefix",
    "X-Forwarded-Port",
    "X-Forwarded-Server",
    "X_Forwarded_For",
    "X-Forwarded_User",
    "Forwarded",
    "X-Real-IP",
    "X-Original-URL",
    "X-Original-URI",
    "X-Original-Method",
    "X-Original-Forwarded-For",
    "X-Rewrite-URL",
    "X-Auth-User",
    "X-Auth-Request-User",
    "X-WebAuth-User",
    "X-authentik-username",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
];

#[test]
fn what_a_client_claims_reaches_no_service() {
    let world = World::new(&[]);
    let login = basic("admin", &world.password);
    for (host, _) in HOSTS {
        let claims = CLAIMS.iter().map(|it| format!("{it}: forged"));
        let own = ["X-Forwarded-For: 6.6.6.6, 7.7.7.7", "X-Forwarded-Proto: https"];
        let own = own.iter().chain(&["X-Forwarded-Host: forged"]).map(|it| (*it).to_owned());
        let lines: Vec<_> = claims.chain(own).chain([login.clone()]).collect();
        let mut lines: Vec<_> = lines.iter().map(String::as_str).collect();
        // A client may not make the proxy drop its own words either.
        lines.push("Connection: X-Forwarded-For, X-Forwarded-Host");
        let answer = world.get(host, "/", &lines);
        assert_eq!(status(&answer), 200, "{host}: {answer}");
        let asked = world.asked().pop().expect("it was asked").to_ascii_lowercase();
        assert!(!asked.contains("forged"), "{host} was told\n{asked}");
        assert!(!asked.contains("6.6.6.6"), "{host} was told\n{asked}");
        for line in [
            "x-forwarded-for: 127.0.0.1\r\n".to_owned(),
            "x-forwarded-proto: http\r\n".to_owned(),
            format!("x-forwarded-host: {host}\r\n"),
        ] {
            assert_eq!(asked.matches(&line).count(), 1, "{host} was told\n{asked}");
        }
    }
}

#[test]
fn the_password_goes_no_further_and_tokens_of_clients_do() {
    let world = World::new(&[]);
    let login = basic("admin", &world.password);
    for (host, guarded) in HOSTS {
        let answer = world.get(host, "/", &[&login]);
        assert_eq!(status(&answer), 200, "{host}: {answer}");
        let asked = world.asked().pop().expect("it was asked");
        assert_eq!(asked.contains("Authorization"), !guarded, "{host} was told\n{asked}");
        assert_eq!(status(&world.get(host, "/", &[])), if guarded { 401 } else { 200 });
        world.asked();
    }
}

#[test]
fn browsers_are_told_to_be_careful_unless_the_service_says_how() {
    let world = World::new(&[]);
    let login = basic("admin", &world.password);
    for (host, guarded) in HOSTS {
        let answer = world.get(host, "/", &[&login]);
        assert!(answer.contains("X-Content-Type-Options: nosniff\r\n"), "{host}: {answer}");
        assert!(answer.contains("Referrer-Policy: strict-origin-when-cross-origin\r\n"));
        assert_eq!(answer.contains("X-Frame-Options: SAMEORIGIN\r\n"), guarded, "{host}");
        // It would keep out a device that does not trust the house's authority.
        assert!(!answer.contains("Strict-Transport-Security"), "{host}: {answer}");
        let answer = world.get(host, "/own", &[&login]);
        let head = answer.split("\r\n\r\n").next().expect("an answer has a head");
        assert_eq!(head.matches("X-Frame-Options").count(), 1, "{host}: {head}");
        assert!(head.contains("X-Frame-Options: DENY"), "{host}: {head}");
    }
}

#[test]
fn pages_are_compressed_and_films_and_events_are_not() {
    let world = World::new(&[]);
    let compressed = |path: &str, wants: &str| {
        let answer = world.get("media.home.arpa", path, &[&format!("Accept-Encoding: {wants}")]);
        assert_eq!(status(&answer), 200, "{answer}");
        answer.lines().find_map(|it| it.strip_prefix("Content-Encoding: ")).map(str::to_owned)
    };
    assert_eq!(compressed("/", "gzip").as_deref(), Some("gzip"));
    assert_eq!(compressed("/", "zstd, gzip, br").as_deref(), Some("zstd"));
    assert_eq!(compressed("/", "identity"), None);
    assert_eq!(compressed("/film", "zstd, gzip"), None);
    let start = std::time::Instant::now();
    assert_eq!(compressed("/events", "zstd, gzip"), None);
    assert!(start.elapsed().as_secs() < 4, "the first event came with the last");
}
