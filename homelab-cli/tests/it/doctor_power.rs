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
        assert!(found.contains("error[host-real-path]"), "{folder}: {found}");
        assert!(found.contains("the house itself"), "{folder}: {found}");
    }
    assert_eq!(with("MEDIA_PATH=/srv/media").doctor(&[]), "");
    // What would follow from it is not told once more, for any service.
    let found = with("DATA_ROOT=/etc").doctor(&["--profiles", "photos,files"]);
    let lines = found.lines().filter(|it| it.starts_with("error")).collect::<Vec<_>>();
    let [told] = lines.as_slice() else { panic!("{found}") };
    assert!(told.starts_with("error[host-real-path]: `DATA_ROOT` gives `jellyfin`, `"), "{told}");
    assert!(told.contains(" paths such as `/etc/media` of the host: its settings; "), "{told}");
    let house = with("FILES_PATH=/srv/file/x");
    house.write("root/srv/file", "");
    let found = house.doctor(&["--profiles", "files"]);
    assert!(
        found.contains("help: name another path in `.env`") && !found.contains("sudo"),
        "{found}"
    );
}

#[test]
fn no_path_of_the_settings_is_the_folder_that_the_engine_has() {
    for value in ["/srv", "/srv/engine", "/srv/engine/volumes/x", "/srv/link"] {
        let house = with(&format!("FILES_PATH={value}")).with_docker("moved");
        std::fs::create_dir_all(house.path("root/srv/engine/volumes")).expect("the folder is ours");
        symlink("engine/volumes", house.path("root/srv/link")).expect("it is free");
        let found = house.doctor(&["--profiles", "files"]);
        assert!(found.contains("error[host-real-path]: `FILES_PATH`"), "{value}: {found}");
        assert!(found.contains("the engine's own folder"), "{value}: {found}");
    }
    let house = with("FILES_PATH=/srv/engine");
    assert!(!house.doctor(&[]).contains("host-real-path"), "it is another one's folder");
}

#[test]
fn no_device_of_the_settings_is_the_hosts() {
    for device in ["/dev/sda", "/dev/mem", "/dev/dri/link"] {
        let house = with(&format!("JELLYFIN_GPU={device}"));
        std::fs::create_dir_all(house.path("root/dev/dri")).expect("the folder is ours");
        house.write("root/dev/sda", "a disk");
        symlink("../sda", house.path("root/dev/dri/link")).expect("it is free");
        let found = house.doctor(&[]);
        let told = format!(
            "error[host-real-path]: `JELLYFIN_GPU` gives `jellyfin` the device `{device}` of the \
             host; expected `/dev/null` or a device below `/dev/dri`\n  --> .env:"
        );
        assert!(found.contains(&told), "{device}: {found}");
    }
    let found = with("JELLYFIN_GPU=/dev/dri/renderD129").doctor(&[]);
    assert!(!found.contains("host-real-path"), "{found}");
}

#[test]
fn what_a_service_keeps_is_in_nobody_elses_folder() {
    let all = ["--profiles", "photos,files"];
    for shared in ["FILES_PATH=/srv/media", "SYNC_PATH=/srv/files/x", "MEDIA_PATH=/srv/photos"] {
        let house = with(shared);
        std::fs::create_dir_all(house.path("root/srv/files/x")).expect("the folder is ours");
        house.set_mode("root/srv/files/x", 0o777);
        assert_eq!(house.doctor(&all), "", "{shared}");
    }
    let house = with("FILES_PATH=/srv");
    house.set_mode("root/srv", 0o777);
    assert_snapshot!(house.doctor(&all), @r"
    error[host-overlap]: `FILES_PATH`, `/srv`, contains `BACKUP_PATH`, `/srv/backups`: `filebrowser` can change what `pgbackups` keeps there
      --> .env:101
      help: set `FILES_PATH` or `BACKUP_PATH` to a folder outside of the other

    warning[host-overlap]: `FILES_PATH`, `/srv`, contains `IMMICH_LIBRARY_PATH`, `/srv/photos`: `filebrowser` can change what `immich-server` keeps there
      --> .env:101
      help: set `FILES_PATH` or `IMMICH_LIBRARY_PATH` to a folder outside of the other

    warning[host-overlap]: `FILES_PATH`, `/srv`, contains `FILEBROWSER_STATE_PATH`, `/srv/filebrowser`: `filebrowser` keeps something for itself among what it shares
      --> .env:101
      help: set `FILES_PATH` or `FILEBROWSER_STATE_PATH` to a folder outside of the other
    ");
    assert!(!house.doctor(&["--profiles", "files"]).contains("photos"), "Immich is off");
    let house = with("MEDIA_PATH=/srv/dumps");
    symlink(house.path("root/srv/backups"), house.path("root/srv/dumps")).expect("it is free");
    assert_snapshot!(house.doctor(&all), @r"
    error[host-overlap]: `MEDIA_PATH`, `/srv/dumps`, is `BACKUP_PATH`, `/srv/backups`: `jellyfin` can read what `pgbackups` keeps there
      --> .env:101
      help: set `MEDIA_PATH` or `BACKUP_PATH` to a folder outside of the other
    ");
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

/// A ready house on a host with these accounts besides root.
fn with_accounts(accounts: &[(&str, u32, &str)]) -> House {
    let house = House::ready();
    let line = |(name, uid, shell): &(&str, u32, &str)| {
        format!("{name}:x:{uid}:{uid}::/home/{name}:{shell}\n")
    };
    let lines: String = accounts.iter().map(line).collect();
    house.write("root/etc/passwd", &format!("root:x:0:0::/root:/bin/sh\n{lines}"));
    house
}

#[test]
fn no_account_is_a_container() {
    let photos = ["--profiles", "photos"];
    let ada = ("ada", 1000, "/bin/sh");
    assert_eq!(with_accounts(&[ada]).doctor(&photos), "", "`PUID` is the household's own");
    let idle = with_accounts(&[ada, ("coredump", 999, "/usr/sbin/nologin")]);
    assert_snapshot!(idle.doctor(&photos), @r"
    warning[host-account]: the account `coredump` has the user id 999, as which `redis` runs: each is the other
      --> coredump
      help: give it another one: `sudo usermod --uid 70022 coredump`

    warning[host-account]: the account `coredump` has the user id 999, as which `pgbackups` runs: each is the other
      --> coredump
      help: give it another one: `sudo usermod --uid 70022 coredump`
    ");
    let awake = with_accounts(&[("bob", 70_022, "/bin/sh"), ("deploy", 999, "/bin/sh")]);
    let found = awake.doctor(&photos);
    assert!(found.starts_with("error[host-account]: the account `deploy` has the user id 999"));
    assert!(found.contains("`sudo usermod --uid 70023 deploy`"), "70022 is taken: {found}");
}

#[test]
fn who_deploys_cannot_change_what_the_key_may_do() {
    let house = with_accounts(&[("deploy", 997, "/bin/sh")]);
    house.write("root/home/deploy/.ssh/authorized_keys", "");
    assert_eq!(house.doctor(&[]), "", "nobody lets it deploy");
    let rule =
        "deploy ALL=(root) NOPASSWD: /usr/local/bin/homelab receive --house /srv/homelab *\n";
    house.write("root/etc/sudoers.d/homelab", rule);
    house.set_mode("root/home/deploy", 0o777);
    let found = house.doctor(&[]);
    assert!(found.contains("has the user id 997, which the system chose"), "{found}");
    assert!(found.contains("`sudo usermod --uid 70022 deploy`"), "{found}");
    assert!(found.contains("`/home/deploy` belongs to"), "{found}");
    assert!(found.contains("`deploy` can replace what its key may do"), "{found}");
    if house.is_root() {
        house.set_mode("root/home/deploy", 0o755);
        house.write("root/etc/passwd", "deploy:x:70022:70022::/home/deploy:/bin/sh\n");
        assert_eq!(house.doctor(&[]), "");
    }
}
