//! `homelab doctor`.

use std::fs;

use homelab_core::report::doctor::Diagnosis;
use insta::assert_snapshot;

use crate::support::{House, pipe, whole};

#[test]
fn a_ready_house_has_no_findings() {
    assert_eq!(House::ready().doctor(&[]), "");
    let (house, all) = (House::ready(), "photos,network,monitoring,files,watchtower");
    house.write("project/.env", &format!("{}HOMER_DIGEST=\n", house.read("project/.env")));
    assert_eq!(house.doctor(&["--profiles", all]), "");
}

#[test]
fn the_last_line_counts() {
    let house = House::ready();
    house.write("project/.env", "DATA_ROOT=\nPUID=me\nCOMPOSE_PROFILES=photos\n");
    let output = house.run(&["doctor"]);
    let last = output.lines().rfind(|it| it.contains(" error")).expect("there is a summary");
    let last = last.trim_start_matches(|it: char| it.is_ascii_digit());
    assert_snapshot!(last, @" errors, 0 warnings; checked with `photos` on; more on a finding: `homelab explain host-env`");
}

#[test]
fn an_empty_folder_is_told_what_it_lacks() {
    whole("an-empty-folder-is-told-what-it-lacks", &House::empty().doctor(&[]));
}

#[test]
fn a_clone_without_settings_is_told_how_to_make_them() {
    let house = House::cloned();
    whole("a-clone-without-settings-is-told-how-to-make-them", &house.doctor(&[]));
    let folder = house.path("project").display().to_string();
    whole(
        "a-clone-without-settings-is-told-how-to-make-them-2",
        &house.doctor(&["--project", &folder]),
    );
}

#[test]
fn unreadable_settings_fail() {
    let house = House::empty();
    fs::create_dir(house.path("project/.env")).expect("the folder is empty");
    assert_snapshot!(house.run(&["doctor"]), @r"
    exit_code: 4
    ----- stdout -----
    ----- stderr -----
    error: cannot read `.env`
      caused by: Is a directory (os error 21)

    hint: something else is in its place: `ls -ld .env`; move it away: `mv .env .env.old`
    ");
}

#[test]
fn what_is_no_file_is_not_waited_for_and_what_is_too_large_is_not_read() {
    let house = House::cloned();
    pipe(house.path("project/.env"));
    let readers: [&[&str]; 6] = [
        &["doctor"],
        &["exposure"],
        &["caddyfile"],
        &["explain", "syncthing"],
        &["memory"],
        &["init"],
    ];
    let refused = |words: &[&str], because: &str| {
        let said = house.run(words);
        assert!(said.starts_with("exit_code: 4\n") && said.contains(because), "{words:?}: {said}");
    };
    for words in readers {
        refused(words, "cannot read `.env`\n  caused by: it is a pipe or a device");
    }
    let dotenv = house.path("project/.env");
    fs::remove_file(&dotenv).expect("it was just made");
    std::os::unix::fs::symlink("/dev/null", &dotenv).expect("its place is free");
    refused(&["doctor"], "it is a pipe or a device");
    fs::remove_file(&dotenv).expect("it was just made");
    fs::File::create(&dotenv).and_then(|it| it.set_len(300 << 20)).expect("it has a hole only");
    for words in readers {
        refused(words, "it has more than 65536 bytes");
        refused(
            words,
            "hint: move it away, `mv .env .env.old`, and make it anew: `homelab init`\n",
        );
    }
    fs::write(&dotenv, b"TZ=UTC\n# caf\xe9\nDATA_ROOT=/srv\n").expect("it is ours");
    for words in readers {
        refused(words, "cannot read `.env`\n  caused by: line 2 has bytes that are no UTF-8 text");
        refused(words, "hint: save it as UTF-8");
    }

    let house = House::ready();
    fs::remove_file(house.path("project/compose.yaml")).expect("it is there");
    pipe(house.path("project/compose.yaml"));
    let found = house.doctor(&[]);
    let expected = "error[host-stale]: `compose.yaml` cannot be read: it is a pipe or a device";
    assert!(found.starts_with(expected), "{found}");
}

#[test]
fn addresses_of_others_are_told() {
    const HEAD: &str = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n";
    let line = |device: &str, first: &str, mask: &str| {
        format!("{device} {first} 00000000 0001 0 0 0 {mask} 0 0 0\n")
    };
    let house = House::ready().with_docker("clash");
    // The household, and two of the house's own networks.
    let fine = line("eth0", "0001A8C0", "00FFFFFF")
        + &line("br-1", "005BE70A", "00FFFFFF")
        + &line("br-2", "001EE70A", "00FFFFFF");
    let wrong = line("tun0", "805BE70A", "80FFFFFF") + &line("wg0", "0000000A", "000000FF");
    house.write("root/proc/net/route", &(HEAD.to_owned() + &fine + &wrong));
    assert_snapshot!(house.doctor(&[]), @r"
    error[host-network]: the network `shop_default` has `10.231.79.128/25`, which overlaps `10.231.79.0/24` of the house's network `backend`
      --> shop_default
      help: remove it by `docker network rm shop_default`, or choose another range for `subnets` in `homelab-services/src/site.rs`, then run `cargo xtask gen`

    error[host-network]: the route to `10.231.91.128/25` by `tun0` overlaps `10.231.91.0/24` of the house's network `proxy`
      --> tun0
      help: choose another range for `subnets` in `homelab-services/src/site.rs`, then run `cargo xtask gen`

    warning[host-network]: the route to `10.0.0.0/8` by `wg0` overlaps `10.231.91.0/24` of the house's network `proxy`
      --> wg0
      help: choose another range for `subnets` in `homelab-services/src/site.rs`, then run `cargo xtask gen`
    ");
    // Whose routes these are nobody knows while the engine does not answer, which is said elsewhere.
    let house = House::ready();
    house.write("root/proc/net/route", &(HEAD.to_owned() + &wrong));
    assert_snapshot!(house.doctor(&[]), @"");
}

#[test]
fn an_old_engine_leaves_doors_open() {
    let house = House::ready().with_docker("before-25");
    house.write(
        "root/proc/mounts",
        "sysfs /sys sysfs rw 0 0\ntmpfs /sys/firmware tmpfs ro 0 0\ntmpfs /sys/fs/cgroup tmpfs rw 0 0\n",
    );
    assert_snapshot!(house.doctor(&["--profiles", "monitoring"]), @r"
    warning[host-engine]: Docker Engine before 28 leaves published ports open at the containers' own addresses, to whoever in your network adds a route to them: also those that are published on `127.0.0.1` only
      --> docker
      help: update Docker Engine: https://docs.docker.com/engine/install/

    warning[host-submount]: `/sys` is given to it read-only, but this Docker Engine leaves what is mounted below it writable, such as `/sys/fs/cgroup`
      --> netdata
      help: update Docker Engine to 25 or newer: https://docs.docker.com/engine/install/
    ");
    assert!(!house.doctor(&[]).contains("host-submount"), "netdata is off");
    assert_eq!(house.with_docker("good").doctor(&["--profiles", "monitoring"]), "");
}

#[test]
fn containers_of_profiles_that_are_off_are_found() {
    let house = House::ready().with_docker("left");
    assert_snapshot!(house.doctor(&[]), @r"
    warning[host-profile]: containers of profiles that are off still run: `postgres`, `redis`
      --> postgres
      help: run `docker compose --profile '*' rm --stop --force postgres redis`
    ");
    assert_eq!(house.doctor(&["--profiles", "photos"]), "");
}

#[test]
fn secrets_are_there_and_closed() {
    let house = House::ready();
    house.set_mode("project/secrets/caddy-login", 0o644);
    fs::remove_file(house.path("project/secrets/immich-db-password")).expect("init made it");
    assert_snapshot!(house.doctor(&["--profiles", "photos"]), @r"
    error[host-secret]: `secrets/caddy-login` has mode 0644: others than its services can use it
      --> secrets/caddy-login
      help: `sudo chmod 0400 secrets/caddy-login`

    error[host-secret]: `secrets/immich-db-password` does not exist
      --> secrets/immich-db-password
      help: run `homelab init`
    ");
    // Without the profile nobody needs the other one.
    assert_snapshot!(house.doctor(&[]), @r"
    error[host-secret]: `secrets/caddy-login` has mode 0644: others than its services can use it
      --> secrets/caddy-login
      help: `sudo chmod 0400 secrets/caddy-login`
    ");
}

#[test]
fn their_owner_checks_secrets_without_being_root() {
    let house = House::ready();
    if !house.is_root() {
        return;
    }
    // What `sudo homelab init` made: the folder is the person's, the files are not.
    let before = house.doctor(&["--profiles", "photos"]);
    assert_eq!(before, "");
    assert_eq!(house.doctor_as(1000, &["--profiles", "photos"]), before);
    house.set_mode("project/secrets/caddy-login", 0o600);
    fs::remove_file(house.path("project/secrets/immich-db-password")).expect("init made it");
    whole(
        "their-owner-checks-secrets-without-being-root",
        &house.doctor_as(1000, &["--profiles", "photos"]),
    );
    // Somebody else is told what they may not look at.
    whole("their-owner-checks-secrets-without-being-root-2", &house.doctor_as(1001, &[]));
}

#[test]
fn a_folder_or_nothing_is_no_secret() {
    let house = House::ready();
    let path = house.path("project/secrets/caddy-login");
    fs::remove_file(&path).expect("init made it");
    fs::create_dir(&path).expect("its place is free");
    assert_snapshot!(house.doctor(&[]), @r"
    error[host-secret]: `secrets/caddy-login` is not a file
      --> secrets/caddy-login
      help: remove it (`sudo rmdir secrets/caddy-login`) and run `homelab init`
    ");
    fs::remove_dir(&path).expect("it is empty");
    house.write("project/secrets/caddy-login", "");
    house.set_mode("project/secrets/caddy-login", 0o400);
    assert_snapshot!(house.doctor(&[]), @r"
    error[host-secret]: `secrets/caddy-login` is empty
      --> secrets/caddy-login
      help: remove it (`sudo rm secrets/caddy-login`) and run `homelab init`
    ");
}

#[test]
fn folders_exist_and_can_be_used() {
    let house = House::ready();
    fs::remove_dir(house.path("root/srv/media")).expect("it is empty");
    fs::remove_dir(house.path("root/srv/sync")).expect("it is empty");
    house.write("root/srv/sync", "a file where a folder belongs");
    house.set_mode("root/srv/backups", 0o000);
    let found = house.doctor(&["--profiles", "photos"]);
    assert_snapshot!(found.replacen(&house.owner(), "[OWNER]", 1), @r"
    error[host-bind]: `[TMP]/root/srv/media` does not exist
      --> jellyfin
      help: `sudo install -d -o 1000 -g 1000 [TMP]/root/srv/media`

    error[host-bind]: `[TMP]/root/srv/sync` is not a folder
      --> syncthing
      help: name another path in `.env`

    error[host-bind]: `[TMP]/root/srv/backups` belongs to [OWNER] with mode 0000: `pgbackups` cannot write to it as 999:999
      --> pgbackups
      help: `sudo chown 999:999 [TMP]/root/srv/backups`
    ");
}

#[test]
fn ports_are_free_or_our_own() {
    let house = House::ready();
    let listening = "  sl  local_address rem_address   st\n   0: 00000000:01BB 00000000:0000 0A\n";
    house.write("root/proc/net/tcp", listening);
    assert_snapshot!(house.doctor(&[]), @r"
    error[host-port]: `0.0.0.0:443/tcp` is taken: something listens on `0.0.0.0`
      --> caddy
      help: find it with `sudo ss -lntp 'sport = :443'` and stop it
    ");
    assert_eq!(house.with_docker("holder").doctor(&[]), "");
}

#[test]
fn ports_may_be_our_own_while_docker_is_silent() {
    let house = House::ready().with_docker("down");
    let listening = "  sl  local_address rem_address   st\n   0: 00000000:01BB 00000000:0000 0A\n";
    house.write("root/proc/net/tcp", listening);
    assert_snapshot!(house.doctor(&[]), @r"
    error[host-engine]: Docker Engine cannot be reached: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?
      --> docker
      help: start it: `sudo systemctl enable --now docker`

    warning[host-port]: `0.0.0.0:443/tcp` is taken: something listens on `0.0.0.0`; whether it is this stack itself, Docker did not say
      --> caddy
      help: mend what `host-engine` says, then run this again
    ");
}

#[test]
fn addresses_belong_to_the_host() {
    let house = House::ready();
    let text = house.read("project/.env");
    // 192.0.2.0/24 is reserved for documentation.
    house.write("project/.env", &format!("{text}LAN_ADDRESS=192.0.2.1\n"));
    assert_snapshot!(house.doctor(&[]), @r"
    error[host-port]: `192.0.2.1` is not an address of this host
      --> syncthing
      help: correct it in `.env`; `ip -4 address` lists this host's addresses
    ");
}

#[test]
fn the_host_is_large_enough() {
    let house = House::ready();
    house.write("root/proc/meminfo", "MemTotal: 3145728 kB\n");
    house.write("root/proc/cpuinfo", "processor : 0\n");
    whole("the-host-is-large-enough", &house.doctor(&[]));
    house.write("root/proc/meminfo", "MemTotal: 2097152 kB\n");
    house.write("root/proc/cpuinfo", "processor : 0\nprocessor : 1\n");
    whole("the-host-is-large-enough-2", &house.doctor(&[]));
}

#[test]
fn a_device_is_a_device() {
    let house = House::ready();
    let text = house.read("project/.env");
    let device = house.path("root/dev/dri/renderD128");
    house.write("root/dev/dri/renderD128", "a file");
    house.write("project/.env", &format!("{text}JELLYFIN_GPU=/dev/dri/renderD128\n"));
    assert_snapshot!(house.doctor(&[]), @r"
    error[host-gpu]: `/dev/dri/renderD128` is not a device of this host
      --> jellyfin
      help: set `JELLYFIN_GPU=/dev/null` in `.env`, or the name that `ls /dev/dri` shows
    ");
    fs::remove_file(&device).expect("the test made it");
    std::os::unix::fs::symlink("/dev/null", &device).expect("its place is free");
    assert_eq!(house.doctor(&[]), "");
}

#[test]
fn docker_is_there_and_new_enough() {
    assert_snapshot!(House::ready().with_docker("missing").doctor(&[]), @r"
    error[host-engine]: there is no `docker` command
      --> docker
      help: install Docker Engine: https://docs.docker.com/engine/install/
    ");
    assert_snapshot!(House::ready().with_docker("down").doctor(&[]), @r"
    error[host-engine]: Docker Engine cannot be reached: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?
      --> docker
      help: start it: `sudo systemctl enable --now docker`
    ");
    assert_snapshot!(House::ready().with_docker("denied").doctor(&[]), @r#"
    error[host-engine]: Docker Engine cannot be reached: permission denied while trying to connect to the Docker daemon socket
      --> docker
      help: run it as `sudo homelab doctor`, or join the group: `sudo usermod -aG docker "$USER"`
    "#);
    assert_snapshot!(House::ready().with_docker("old").doctor(&[]), @r"
    error[host-engine]: Docker Engine speaks API `1.40`, expected 1.41 or newer
      --> docker
      help: update Docker Engine: https://docs.docker.com/engine/install/

    error[host-compose]: Docker Compose is version `1.29.2`, expected 2.23.1 or newer
      --> docker compose
      help: install the plugin: https://docs.docker.com/compose/install/linux/
    ");
}

#[test]
fn generated_files_are_those_of_this_program() {
    let house = House::ready();
    let text = house.read("project/compose.yaml");
    house.write("project/compose.yaml", &text.replace("homelab", "homelub"));
    fs::remove_file(house.path("project/config/homer/config.yml")).expect("it was written");
    assert_snapshot!(house.doctor(&[]), @r"
    error[host-stale]: `compose.yaml` is not what this `homelab` would generate
      --> compose.yaml
      help: run `cargo build --release -p homelab-cli && sudo install target/release/homelab /usr/local/bin/`; after a change in Rust, `cargo xtask gen` first

    error[host-stale]: `config/homer/config.yml` does not exist
      --> config/homer/config.yml
      help: fetch the whole repository, or name its folder with `--project DIR`
    ");
}

#[test]
fn json_has_findings_and_profiles() {
    let house = House::ready();
    fs::remove_dir(house.path("root/srv/media")).expect("it is empty");
    let output = house.output(&["doctor", "--format", "json", "--profiles", "files"]);
    let report: Diagnosis = serde_json::from_slice(&output.stdout).expect("it is what was printed");
    assert_eq!(report.profiles, ["files"]);
    let found =
        report.findings.iter().find(|it| it.rule == "host-bind").expect("the folder is missing");
    let text = serde_json::to_string_pretty(found).expect("it was JSON before");
    assert_snapshot!(text.replace(&house.path("").display().to_string(), "[TMP]/"), @r#"
    {
      "rule": "host-bind",
      "severity": "error",
      "subject": "jellyfin",
      "message": "`[TMP]/root/srv/media` does not exist",
      "help": "`sudo install -d -o 1000 -g 1000 [TMP]/root/srv/media`"
    }
    "#);
}

#[test]
fn an_unknown_profile_is_wrong_usage() {
    assert_snapshot!(House::ready().run(&["doctor", "--profiles", "fotos"]), @r"
    exit_code: 2
    ----- stdout -----
    ----- stderr -----
    error: unknown profile `fotos`

    hint: profiles: `photos`, `network`, `monitoring`, `files`, `watchtower`
    ");
}
