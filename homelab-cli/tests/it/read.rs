//! The commands that only read: `explain`, `memory`, `exposure`, `caddyfile`, and help.

use std::process::{Command, Stdio};

use homelab_core::report::explanation::{Explanation, Keeping};
use homelab_core::report::exposure::Exposure;
use homelab_core::report::memory::{AllSets, OneSet};
use homelab_core::service::RoleKind;
use insta::assert_snapshot;

use crate::support::{House, whole};

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
    whole("a-service-is-explained", &sections(&output, &names));
    let output = house.run(&["explain", "immich-server"]);
    whole("a-service-is-explained-2", &sections(&output, &["profile", "reaches", "secrets"]));
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
    whole("values-of-the-settings-are-used", &sections(&output, &["host", "state"]));
    house.write("project/.env", "oops\n");
    whole("values-of-the-settings-are-used-2", &house.run(&["explain", "jellyfin"]));
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

    The proxy's login is checked at every request of a stranger: a costly hash, or a line that does
    not say how its user's credentials begin, lets a flood of wrong logins take the processor from
    every site.

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
      neighbours  redis over backend (could reach it, and has no reason to)
      state       volume homelab_postgres at /var/lib/postgresql/data: to be restored from the dumps of pgbackups
    ");
    let output = house.run(&["explain", "unused-waiver"]);
    assert!(output.contains("Every waiver accepts something"), "{output}");
}

#[test]
fn an_unknown_name_gets_a_suggestion() {
    let output = House::empty().run(&["explain", "immich"]);
    let (head, lists) = output.split_once("services: ").expect("services are listed");
    whole("an-unknown-name-gets-a-suggestion", head);
    assert!(lists.contains("`immich-server`") && !lists.contains("rules: "), "{lists}");
    let output = House::empty().run(&["explain", "nonsense"]);
    assert!(output.contains("services: ") && output.contains("\nrules: "), "{output}");
}

#[test]
fn memory_is_shown_by_service_or_by_set() {
    let house = House::empty();
    whole("memory-is-shown-by-service-or-by-set", &house.run(&["memory", "--profiles", ""]));
    let output = house.run(&["memory"]);
    assert!(output.contains("\nnone: the base alone  "), "{output}");
    whole(
        "memory-is-shown-by-service-or-by-set-2",
        &house.run(&["memory", "--profiles", "photos,phots"]),
    );
    let output = house.output(&["memory", "--format", "json", "--profiles", "photos"]);
    let it: OneSet = serde_json::from_slice(&output.stdout).expect("it is what was printed");
    assert_eq!(it.budget.saturating_sub(it.need.total), it.need.spare);
    let output = house.output(&["memory", "--format", "json"]);
    let all: AllSets = serde_json::from_slice(&output.stdout).expect("it is what was printed");
    assert_eq!(all.budget, it.budget);
    assert!(all.sets.contains(&it.need), "each profile alone is among them");
}

#[test]
fn exposure_lists_ways_in_and_out() {
    let house = House::empty();
    house.write("project/.env", "LAN_ADDRESS=192.168.1.2\nDOMAIN=example.org\n");
    whole("exposure-lists-ways-in-and-out", &house.run(&["exposure"]));
    let output = house.output(&["exposure", "--format", "json"]);
    let it: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(it["hosts"][0]["login"], "service");
    let read: Exposure = serde_json::from_slice(&output.stdout).expect("it is what was printed");
    assert_eq!(serde_json::to_value(read).expect("it is plain data"), it);
}

#[test]
fn the_caddyfile_is_what_runs() {
    let house = House::empty();
    let all = house.run(&["caddyfile"]);
    assert!(all.contains("\nphotos.home.arpa {\n"), "{all}");
    house.write("project/.env", "DOMAIN=example.org\n");
    whole("the-caddyfile-is-what-runs", &house.run(&["caddyfile", "--profiles", "files"]));
    let base = house.run(&["caddyfile", "--profiles", ""]);
    assert!(base.contains("\nmedia.example.org {\n") && !base.contains("\nfiles."), "{base}");
    whole("the-caddyfile-is-what-runs-2", &house.run(&["caddyfile", "--profiles", "fils"]));
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
      init       Write `.env` and make the secrets
      doctor     Check this host before `docker compose up`
      explain    Explain a service or a rule
      memory     Show the memory that services may use, against what the host has
      exposure   List every way into the house and every way out of it
      caddyfile  Print the Caddyfile that the proxy makes of the labels
      images     Ask the registries for newer releases of the pinned images
      plan       Show what a deploy would do
      deploy     Deploy this checkout
      rollback   Go back to a release that is kept on the host
      status     Compare a host with the release that was deployed to it
      recover    End a deploy that a power cut or a kill has interrupted
      receive    Serve the other end of `homelab … --host`
      help       Print this message or the help of the given subcommand(s)

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
