//! `homelab doctor` about `.env`.

use insta::assert_snapshot;

use crate::support::House;

#[test]
fn settings_are_read_line_by_line() {
    let house = House::ready();
    let text = "DATA_ROOT=/srv\nPUID=me\nDOMIAN=x.org\nTZ\nCOMPOSE_PROFILES=photo\nLAN_ADDRESS=localhost\nPUID=1000\nLAN_ADDRESS=localhost\n";
    house.write("project/.env", text);
    assert_snapshot!(house.doctor(&[]), @r"
    error[host-env]: expected `NAME=value`, found `TZ`
      --> .env:4
      help: correct the line, or begin it with `#`

    error[host-env]: `COMPOSE_PROFILES` names the profile `photo`, which does not exist
      --> .env:5
      help: did you mean `photos`? profiles: `photos`, `network`, `monitoring`, `files`, `watchtower`

    error[host-env]: `LAN_ADDRESS` is `localhost`, expected an IPv4 address, such as `192.168.1.2`
      --> .env:8
      help: correct the line; it sets this: Address of this host for devices that synchronise files; 0.0.0.0 means all

    warning[host-env]: `DOMIAN` is no variable of this stack
      --> .env:3
      help: did you mean `DOMAIN`?

    warning[host-env]: `PUID` is set in line 2 too
      --> .env:7
      help: remove line 2, which does not count

    warning[host-env]: `LAN_ADDRESS` is set in line 6 too
      --> .env:8
      help: remove line 6, which does not count
    ");
}

#[test]
fn the_shell_wins_over_the_settings() {
    let house = House::ready().with_shell("TZ", "Asia/Tokyo");
    assert_snapshot!(house.doctor(&[]), @r"
    warning[host-env]: `TZ` is `Asia/Tokyo` in your shell, which wins over `.env`
      --> environment
      help: run `unset TZ`
    ");
    assert_eq!(House::ready().with_shell("TZ", "Europe/Berlin").doctor(&[]), "");
}

#[test]
fn public_certificates_need_a_public_domain() {
    let house = House::ready();
    let text = house.read("project/.env");
    let with = |lines: &str| {
        house.write("project/.env", &format!("{text}{lines}"));
        house.doctor(&[])
    };
    assert_snapshot!(with("TLS_ISSUER=me@example.org\n"), @r"
    error[host-env]: `TLS_ISSUER` is `me@example.org`, but no public authority issues certificates for `home.arpa`
      --> .env:101
      help: set `TLS_ISSUER=internal`, or `DOMAIN` to a domain that you own in the public DNS
    ");
    assert_snapshot!(with("DOMAIN=nas.local\nTLS_ISSUER=me@example.org\n"), @r"
    error[host-env]: `TLS_ISSUER` is `me@example.org`, but no public authority issues certificates for `nas.local`
      --> .env:102
      help: set `TLS_ISSUER=internal`, or `DOMAIN` to a domain that you own in the public DNS
    ");
    assert_eq!(with("DOMAIN=example.org\nTLS_ISSUER=me@example.org\n"), "");
    assert_eq!(with("DOMAIN=nas.local\nTLS_ISSUER=internal\n"), "");
}

#[test]
fn an_open_setup_is_said_while_its_service_is_on() {
    let house = House::ready();
    let text = house.read("project/.env");
    house.write("project/.env", &format!("{text}IMMICH_ALLOW_SETUP=true\n"));
    assert_snapshot!(house.doctor(&["--profiles", "photos"]), @r"
    warning[host-setup]: `IMMICH_ALLOW_SETUP` is `true`: `true` lets the first visitor become Immich's administrator; set it back afterwards
      --> immich-server
      help: when your account is made, set `IMMICH_ALLOW_SETUP=false` in `.env` and run `docker compose up -d immich-server`
    ");
    assert_eq!(house.doctor(&[]), "");
    house.write("project/.env", &format!("{text}IMMICH_ALLOW_SETUP=false\n"));
    assert_eq!(house.doctor(&["--profiles", "photos"]), "");
}

#[test]
fn a_set_up_is_said_to_be_done_when_it_is() {
    let house = House::ready();
    assert_eq!(house.doctor(&[]), "", "nothing runs yet");
    let house = house.with_docker("installed");
    assert_snapshot!(house.doctor(&[]), @r"
    warning[host-setup]: the proxy refuses `*/Environment/*`, `*/Library/VirtualFolders*`, `*/Libraries/*` at `media.home.arpa`, its administrator's requests, too
      --> jellyfin
      help: when the wizard of `jellyfin` has ended, set `JELLYFIN_SETUP_DONE=true` in `.env` and run `docker compose up -d jellyfin`; `docs/runbooks/first-start.md` says how to reach it
    ");
    let text = house.read("project/.env");
    house.write("project/.env", &format!("{text}JELLYFIN_SETUP_DONE=true\n"));
    assert_eq!(house.doctor(&[]), "");
    let new = house.with_docker("good");
    assert_snapshot!(new.doctor(&[]), @r"
    warning[host-setup]: `JELLYFIN_SETUP_DONE=true` opens `*/Environment/*`, `*/Library/VirtualFolders*`, `*/Libraries/*` at `media.home.arpa`, and `jellyfin` has no data here yet: until its wizard has ended, anybody may use them
      --> jellyfin
      help: remove the line from `.env` until then, unless its data moves here from another host
    ");
}

#[test]
fn an_updater_without_work_is_found() {
    let house = House::ready();
    assert_snapshot!(house.doctor(&["--profiles", "watchtower"]), @r"
    warning[host-updater]: `watchtower` is on and updates nothing: no service follows its tag
      --> watchtower
      help: take `watchtower` out of `COMPOSE_PROFILES`, or write `HOMER_DIGEST=` into `.env`
    ");
    house.write("project/.env", &format!("{}HOMER_DIGEST=\n", house.read("project/.env")));
    assert_eq!(house.doctor(&["--profiles", "watchtower"]), "");
}

#[test]
fn the_updater_knows_the_folder_of_the_house() {
    let house = House::ready();
    let profile = ["--profiles", "watchtower"];
    let text = house.read("project/.env") + "HOMER_DIGEST=\n";
    house.write("project/.env", &text);
    assert_eq!(house.doctor(&profile), "", "`init` has found it out");
    let (before, _) = text.split_once("HOUSE_PATH=").expect("`init` sets it");
    let before = format!("{before}HOMER_DIGEST=\n");
    for (lines, told) in [
        ("", "`HOUSE_PATH` is `/srv/homelab`"),
        ("HOUSE_PATH=/srv/b\n", "`HOUSE_PATH` is `/srv/b`"),
    ] {
        house.write("project/.env", &format!("{before}{lines}"));
        let found = house.doctor(&profile);
        assert!(found.starts_with(&format!("error[host-house-path]: {told}, and")), "{found}");
        assert_eq!(house.doctor(&[]), "", "nothing is updated while the profile is off");
    }
    assert_snapshot!(house.doctor(&profile), @r"
    error[host-house-path]: `HOUSE_PATH` is `/srv/b`, and this house lies in `[TMP]/project`: `socket-proxy-watchtower` would refuse the new container of an update, and the old one is removed before: the service stays away
      --> .env:101
      help: set `HOUSE_PATH=[TMP]/project` in `.env`; `docker compose up -d socket-proxy-watchtower` or a deploy tells it
    ");

    // Compose leaves a link in the path.
    std::os::unix::fs::symlink(house.path("project"), house.path("link")).expect("it is free");
    let link = house.path("link").display().to_string();
    let by_link = |set: &str| {
        house.write("project/.env", &format!("{before}HOUSE_PATH={set}\n"));
        house.doctor(&[&profile[..], &["--project", &link]].concat())
    };
    assert_eq!(by_link(&link), "");
    let found = by_link(&house.path("project").display().to_string());
    assert!(found.contains("and this house lies in `[TMP]/link`"), "{found}");
    // A deploy follows it.
    std::fs::create_dir(house.path("project/releases")).expect("it is free");
    let found = by_link(&link);
    assert!(found.contains("and this house lies in `[TMP]/project`"), "{found}");
}

#[test]
fn what_follows_from_a_wrong_value_is_not_reported() {
    let house = House::ready();
    let settings = house.read("project/.env").replace("DATA_ROOT=/srv", "DATA_ROOT=tmp");
    house.write("project/.env", &(settings + "DOMAIN=a b\n"));
    let found = house.output(&["doctor"]);
    let found = String::from_utf8_lossy(&found.stdout);
    let rules: Vec<_> = found.lines().filter(|it| it.starts_with("error[")).collect();
    assert_eq!(rules.len(), 2, "{found}");
    assert!(rules.iter().all(|it| it.starts_with("error[host-env]")), "{found}");
}

#[test]
fn a_time_zone_is_one_that_the_host_knows() {
    let house = House::ready();
    house.write("root/usr/share/zoneinfo/Europe/Berlin", "TZif");
    assert_eq!(house.doctor(&[]), "");
    house.write("project/.env", &house.read("project/.env").replace("Europe/Berlin", "Mars/X"));
    let found = house.doctor(&[]);
    let expected = "error[host-env]: `TZ` is `Mars/X`, which is no time zone of this host";
    assert!(found.starts_with(expected), "{found}");
}
