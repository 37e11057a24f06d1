//! `homelab init`.

use std::fs;

use insta::assert_snapshot;

use crate::support::House;

const IDS: [&str; 2] = ["--set=PUID=1000", "--set=PGID=1000"];

#[test]
fn a_fresh_clone_gets_settings_and_secrets() {
    let house = House::cloned();
    assert_snapshot!(house.run(&["init", IDS[0], IDS[1]]), @r"
    exit_code: 0
    ----- stdout -----
    user      admin
    password  [PASSWORD]
    ----- stderr -----
    created .env
    created secrets/caddy-login

    the login for the panels that the proxy guards; write it down, it is stored nowhere:

    created secrets/immich-db-password

    left to do:
      - set DATA_ROOT in .env: Folder on the host below which media, photos, files and dumps live
          homelab init --set DATA_ROOT=VALUE
      - run `homelab init` again; it then names the folders to make
      - let the names `home.arpa` and `*.home.arpa` lead to this host, in your router or DNS
      - check this host, then start:
          homelab doctor
          docker compose up -d
    ");
    assert_eq!(house.mode("project/.env"), 0o644);
    assert_eq!(house.mode("project/secrets"), 0o700);
    // Whoever cannot give a file away keeps it closed, and is told the command.
    let (login, shared) = if house.is_root() { (0o400, 0o440) } else { (0o600, 0o600) };
    assert_eq!(house.mode("project/secrets/caddy-login"), login);
    assert_eq!(house.mode("project/secrets/immich-db-password"), shared);
    let line = house.read("project/secrets/caddy-login");
    assert!(line.starts_with("admin $2b$12$") && line.ends_with('\n'), "{line}");
    assert_eq!(house.read("project/secrets/immich-db-password").len(), 64);
}

#[test]
fn fresh_settings_explain_themselves() {
    let house = House::cloned();
    house.run(&["init", IDS[0], IDS[1]]);
    assert_snapshot!(house.read("project/.env"), @r"
    # Settings of this household, read by Docker Compose; made by `homelab init`.
    # A line that begins with `#` shows a default: remove the `#` to change it.
    # No passwords belong here: those are files in `secrets/`.

    # Profiles that are on besides the base, as a comma list.
    #   photos: Immich with its database, cache, machine learning and dumps
    #   network: DNS with ad blocking
    #   monitoring: Metrics of the host and watch over the services
    #   files: File explorer in the browser
    #   watchtower: Unattended updates of the services that opted in
    # Expected: a comma list of profiles.
    #COMPOSE_PROFILES=

    # Folder on the host below which media, photos, files and dumps live.
    # Required: an absolute path without `..`, such as `/srv/data`.
    DATA_ROOT=

    # Domain that every host name ends with.
    # Expected: a DNS name with a dot, such as `home.arpa`.
    #DOMAIN=home.arpa

    # `internal` for Caddy's own certificate authority, or your e-mail address for public certificates by ACME.
    # Expected: `internal` or an e-mail address.
    #TLS_ISSUER=internal

    # Time zone of schedules and logs.
    # Expected: a time zone, such as `Europe/Berlin`.
    TZ=Europe/Berlin

    # User id that owns the household's files, as `id -u` prints it.
    # Expected: a whole number from 1 to 65534.
    PUID=1000

    # Group id that owns the household's files, as `id -g` prints it.
    # Expected: a whole number from 1 to 65534.
    PGID=1000

    # Address of this host for devices that synchronise files; 0.0.0.0 means all.
    # Expected: an IPv4 address, such as `192.168.1.2`.
    #LAN_ADDRESS=0.0.0.0

    # Address that answers DNS; set it to this host's LAN address, never to a public one.
    # Expected: an IPv4 address, such as `192.168.1.2`.
    #ADGUARD_ADDRESS=127.0.0.1

    # Films, series and music; only read.
    # Expected: an absolute path without `..`, such as `/srv/data`.
    #MEDIA_PATH=${DATA_ROOT}/media

    # Folders that Syncthing keeps in step.
    # Expected: an absolute path without `..`, such as `/srv/data`.
    #SYNC_PATH=${DATA_ROOT}/sync

    # Files that the web explorer shows and changes.
    # Expected: an absolute path without `..`, such as `/srv/data`.
    #FILES_PATH=${DATA_ROOT}/files

    # Settings, shares and previews of the web explorer.
    # Expected: an absolute path without `..`, such as `/srv/data`.
    #FILEBROWSER_STATE_PATH=${DATA_ROOT}/filebrowser

    # Photo and video originals.
    # Expected: an absolute path without `..`, such as `/srv/data`.
    #IMMICH_LIBRARY_PATH=${DATA_ROOT}/photos

    # Database dumps; copy them off this host.
    # Expected: an absolute path without `..`, such as `/srv/data`.
    #BACKUP_PATH=${DATA_ROOT}/backups

    # When Immich's database is dumped, in TZ.
    # Expected: five cron fields or a descriptor, such as `@daily`.
    #BACKUP_SCHEDULE='30 2 * * *'

    # 1 runs Immich's machine learning (search by content, faces), 0 does not.
    # Expected: a whole number from 0 to 1.
    #IMMICH_ML=1

    # `true` lets the first visitor become Immich's administrator; set it back afterwards.
    # Expected: one of `true`, `false`.
    #IMMICH_ALLOW_SETUP=false

    # Device for hardware transcoding, usually /dev/dri/renderD128; /dev/null means none.
    # Expected: an absolute path without `..`, such as `/srv/data`.
    #JELLYFIN_GPU=/dev/null

    # Group that owns that device; `homelab init` finds it out.
    # Expected: a whole number from 1 to 65534.
    #RENDER_GID=65534
    ");
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
      - check this host, then start:
          homelab doctor
          docker compose up -d
    ");
    assert_eq!(all(), before);
    let names = fs::read_dir(house.path("project/secrets")).expect("init made it");
    assert_eq!(names.count(), 2, "no temporary file is left");
}

#[test]
fn an_existing_file_keeps_its_lines_and_gets_what_it_lacks() {
    let house = House::cloned();
    let old = "# mine\nDOMAIN='example.org' # the real one\nDATA_ROOT=\nTZ=Etc/UTC\nEXTRA=1";
    house.write("project/.env", old);
    house.set_mode("project/.env", 0o640);
    assert_snapshot!(
        house.run(&["init", IDS[0], IDS[1], "--set", "DATA_ROOT=/srv", "--set", "COMPOSE_PROFILES=photos"]),
        @r"
        exit_code: 0
        ----- stdout -----
        user      admin
        password  [PASSWORD]
        ----- stderr -----
        changed .env: added 73 lines, the others are as they were
        created secrets/caddy-login

        the login for the panels that the proxy guards; write it down, it is stored nowhere:

        created secrets/immich-db-password

        left to do:
          - make the folders for your data, or mount a disk there:
              sudo install -d -o 1000 -g 1000 [TMP]/root/srv/media
              sudo install -d -o 1000 -g 1000 [TMP]/root/srv/sync
              sudo install -d -o 1000 -g 1000 [TMP]/root/srv/photos
              sudo install -d -o 999 -g 999 [TMP]/root/srv/backups
          - let the names `example.org` and `*.example.org` lead to this host, in your router or DNS
          - check this host, then start:
              homelab doctor
              docker compose up -d
        "
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
    assert_snapshot!(house.run(&["init", "--set", "DATAROOT=/srv"]), @r"
    exit_code: 2
    ----- stdout -----
    ----- stderr -----
    error: unknown variable `DATAROOT`

    hint: did you mean `DATA_ROOT`? variables: `COMPOSE_PROFILES`, `DATA_ROOT`, `DOMAIN`, `TLS_ISSUER`, `TZ`, `PUID`, `PGID`, `LAN_ADDRESS`, `ADGUARD_ADDRESS`, `MEDIA_PATH`, `SYNC_PATH`, `FILES_PATH`, `FILEBROWSER_STATE_PATH`, `IMMICH_LIBRARY_PATH`, `BACKUP_PATH`, `BACKUP_SCHEDULE`, `IMMICH_ML`, `IMMICH_ALLOW_SETUP`, `JELLYFIN_GPU`, `RENDER_GID`
    ");
    assert_snapshot!(house.run(&["init", "--set", "DATA_ROOT=srv"]), @r"
    exit_code: 2
    ----- stdout -----
    ----- stderr -----
    error: `DATA_ROOT` cannot be `srv`: expected an absolute path without `..`, such as `/srv/data`
    ");
    assert_snapshot!(house.run(&["init", "--set", "COMPOSE_PROFILES=photo"]), @r"
    exit_code: 2
    ----- stdout -----
    ----- stderr -----
    error: `COMPOSE_PROFILES` cannot be `photo`: expected a comma list of `photos`, `network`, `monitoring`, `files`, `watchtower`
    ");
    assert_snapshot!(house.run(&["init", "--set", "DATA_ROOT"]), @r"
    exit_code: 2
    ----- stdout -----
    ----- stderr -----
    error: invalid value 'DATA_ROOT' for '--set <NAME=VALUE>': expected `NAME=VALUE`

    For more information, try '--help'.
    ");
    assert_snapshot!(house.run(&["init", "--login-user", "a b"]), @r"
    exit_code: 2
    ----- stdout -----
    ----- stderr -----
    error: invalid value 'a b' for '--login-user <NAME>': expected letters, digits, `.`, `_`, `-` and `@`

    For more information, try '--help'.
    ");
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
    assert_snapshot!(house.run(&["init", IDS[0], IDS[1]]), @r"
    exit_code: 0
    ----- stdout -----
    ----- stderr -----
    created .env
    created secrets/immich-db-password

    left to do:
      - set DATA_ROOT in .env: Folder on the host below which media, photos, files and dumps live
          homelab init --set DATA_ROOT=VALUE
      - run `homelab init` again; it then names the folders to make
      - let the names `home.arpa` and `*.home.arpa` lead to this host, in your router or DNS
      - check this host, then start:
          homelab doctor
          docker compose up -d
    ");
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

    hint: check that the folder exists and that you may write to it
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
