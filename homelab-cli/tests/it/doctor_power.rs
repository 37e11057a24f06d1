//! `homelab doctor` about paths and accounts by which a container would govern the host.

use std::os::unix::fs::symlink;

use insta::assert_snapshot;

use crate::support::House;

/// A ready house with one more line in `.env`.
fn with(line: &str) -> House {
    let house = House::ready();
    house.write("project/.env", &format!("{}{line}\n", house.read("project/.env")));
    house
}

#[test]
fn no_path_of_the_settings_is_the_house_or_the_host() {
    for (value, what) in [
        ("/", "all of it"),
        ("/etc", "its settings"),
        ("/root", "root's home"),
        ("/var/lib/docker", "the engine's own folder"),
        ("/var/run", "the sockets"),
    ] {
        let found = with(&format!("FILES_PATH={value}")).doctor(&["--profiles", "files"]);
        let told = format!("`FILES_PATH` gives `filebrowser` the path `{value}`");
        assert!(found.contains(&told) && found.contains(what), "{value}: {found}");
    }
    let house = House::ready();
    for folder in
        ["project", "project/secrets", "project/releases", "project/state", "project/dumps"]
    {
        let value = house.path(folder).display().to_string();
        let text = format!("{}FILES_PATH={value}\n", House::ready().read("project/.env"));
        house.write("project/.env", &text);
        let found = house.doctor(&[]);
        assert!(found.contains("error[host-path-of-env]"), "{folder}: {found}");
        assert!(found.contains("the house itself"), "{folder}: {found}");
    }
    assert_eq!(with("MEDIA_PATH=/srv/media").doctor(&[]), "");
}

#[test]
fn links_are_followed() {
    let house = with("FILES_PATH=/srv/link");
    symlink(house.path("project/secrets"), house.path("root/srv/link")).expect("it is free");
    let found = house.doctor(&[]);
    let told =
        "the path `/srv/link`, which is `[TMP]/project/secrets` of the host: the house itself";
    assert!(found.contains(told), "{found}");
    assert!(found.contains("\n  --> .env:"), "{found}");
}

#[test]
fn init_refuses_them_and_writes_nothing() {
    let house = House::cloned();
    let said = house.run(&["init", "--set=DATA_ROOT=/srv", "--set=FILES_PATH=/etc"]);
    assert!(said.starts_with("exit_code: 4"), "{said}");
    assert!(said.contains("`FILES_PATH` gives `filebrowser` the path `/etc`"), "{said}");
    assert!(!house.path("project/.env").exists());
}

#[test]
fn no_account_is_a_container() {
    let house = House::ready();
    let passwd = "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n";
    house.write("root/etc/passwd", &format!("{passwd}coredump:x:999:999::/:/usr/sbin/nologin\n"));
    assert_snapshot!(house.doctor(&["--profiles", "photos"]), @r"
    warning[host-account]: the account `coredump` has the user id 999, as which `redis` runs: each is the other
      --> coredump
      help: give it another one: `sudo usermod --uid 61023 coredump`

    warning[host-account]: the account `coredump` has the user id 999, as which `pgbackups` runs: each is the other
      --> coredump
      help: give it another one: `sudo usermod --uid 61023 coredump`
    ");
    house.write("root/etc/passwd", &format!("{passwd}deploy:x:999:999::/home/deploy:/bin/sh\n"));
    assert_snapshot!(house.doctor(&["--profiles", "photos"]), @r"
    error[host-account]: the account `deploy` has the user id 999, as which `redis` runs: each is the other
      --> deploy
      help: give it another one: `sudo usermod --uid 61023 deploy`

    error[host-account]: the account `deploy` has the user id 999, as which `pgbackups` runs: each is the other
      --> deploy
      help: give it another one: `sudo usermod --uid 61023 deploy`
    ");
    house.write("root/etc/passwd", passwd);
    assert_eq!(house.doctor(&["--profiles", "photos"]), "", "`PUID` is the household's own");
}

#[test]
fn who_deploys_cannot_change_what_the_key_may_do() {
    let house = House::ready();
    house.write("root/etc/passwd", "deploy:x:997:997::/home/deploy:/bin/sh\n");
    house.write("root/home/deploy/.ssh/authorized_keys", "");
    assert_eq!(house.doctor(&[]), "", "nobody lets it deploy");
    let rule =
        "deploy ALL=(root) NOPASSWD: /usr/local/bin/homelab receive --house /srv/homelab *\n";
    house.write("root/etc/sudoers.d/homelab", rule);
    house.set_mode("root/home/deploy", 0o777);
    let found = house.doctor(&[]);
    assert!(found.contains("has the user id 997, which the system chose"), "{found}");
    assert!(found.contains("`/home/deploy` belongs to"), "{found}");
    assert!(found.contains("`deploy` can replace what its key may do"), "{found}");
    if house.is_root() {
        house.set_mode("root/home/deploy", 0o755);
        house.write("root/etc/passwd", "deploy:x:61022:61022::/home/deploy:/bin/sh\n");
        assert_eq!(house.doctor(&[]), "");
    }
}
