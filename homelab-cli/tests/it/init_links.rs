//! `homelab init` in a folder where somebody has put links: it may run as root, and follows none.

use std::fs;
use std::os::unix::fs::symlink;

use insta::assert_snapshot;

use crate::support::House;

const IDS: [&str; 2] = ["--set=PUID=1000", "--set=PGID=1000"];

/// A clone in which `name` is a link to `target`, which is below the folder of the test.
fn linked(name: &str, target: &str) -> House {
    let house = House::cloned();
    let link = house.path("project").join(name);
    fs::create_dir_all(link.parent().expect("it is below a folder")).expect("it is ours");
    symlink(house.path(target), link).expect("its place is free");
    house
}

#[test]
fn settings_that_are_a_link_are_neither_read_nor_written() {
    let house = linked(".env", "victim");
    house.write("victim", "root:$6$salt$hash:19000\n");
    assert_snapshot!(house.run(&["init"]), @r"
    exit_code: 4
    ----- stdout -----
    ----- stderr -----
    error: `.env` is a link, and `homelab init` follows none

    hint: `rm .env`, and put what it led to in its place; what is missing then is made
    ");
    assert_eq!(house.read("victim"), "root:$6$salt$hash:19000\n");
    // One that leads nowhere would make a file there.
    let house = linked(".env", "nowhere");
    assert!(house.run(&["init"]).contains("`.env` is a link"));
    assert!(!house.path("nowhere").exists() && !house.path("project/secrets").exists());
}

#[test]
fn a_folder_of_secrets_that_is_a_link_gets_none() {
    for target in ["victim", "nowhere"] {
        let house = linked("secrets", target);
        fs::create_dir(house.path("victim")).expect("its place is free");
        house.set_mode("victim", 0o755);
        let output = house.run(&["init", IDS[0], IDS[1]]);
        assert!(
            output.contains("error: `secrets` is a link, and `homelab init` follows none"),
            "{output}"
        );
        assert_eq!(house.mode("victim"), 0o755);
        assert_eq!(fs::read_dir(house.path("victim")).expect("it is there").count(), 0);
        assert!(!house.path("nowhere").exists());
    }
}

#[test]
fn a_secret_that_is_a_link_is_refused() {
    for target in ["victim", "nowhere"] {
        let house = linked("secrets/caddy-login", target);
        house.write("victim", "as it was");
        let output = house.run(&["init", IDS[0], IDS[1]]);
        assert!(output.contains("`secrets/caddy-login` is a link"), "{output}");
        assert_eq!(house.read("victim"), "as it was");
        assert!(!house.path("nowhere").exists());
    }
}

#[test]
fn the_folder_of_releases_that_is_a_link_is_refused() {
    for target in ["victim", "nowhere"] {
        let house = House::empty();
        fs::create_dir(house.path("victim")).expect("its place is free");
        symlink(house.path(target), house.path("project/releases")).expect("its place is free");
        let output = house.run(&["init", "--house"]);
        assert!(output.contains("`releases` is a link"), "{output}");
        assert!(!house.path("nowhere").exists());
    }
}

#[test]
fn a_second_name_of_a_file_keeps_its_contents() {
    let house = House::cloned();
    house.write("victim", "TZ=Etc/UTC\n");
    house.set_mode("victim", 0o600);
    fs::hard_link(house.path("victim"), house.path("project/.env")).expect("its place is free");
    let output = house.run(&["init", IDS[0], IDS[1]]);
    assert!(output.starts_with("exit_code: 0"), "{output}");
    assert_eq!(house.read("victim"), "TZ=Etc/UTC\n");
    assert_eq!((house.mode("victim"), house.mode("project/.env")), (0o600, 0o600));
}

#[test]
fn what_is_read_from_a_file_commands_no_terminal() {
    let house = House::cloned();
    house.write("project/.env", "\x1b]0;x\x07\u{202e}\nTZ='\n::error::x ##[group]\nA='\n");
    let output = house.run(&["init"]);
    assert!(output.contains(r"found `\x1b]0;x\x07\u{202e}`"), "{output}");
    assert!(!output.contains(['\x1b', '\x07', '\u{202e}']) && !output.contains("##["), "{output}");
    assert!(!output.lines().any(|it| it.trim_start().starts_with("::")), "{output}");
    let found = house.output(&["doctor", "--format=json"]);
    let text = String::from_utf8(found.stdout).expect("JSON is text");
    assert!(text.contains(r"\u001b]0;x\u0007\u202e"), "{text}");
    assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
}
