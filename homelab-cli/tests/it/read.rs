//! The commands that only read: `explain`, `memory`, `exposure`, and help.

use std::process::{Command, Stdio};

use homelab_core::report::explanation::{Explanation, Keeping};
use homelab_core::report::exposure::Exposure;
use homelab_core::report::memory::{AllSets, OneSet};
use homelab_core::service::RoleKind;
use homelab_core::units::Memory;
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
      host ports  22000/tcp on every IPv4 address (address from `LAN_ADDRESS`)
                  22000/udp on every IPv4 address (address from `LAN_ADDRESS`)
                  21027/udp on every IPv4 address (address from `LAN_ADDRESS`)
      listens on  8384/tcp, 22000/tcp, 22000/udp, 21027/udp
      state       volume homelab_syncthing at /var/syncthing: to be restored from your own off-site copy
                  $DATA_ROOT/sync at /sync: to be restored from your own off-site copy
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
      profile     photos, which is off: `COMPOSE_PROFILES` lacks it
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
    let it: Explanation = serde_json::from_slice(&output.stdout).expect("it is what was printed");
    assert_eq!(it.role, Some(RoleKind::Agent));
    assert_eq!(it.dumps, ["postgres"]);
    assert_eq!(it.secrets[0].file, "secrets/immich-db-password");
    assert_eq!(it.mounts[0].policy, Some(Keeping::Offsite));
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
      host names  https://media.example.org: the service asks for its own account; refused: `*/Startup/*`
      state       volume homelab_jellyfin-config at /config: to be restored from your own off-site copy
                  volume homelab_jellyfin-cache at /cache: not kept: pictures and transcodes are made again
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
fn how_to_restore_is_explained() {
    let house = House::empty();
    house.write("project/.env", "DATA_ROOT=/srv\nCOMPOSE_PROFILES=photos\n");
    let output = house.run(&["explain", "postgres"]);
    assert_snapshot!(sections(&output, &["profile", "neighbours", "state"]), @r"
    exit_code: 0
    ----- stdout -----
    postgres: a database or cache that only its users reach
      profile     photos, which is on
      neighbours  redis, immich-machine-learning over backend (could, and has no reason to)
      state       volume homelab_postgres at /var/lib/postgresql/data: to be restored from the dumps of pgbackups
    ");
    let output = house.run(&["explain", "unused-waiver"]);
    assert!(output.contains("Every waiver accepts something"), "{output}");
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
    assert!(lists.contains("`immich-server`") && !lists.contains("rules: "), "{lists}");
    let output = House::empty().run(&["explain", "nonsense"]);
    assert!(output.contains("services: ") && output.contains("\nrules: "), "{output}");
}

#[test]
fn memory_is_shown_by_service_or_by_set() {
    let house = House::empty();
    assert_snapshot!(house.run(&["memory", "--profiles", ""]), @r"
    exit_code: 0
    ----- stdout -----
    jellyfin                  2048 MiB
    syncthing                  512 MiB
    caddy                      256 MiB
    socket-proxy-caddy          64 MiB
    homer                       64 MiB
    sum of these limits       2944 MiB
    host without reserve     11008 MiB
    left                      8064 MiB
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
    let it: OneSet = serde_json::from_slice(&output.stdout).expect("it is what was printed");
    assert_eq!((it.budget, it.need.fits), (Memory::mib(11_008), true));
    let output = house.output(&["memory", "--format", "json"]);
    let it: AllSets = serde_json::from_slice(&output.stdout).expect("it is what was printed");
    assert_eq!(it.sets.len(), 32);
}

#[test]
fn exposure_lists_ways_in_and_out() {
    let house = House::empty();
    house.write("project/.env", "LAN_ADDRESS=192.168.1.2\nDOMAIN=example.org\n");
    assert_snapshot!(house.run(&["exposure"]), @r"
    exit_code: 0
    ----- stdout -----
    Ways in: ports of this host
      every address  80/tcp     caddy                          the way in for every browser of the house
      every address  443/tcp    caddy                          the way in for every browser of the house
      every address  443/udp    caddy                          the way in for every browser of the house
      192.168.1.2    22000/tcp  syncthing                      address from `LAN_ADDRESS`
      192.168.1.2    22000/udp  syncthing                      address from `LAN_ADDRESS`
      192.168.1.2    21027/udp  syncthing                      address from `LAN_ADDRESS`
      127.0.0.1      53/udp     adguardhome (profile network)  address from `ADGUARD_ADDRESS`
      127.0.0.1      53/tcp     adguardhome (profile network)  address from `ADGUARD_ADDRESS`

    Ways in: host names behind the proxy
      media.example.org    jellyfin                          the service asks for its own account; refused: `*/Startup/*`
      sync.example.org     syncthing                         the proxy asks for the household's login
      photos.example.org   immich-server (profile photos)    the service asks for its own account
      dns.example.org      adguardhome (profile network)     the proxy asks for the household's login
      metrics.example.org  netdata (profile monitoring)      the proxy asks for the household's login
      status.example.org   uptime-kuma (profile monitoring)  the proxy asks for the household's login
      files.example.org    filebrowser (profile files)       the proxy asks for the household's login
      example.org          homer                             the proxy asks for the household's login

    Ways out to the internet
      caddy                                     via proxy   certificates from a public authority; its own needs none
      jellyfin                                  via proxy   fetches descriptions, pictures and plugins
      syncthing                                 via proxy   finds devices outside the house, relays, asks for new versions
      immich-machine-learning (profile photos)  via egress  downloads its models from Hugging Face on first use
      immich-server (profile photos)            via proxy   asks for new versions
      adguardhome (profile network)             via proxy   it asks upstream resolvers and downloads filter lists
      netdata (profile monitoring)              via proxy   its cloud, which this house does not use
      uptime-kuma (profile monitoring)          via proxy   watches addresses outside the house and sends notifications
      filebrowser (profile files)               via proxy   not needed; a network that it is on leads out
      watchtower (profile watchtower)           via egress  asks the registries for newer images
      homer                                     via proxy   not needed; a network that it is on leads out
    ----- stderr -----
    ");
    let output = house.output(&["exposure", "--format", "json"]);
    let it: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(it["hosts"][0]["login"], "service");
    let read: Exposure = serde_json::from_slice(&output.stdout).expect("it is what was printed");
    assert_eq!(serde_json::to_value(read).expect("it is plain data"), it);
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
