//! Closed paths and hosts, however they are spelt.

use crate::world::{World, status};

const MEDIA: &str = "media.home.arpa";

/// The wizard; `@` is a prefix that Jellyfin strips.
const WIZARD: &[&str] = &["@/Startup/User", "@/startup/configuration", "@/STARTUP/Complete"];

/// What answers anybody until the wizard has ended.
const BEFORE: &[&str] = &[
    "@/Environment/Drives",
    "@/Environment/DirectoryContents?path=/",
    "@/Library/VirtualFolders",
    "@/Library/VirtualFolders/Paths?name=x",
    "@/Libraries/AvailableOptions",
];

/// Ways to write one path.
fn spellings(path: &str) -> Vec<String> {
    let mut all = Vec::new();
    for prefix in ["", "/emby", "/mediabrowser", "/EMBY", "/x/.."] {
        let plain = path.replacen('@', prefix, 1);
        let escape = |from: char| {
            let at = plain.char_indices().skip(1).find(|(_, it)| it.eq_ignore_ascii_case(&from));
            at.map(|(at, it)| format!("{}%{:02x}{}", &plain[..at], u32::from(it), &plain[at + 1..]))
        };
        let escaped = ['s', 'e', 'l', 'a', 'r'].into_iter().filter_map(escape);
        all.extend(escaped.collect::<Vec<_>>());
        all.push(plain.to_ascii_uppercase());
        all.push(plain.to_ascii_lowercase());
        all.push(format!("/.{plain}"));
        all.push(format!("/{plain}"));
        all.push(format!("{plain}{}a=/web/", if plain.contains('?') { '&' } else { '?' }));
        all.push(format!("http://{MEDIA}{plain}"));
        all.push(plain);
    }
    all
}

fn asked(world: &World, paths: &[&str], expected: u16) {
    for path in paths.iter().flat_map(|it| spellings(it)) {
        let answer = world.get(MEDIA, &path, &[]);
        assert_eq!(status(&answer), expected, "{path}: {answer}");
    }
    assert_eq!(world.asked().is_empty(), expected == 403, "only what is open reaches the service");
}

#[test]
fn until_the_set_up_is_done_every_path_of_it_is_closed() {
    let world = World::new(&[]);
    asked(&world, WIZARD, 403);
    asked(&world, BEFORE, 403);
    let open = ["/", "/web/index.html", "/System/Info/Public", "/Users/AuthenticateByName"];
    asked(&world, &open.map(|it| it.trim_start_matches('@')), 200);
}

fn closed(value: &str, world: &World) {
    for path in WIZARD.iter().chain(BEFORE) {
        let answer = world.get(MEDIA, &path.replace('@', ""), &[]);
        assert_eq!(status(&answer), 403, "`{value}`, {path}: {answer}");
    }
}

#[test]
fn only_true_opens_and_the_wizard_stays_closed() {
    for value in ["", "TRUE", "True", "t", "yes", "1", "tru", "true false", "'true '", "false true"]
        .into_iter()
        .chain(["'x\" true'", "{true", "}", "#true", "'true} {'", "@closed", "'x\\'", "'\"true\"'"])
        .chain(["\"x\\ntrue\"", "\"x\\n}\"", "'{http.vars.set-up}'", "'`'"])
    {
        let world = World::new(&[&format!("JELLYFIN_SETUP_DONE={value}")]);
        closed(value, &world);
        assert_eq!(status(&world.get(MEDIA, "/", &[])), 200, "`{value}` took the site along");
    }
    let world = World::new(&["JELLYFIN_SETUP_DONE=true"]);
    asked(&world, WIZARD, 403);
    asked(&world, BEFORE, 200);
}

/// Caddy refuses the site, which is lost: `homelab doctor` and a deploy refuse the value before.
#[test]
fn a_quote_in_a_value_opens_nothing() {
    for value in [
        "'` true'",
        "'x` done=true'",
        "'` done=true `'",
        "'` { `'",
        "'`\" done=true \"'",
        "\"x`\\nvars set-up `done=true\"",
        "\"x`\\n}\\nmedia.home.arpa {\\nreverse_proxy `jellyfin:8096\"",
    ] {
        let world = World::new(&[&format!("JELLYFIN_SETUP_DONE={value}")]);
        assert!(!world.is_up(), "`{value}` is taken");
    }
}

/// Requests to a guarded site that are no plain ones: none reaches its service.
#[test]
fn no_host_and_no_second_request_gets_past_the_login() {
    let world = World::new(&[]);
    let guarded = "files.home.arpa";
    let end = "Connection: close\r\n\r\n";
    let inner = format!("GET /smuggled HTTP/1.1\r\nHost: {guarded}\r\n{end}");
    let mut tricks = vec![
        format!("GET http://{guarded}/ HTTP/1.1\r\nHost: {MEDIA}\r\n{end}"),
        format!("GET / HTTP/1.1\r\nHost: {MEDIA}\r\nHost: {guarded}\r\n{end}"),
        format!("GET / HTTP/1.1\r\nHost : {guarded}\r\n{end}"),
        format!("GET / HTTP/1.1\r\nHost: {MEDIA}, {guarded}\r\n{end}"),
        format!("GET / HTTP/1.0\r\n{end}"),
        format!("GET //{guarded}/ HTTP/1.1\r\nHost:\r\n{end}"),
        format!("CONNECT {guarded}:80 HTTP/1.1\r\nHost: {guarded}\r\n{end}"),
        format!("GET / HTTP/1.1\r\nHost: {guarded}\r\nUpgrade: h2c\r\n{end}"),
    ];
    let hosts = ["FILES.HOME.ARPA", "files.home.arpa.", "files.home.arpa:80", "x.files.home.arpa"];
    let odd =
        ["files.home.arpa:x", "files.home.arpa@evil", "evil/files.home.arpa", "files%2ehome.arpa"];
    let others = ["unknown.home.arpa", "127.0.0.1", "localhost", "[::1]", "-", "*", "*.home.arpa"];
    let all = hosts.iter().chain(&odd).chain(&others);
    tricks.extend(all.map(|it| format!("GET / HTTP/1.1\r\nHost: {it}\r\n{end}")));
    for framing in [
        format!("Content-Length: 0\r\nContent-Length: {}", inner.len()),
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked", inner.len() + 5),
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity".to_owned(),
        "Transfer-Encoding: xchunked".to_owned(),
        "Transfer-Encoding : chunked".to_owned(),
        "Transfer-Encoding:\x0bchunked".to_owned(),
    ] {
        let chunked = format!("0\r\n\r\n{inner}");
        tricks.push(format!("POST / HTTP/1.1\r\nHost: {guarded}\r\n{framing}\r\n\r\n{chunked}"));
    }
    for trick in &tricks {
        let answer = world.send(trick.as_bytes());
        assert!(!answer.contains("reached"), "{trick:?}: {answer}");
        assert_eq!(world.asked(), [""; 0], "{trick:?}");
    }
}
