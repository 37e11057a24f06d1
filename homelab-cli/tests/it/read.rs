//! The commands that only read: `explain`, `memory`, `exposure`, and help.

use std::process::{Command, Stdio};

use insta::assert_snapshot;

use crate::support::House;

/// Sections whose text does not change with every new image.
fn sections(output: &str, names: &[&str]) -> String {
    let mut keep = true;
    let kept = output.lines().filter(|it| {
        if let Some(label) = it.strip_prefix("  ").filter(|it| !it.starts_with(' ')) {
            keep = names.iter().any(|it| label.starts_with(it));
        }
        keep
    });
    kept.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_service_is_explained() {
    let house = House::empty();
    let output = house.run(&["explain", "syncthing"]);
    let names = ["profile", "user", "host", "listens", "state", "secrets", "exceptions"];
    assert_snapshot!(sections(&output, &names), @r"
    exit_code: 0
    ----- stdout -----
    syncthing: an app that people open in a browser
      profile     none: it is always on
      user        0:0
      host names  https://sync.home.arpa: the proxy asks for the household's login
      host ports  22000/tcp on 0.0.0.0
                  22000/udp on 0.0.0.0
                  21027/udp on 0.0.0.0
      listens on  8384/tcp, 22000/tcp, 22000/udp, 21027/udp
      state       syncthing at /var/syncthing: belongs in the copy that leaves the house
                  $DATA_ROOT/sync at /sync: belongs in the copy that leaves the house
      exceptions  cap CHOWN: the entry point gives the state's folder to PUID
                  cap DAC_OVERRIDE: the entry point enters that folder as root
                  cap SETGID: the entry point becomes PGID
                  cap SETUID: the entry point becomes PUID
    ----- stderr -----
    ");
    let output = house.run(&["explain", "immich-server"]);
    assert_snapshot!(sections(&output, &["profile", "reaches", "secrets"]), @r"
    exit_code: 0
    ----- stdout -----
    immich-server: an app that people open in a browser
      profile     photos
      reaches     postgres on 5432/tcp over backend (uses it)
                  redis on 6379/tcp over backend (uses it)
                  immich-machine-learning on 3003/tcp over backend (uses it)
      secrets     secrets/immich-db-password (owner 999:1000, mode 0440), read by postgres, immich-server, pgbackups
    ----- stderr -----
    ");
}

#[test]
fn a_service_is_explained_to_programs() {
    let output = House::empty().output(&["explain", "pgbackups", "--format", "json"]);
    let it: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(it["role"], "agent");
    assert_eq!(it["dumps"], serde_json::json!(["postgres"]));
    assert_eq!(it["secrets"][0]["file"], "secrets/immich-db-password");
    assert_eq!(it["mounts"][0]["policy"], "offsite");
}

#[test]
fn values_of_the_settings_are_used() {
    let house = House::empty();
    house.write("project/.env", "DATA_ROOT=/srv\nDOMAIN=example.org\n");
    let output = house.run(&["explain", "jellyfin"]);
    assert_snapshot!(sections(&output, &["host", "state"]), @r"
    exit_code: 0
    ----- stdout -----
    jellyfin: an app that people open in a browser
      host names  https://media.example.org: its own accounts; closed: /Startup/*
      state       jellyfin-config at /config: belongs in the copy that leaves the house
                  jellyfin-cache at /cache: not kept: pictures and transcodes are made again
                  /srv/media at /media: only read
    ----- stderr -----
    ");
    house.write("project/.env", "oops\n");
    assert_snapshot!(house.run(&["explain", "jellyfin"]), @r"
    exit_code: 4
    ----- stdout -----
    ----- stderr -----
    error: `.env` is not valid:
      .env:1: expected `NAME=value`, found `oops`

    hint: correct these lines, then run the command again
    ");
}

#[test]
fn a_rule_is_explained() {
    let house = House::empty();
    assert_snapshot!(house.run(&["explain", "host-secret"]), @r"
    exit_code: 0
    ----- stdout -----
    host-secret

    Every secret is a file that exactly its services can read.

    Compose ignores owner and mode of file secrets, so those of the file on the host count:
    a service that runs as another user cannot read it and stops, and a file that everybody
    may read is none. A folder in its place is what Docker makes of a missing file.

    Fix: `homelab init` makes what is missing and prints the commands for what is not its own.
    ----- stderr -----
    ");
    assert_snapshot!(house.run(&["explain", "restart-policy"]), @r"
    exit_code: 0
    ----- stdout -----
    restart-policy

    A long-running service comes back after a crash and after a reboot.

    Without `restart:` a container stays down after its first crash and after every
    reboot of the host, and nobody notices until the service is needed.

    Fix: set `restart: unless-stopped`. The DSL does so by itself.
    ----- stderr -----
    ");
}

#[test]
fn an_unknown_name_gets_a_suggestion() {
    let output = House::empty().run(&["explain", "immich"]);
    let (head, lists) = output.split_once("services: ").expect("services are listed");
    assert_snapshot!(head, @r"
    exit_code: 2
    ----- stdout -----
    ----- stderr -----
    error: `immich` is neither a service nor a rule

    hint: did you mean `immich-server`?
    ");
    assert!(lists.contains("`immich-server`") && lists.contains("\nrules: "), "{lists}");
}

#[test]
fn memory_is_shown_by_service_or_by_set() {
    let house = House::empty();
    assert_snapshot!(house.run(&["memory", "--profiles", ""]), @r"
    exit_code: 0
    ----- stdout -----
    jellyfin                2048 MiB
    syncthing                512 MiB
    caddy                    256 MiB
    socket-proxy-caddy        64 MiB
    homer                     64 MiB
    together                2944 MiB
    budget                 11008 MiB
    left                    8064 MiB
    ----- stderr -----
    ");
    let output = house.run(&["memory"]);
    assert_eq!(output.lines().filter(|it| it.ends_with("MiB")).count(), 32, "{output}");
    assert_snapshot!(house.run(&["memory", "--profiles", "photos,phots"]), @r"
    exit_code: 2
    ----- stdout -----
    ----- stderr -----
    error: unknown profile `phots`

    hint: did you mean `photos`? profiles: `photos`, `network`, `monitoring`, `files`, `watchtower`
    ");
    let output = house.output(&["memory", "--format", "json", "--profiles", "photos"]);
    let it: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!((&it["budget"], &it["need"]["fits"]), (&11_008.into(), &true.into()));
    let output = house.output(&["memory", "--format", "json"]);
    let it: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(it["sets"].as_array().map(Vec::len), Some(32));
}

#[test]
fn exposure_lists_ways_in_and_out() {
    let house = House::empty();
    house.write("project/.env", "LAN_ADDRESS=192.168.1.2\nDOMAIN=example.org\n");
    assert_snapshot!(house.run(&["exposure"]), @r"
    exit_code: 0
    ----- stdout -----
    Ports of this host
      all          80/tcp     caddy        the way in for every browser of the house
      all          443/tcp    caddy        the way in for every browser of the house
      all          443/udp    caddy        the way in for every browser of the house
      192.168.1.2  22000/tcp  syncthing
      192.168.1.2  22000/udp  syncthing
      192.168.1.2  21027/udp  syncthing
      127.0.0.1    53/udp     adguardhome
      127.0.0.1    53/tcp     adguardhome

    Host names behind the proxy
      media.example.org    jellyfin       its own accounts; closed: `/Startup/*`
      sync.example.org     syncthing      the proxy asks for the household's login
      photos.example.org   immich-server  its own accounts
      dns.example.org      adguardhome    the proxy asks for the household's login
      metrics.example.org  netdata        the proxy asks for the household's login
      status.example.org   uptime-kuma    the proxy asks for the household's login
      files.example.org    filebrowser    the proxy asks for the household's login
      example.org          homer          the proxy asks for the household's login

    Ways out to the internet
      caddy                    via proxy
      jellyfin                 via proxy
      syncthing                via proxy
      immich-machine-learning  via egress  downloads its models from Hugging Face on first use
      immich-server            via proxy
      adguardhome              via proxy
      netdata                  via proxy
      uptime-kuma              via proxy
      filebrowser              via proxy
      watchtower               via egress  asks the registries for newer images
      homer                    via proxy
    ----- stderr -----
    ");
    let output = house.output(&["exposure", "--format", "json"]);
    let it: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(it["sites"][0]["login"], "service");
}

#[test]
fn help_fits_on_a_screen() {
    let house = House::empty();
    assert_snapshot!(house.run(&["-h"]), @r"
    exit_code: 0
    ----- stdout -----
    Set up, check and explain the household's stack

    Usage: homelab [OPTIONS] <COMMAND>

    Commands:
      init      Write `.env` and make the secrets
      doctor    Check this host before `docker compose up`
      explain   Explain a service or a rule
      memory    Show the memory that services may use, against what the host has
      exposure  List every way into the house and every way out of it
      help      Print this message or the help of the given subcommand(s)

    Options:
          --project <DIR>  Folder that holds `compose.yaml`, `.env` and `secrets/` [default: .]
      -h, --help           Print help (see more with '--help')
      -V, --version        Print version
    ----- stderr -----
    ");
    assert_snapshot!(house.run(&["frobnicate"]), @r"
    exit_code: 2
    ----- stdout -----
    ----- stderr -----
    error: unrecognized subcommand 'frobnicate'

    Usage: homelab [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn a_reader_that_goes_away_is_no_bug() {
    let house = House::empty();
    let (reader, writer) = std::io::pipe().expect("the system has pipes");
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_homelab"))
        .arg("memory")
        .current_dir(house.path("project"))
        .env_clear()
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .expect("cargo has built the program");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*errors), (Some(4), ""));
}
