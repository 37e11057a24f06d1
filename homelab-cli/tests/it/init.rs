//! `homelab init`.

use std::fs;

use insta::assert_snapshot;

use crate::support::{House, whole};

const IDS: [&str; 2] = ["--set=PUID=1000", "--set=PGID=1000"];

#[test]
fn a_fresh_clone_gets_settings_and_secrets() {
    let house = House::cloned();
    whole("a-fresh-clone-gets-settings-and-secrets", &house.run(&["init", IDS[0], IDS[1]]));
    assert_eq!(house.mode("project/.env"), 0o644);
    assert_eq!(house.mode("project/secrets"), 0o700);
    // Whoever cannot give a file away keeps it closed, and is told the command.
    let (login, shared) = if house.is_root() { (0o400, 0o440) } else { (0o600, 0o600) };
    assert_eq!(house.mode("project/secrets/caddy-login"), login);
    assert_eq!(house.mode("project/secrets/immich-db-password"), shared);
    let line = house.read("project/secrets/caddy-login");
    assert!(line.starts_with("admin $2b$04$") && line.ends_with(" # YWRtaW46\n"), "{line}");
    assert_eq!(house.read("project/secrets/immich-db-password").len(), 64);
}

#[test]
fn fresh_settings_explain_themselves() {
    let house = House::cloned();
    house.run(&["init", IDS[0], IDS[1]]);
    let folder = house.path("project").display().to_string();
    let settings = house.read("project/.env").replace(&folder, "[TMP]/project");
    whole("fresh-settings-explain-themselves", &settings);
}

#[test]
fn the_second_run_changes_nothing() {
    let house = House::ready();
    let files = [".env", "secrets/caddy-login", "secrets/immich-db-password"];
    let all = || files.map(|it| house.read(&format!("project/{it}")));
    let before = all();
    assert_snapshot!(house.run(&["init"]), @r"
    exit_code: 0
    ----- stdout -----
    ----- stderr -----
    nothing was changed: `.env` and all secrets are there already

    left to do:
      - let the names `home.arpa` and `*.home.arpa` lead to this host, in your router or DNS
      - after jellyfin's wizard, which opens from this host only, set JELLYFIN_SETUP_DONE=true in .env
      - check this host, then start:
          homelab doctor
          docker compose up -d
    ");
    assert_eq!(all(), before);
    let names = fs::read_dir(house.path("project/secrets")).expect("init made it");
    let left = names.filter(|it| {
        let name = it.as_ref().expect("readable").file_name();
        name.to_string_lossy().starts_with('.')
    });
    assert_eq!(left.count(), 0, "no temporary file is left");
}

#[test]
fn an_existing_file_keeps_its_lines_and_gets_what_it_lacks() {
    let house = House::cloned();
    let old = "# mine\nDOMAIN='example.org' # the real one\nDATA_ROOT=\nTZ=Etc/UTC\nEXTRA=1";
    house.write("project/.env", old);
    house.set_mode("project/.env", 0o640);
    whole(
        "an-existing-file-keeps-its-lines-and-gets-what-it-lacks",
        &house.run(&[
            "init",
            IDS[0],
            IDS[1],
            "--set",
            "DATA_ROOT=/srv",
            "--set",
            "COMPOSE_PROFILES=photos",
        ]),
    );
    let new = house.read("project/.env");
    let expected = old.replace("DATA_ROOT=", "DATA_ROOT=/srv");
    assert!(new.starts_with(&format!("{expected}\n")), "{new}");
    assert!(new.contains("\nCOMPOSE_PROFILES=photos\n"), "{new}");
    assert_eq!(new.matches("\nTZ=").count(), 1, "{new}");
    assert_eq!(house.mode("project/.env"), 0o640);
}

#[test]
fn a_value_that_is_set_is_not_changed() {
    let house = House::ready();
    let before = house.read("project/.env");
    assert_snapshot!(house.run(&["init", "--set", "DATA_ROOT=/elsewhere"]), @r"
    exit_code: 2
    ----- stdout -----
    ----- stderr -----
    error: `DATA_ROOT` is already `/srv` in line 16 of `.env`

    hint: edit that line; `homelab init` changes no value
    ");
    assert_eq!(house.read("project/.env"), before);
}

#[test]
fn wrong_assignments_are_refused_before_anything_is_written() {
    let house = House::cloned();
    whole(
        "wrong-assignments-are-refused-before-anything-is-written",
        &house.run(&["init", "--set", "DATAROOT=/srv"]),
    );
    whole(
        "wrong-assignments-are-refused-before-anything-is-written-2",
        &house.run(&["init", "--set", "DATA_ROOT=srv"]),
    );
    whole(
        "wrong-assignments-are-refused-before-anything-is-written-3",
        &house.run(&["init", "--set", "COMPOSE_PROFILES=photo"]),
    );
    whole(
        "wrong-assignments-are-refused-before-anything-is-written-4",
        &house.run(&["init", "--set", "DATA_ROOT"]),
    );
    whole(
        "wrong-assignments-are-refused-before-anything-is-written-5",
        &house.run(&["init", "--login-user", "a b"]),
    );
    assert!(!house.path("project/.env").exists() && !house.path("project/secrets").exists());
}

#[test]
fn a_malformed_file_is_refused_with_its_lines() {
    let house = House::cloned();
    house.write("project/.env", "DATA_ROOT=/srv\nDATA ROOT=/x\nPUID=me\nTZ='open\n");
    assert_snapshot!(house.run(&["init"]), @r"
    exit_code: 4
    ----- stdout -----
    ----- stderr -----
    error: `.env` is not valid:
      .env:2: expected a name of letters, digits and `_`, found `DATA ROOT`
      .env:3: `PUID` is `me`, expected a whole number from 1 to 65534
      .env:4: the quote `'` is not closed

    hint: correct these lines, then run the command again
    ");
    assert!(!house.path("project/secrets").exists());
}

#[test]
fn a_secret_is_never_overwritten() {
    let house = House::cloned();
    house.write("project/secrets/caddy-login", "mine");
    house.set_mode("project/secrets/caddy-login", 0o644);
    whole("a-secret-is-never-overwritten", &house.run(&["init", IDS[0], IDS[1]]));
    assert_eq!(house.read("project/secrets/caddy-login"), "mine");
    assert_eq!(house.mode("project/secrets/caddy-login"), 0o644);
}

#[test]
fn the_login_can_have_another_name() {
    let house = House::cloned();
    let output = house.run(&["init", "--login-user", "anna"]);
    assert!(
        output.contains("----- stdout -----\nuser      anna\npassword  [PASSWORD]\n"),
        "{output}"
    );
    assert!(house.read("project/secrets/caddy-login").starts_with("anna $2b$"));
}

#[test]
fn files_in_the_way_are_named() {
    let house = House::cloned();
    fs::create_dir(house.path("project/.env")).expect("the folder is empty");
    assert_snapshot!(house.run(&["init"]), @r"
    exit_code: 4
    ----- stdout -----
    ----- stderr -----
    error: cannot read `.env`
      caused by: Is a directory (os error 21)

    hint: something else is in its place: `ls -ld .env`; move it away: `mv .env .env.old`
    ");

    let house = House::cloned();
    house.write("project/secrets", "a file where a folder belongs");
    assert_snapshot!(house.run(&["init", IDS[0], IDS[1]]), @r"
    exit_code: 4
    ----- stdout -----
    ----- stderr -----
    created .env
    error: cannot make the folder `secrets`
      caused by: File exists (os error 17)

    hint: something else is in its place: `ls -ld secrets`; move it away: `mv secrets secrets.old`
    ");

    assert_snapshot!(house.run(&["--project", "nowhere", "init"]), @r"
    exit_code: 2
    ----- stdout -----
    ----- stderr -----
    error: `nowhere` is not a folder

    hint: name the folder that holds `compose.yaml` with `--project DIR`
    ");
}

#[test]
fn another_folder_is_left_alone() {
    let house = House::empty();
    assert_snapshot!(house.run(&["init"]), @r"
    exit_code: 2
    ----- stdout -----
    ----- stderr -----
    error: `compose.yaml` does not exist, so this is not the project's folder

    hint: name the folder that holds `compose.yaml` with `--project DIR`
    ");
    house.write("project/compose.yaml", "name: blog\nservices: {}\n");
    assert_snapshot!(house.run(&["init"]), @r"
    exit_code: 2
    ----- stdout -----
    ----- stderr -----
    error: `compose.yaml` is of another project: expected a line `name: homelab`

    hint: name the folder of this repository's clone with `--project DIR`
    ");
    house.write("project/compose.yaml", "services:\n  name: homelab\n");
    assert_eq!(house.output(&["init"]).status.code(), Some(2));
    assert!(!house.path("project/.env").exists() && !house.path("project/secrets").exists());
}
