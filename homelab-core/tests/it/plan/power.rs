//! Power over the host is told before everything else, whoever gets it and however it is written.

use std::sync::LazyLock;

use homelab_core::dsl::contract::{Contract, ran};
use homelab_core::release::plan::{Before, Gain, Plan, plan};
use homelab_core::report::plan::{markdown, text};

use super::{HOUSE, after, change, running};

/// A service as careful as it gets, of an image that is known.
const CAREFUL: &str = r#"
name: house
services:
  more:
    image: "more:1"
    user: "1000:1000"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    volumes: [{ type: bind, source: /srv/data, target: /data }]
secrets: { login: { file: ./secrets/login } }
"#;

static IMAGES: LazyLock<Vec<Contract>> = LazyLock::new(|| {
    let user = |repository: &str, user| Contract {
        user: ran("tests").is(user),
        ..Contract::of(repository)
    };
    vec![user("more", 1000), user("roots", 0)]
});

/// Each place of the host in its volume, and the path that is told.
const PLACES: &[(&str, &str)] = &[
    ("/", "/"),
    ("//", "/"),
    ("/run", "/run"),
    ("/var/run/", "/run"),
    ("/srv/../etc", "/etc"),
    ("/root", "/root"),
    ("~/.ssh", "/root/.ssh"),
    ("/home/ada/.ssh", "/home/ada/.ssh"),
    ("/dev", "/dev"),
    ("/proc", "/proc"),
    ("/sys", "/sys"),
    ("/boot", "/boot"),
    ("/var/lib/docker", "/var/lib/docker"),
    ("/var/lib/containerd", "/var/lib/containerd"),
    ("/run/docker.sock", "/run/docker.sock"),
    (".", "/srv/house"),
    ("./.env", "/srv/house/.env"),
    ("./secrets", "/srv/house/secrets"),
    ("/srv/house/releases", "/srv/house/releases"),
    ("./config/x", "/srv/house/config/x"),
    ("/srv", "/srv"),
];

/// Each other change of that service, and what is told of it.
const GAINS: &[(&str, &str, &str)] = &[
    (
        "source: /srv/data, target: /data",
        "source: /, target: /data, read_only: true",
        "gets, read-only, `/` of",
    ),
    (
        "source: /srv/data, target: /data",
        "source: /etc/os-release, target: /data, read_only: true",
        "gets, read-only, `/etc/os-release`",
    ),
    ("user: \"1000:1000\"", "user: \"0\"", "starts as root"),
    ("user: \"1000:1000\"", "user: root", "starts as root"),
    ("more:1\"\n    user: \"1000:1000\"", "roots:1\"", "starts as root"),
    ("more:1\"\n    user: \"1000:1000\"", "unknown:1\"", "starts as root"),
    ("read_only: true\n", "read_only: false\n", "can write to its root file system"),
    ("cap_drop: [ALL]", "cap_drop: [NET_RAW]", "keeps Docker's default capabilities"),
    ("    security_opt: [\"no-new-privileges:true\"]\n", "", "can gain privileges"),
    ("privileges:true", "privileges:false", "can gain privileges"),
    (
        "privileges:true\"",
        "privileges:true\", \"seccomp=unconfined\"",
        "(`security_opt: seccomp=unconfined`)",
    ),
    (
        "privileges:true\"",
        "privileges:true\", \"apparmor:unconfined\"",
        "(`security_opt: apparmor=unconfined`)",
    ),
    (
        "privileges:true\"",
        "privileges:true\", \"label:disable\"",
        "(`security_opt: label=disable`)",
    ),
    ("cap_drop", "cap_add: [CAP_SYS_ADMIN]\n    cap_drop", "has the capability `SYS_ADMIN`"),
    (
        "cap_drop",
        "devices: [\"/dev/sda:/dev/sda\"]\n    cap_drop",
        "has the device `/dev/sda:/dev/sda`",
    ),
    (
        "cap_drop",
        "device_cgroup_rules: [\"c 189:* rmw\"]\n    cap_drop",
        "(`device_cgroup_rules: c 189:* rmw`)",
    ),
    (
        "cap_drop",
        "deploy: { resources: { reservations: { devices: [{ driver: cdi, device_ids: [a/b=c], \
         capabilities: [] }] } } }\n    cap_drop",
        "has the device `cdi: a/b=c`",
    ),
    (
        "cap_drop",
        "ulimits: { rtprio: { soft: 9, hard: 9 } }\n    cap_drop",
        "may raise its priority (`ulimits: rtprio`)",
    ),
    ("cap_drop", "privileged: true\n    cap_drop", "is root on the host"),
    ("cap_drop", "network_mode: host\n    cap_drop", "(`network_mode: host`)"),
    (
        "cap_drop",
        "network_mode: \"container:x\"\n    cap_drop",
        "of another container (`network_mode: container:x`)",
    ),
    (
        "cap_drop",
        "network_mode: bridge\n    cap_drop",
        "a network that the file does not name (`network_mode: bridge`)",
    ),
    (
        "cap_drop",
        "labels: { homelab.accepts.pid.host: \"it measures\" }\n    cap_drop",
        "is allowed `pid.host`: it measures",
    ),
    ("cap_drop", "pid: host\n    cap_drop", "(`pid: host`)"),
    ("cap_drop", "ipc: host\n    cap_drop", "(`ipc: host`)"),
    ("cap_drop", "uts: host\n    cap_drop", "(`uts: host`)"),
    ("cap_drop", "userns_mode: host\n    cap_drop", "(`userns_mode: host`)"),
];

fn careful() -> Plan {
    plan(&running(CAREFUL, &[]), &in_house(CAREFUL), &IMAGES)
}

fn in_house(text: &str) -> homelab_core::release::plan::After {
    homelab_core::release::plan::After { folder: Some("/srv/house".to_owned()), ..after(text, &[]) }
}

#[test]
fn every_power_is_told_of_a_changed_service_and_of_a_new_one() {
    assert_eq!(careful().power, []);
    assert_eq!(plan(&Before::default(), &in_house(CAREFUL), &IMAGES).power, []);
    let places = PLACES.iter().map(|(place, path)| {
        let told = format!("can write to `{path}` of the host: ");
        ("source: /srv/data", format!("source: \"{place}\""), told)
    });
    let others = GAINS.iter().map(|(from, to, told)| (*from, (*to).to_owned(), (*told).to_owned()));
    for (from, to, told) in places.chain(others) {
        assert!(CAREFUL.contains(from), "{from}");
        let after = in_house(&CAREFUL.replacen(from, &to, 1));
        // Changed, new beside others, and at a first deploy.
        let others = Before { release: Some("old0000".to_owned()), ..Before::default() };
        for before in [running(CAREFUL, &[]), others, Before::default()] {
            let plan = plan(&before, &after, &IMAGES);
            let [Gain { service, what }] = plan.power.as_slice() else {
                panic!("{to}: {:?}", plan.power)
            };
            assert_eq!(service, "more");
            assert!(what.contains(&told), "{to}: {what}");
        }
        let same = plan(&running(&CAREFUL.replacen(from, &to, 1), &[]), &after, &IMAGES);
        assert_eq!(same.power, [], "{to}: it had that already");
    }
}

#[test]
fn files_of_secrets_and_environments_are_places_of_the_host() {
    let secret = CAREFUL.replace("    user", "    secrets: [login]\n    user");
    assert_eq!(plan(&running(CAREFUL, &[]), &in_house(&secret), &IMAGES).power, []);
    let shadow = secret.replace("./secrets/login", "/etc/shadow");
    let plan = plan(&running(&secret, &[]), &in_house(&shadow), &IMAGES);
    assert_eq!(plan.power.len(), 1, "{:?}", plan.power);
    assert!(plan.power[0].what.contains("`/etc/shadow`"), "{:?}", plan.power);
}

#[test]
fn what_another_service_has_for_itself_is_told() {
    let told = |from: &str, to: &str| {
        let gains = change(from, to).power.into_iter();
        gains.map(|it| format!("{} {}", it.service, it.what)).collect::<Vec<_>>()
    };
    assert_eq!(
        told("source: more", "source: db"),
        ["more gets the volume `house_db`, which `db` has"]
    );
    // By another key, and by no key at all.
    let other = HOUSE.replace("more: {} }", "more: { name: house_db } }");
    let plan = plan(&running(HOUSE, &["extra"]), &after(&other, &["extra"]), &[]);
    assert_eq!(plan.power[0].what, "gets the volume `house_db`, which `db` has");
    let foreign = "gets the volume `shop_db`, which is not this project's";
    assert_eq!(told("more: {} }", "more: { name: shop_db } }"), [format!("more {foreign}")]);
}

#[test]
fn a_secret_of_another_service_is_told_however_it_is_called() {
    let with = |who: &str| {
        let secrets = "secrets: { a: { file: ./secrets/a }, b: { file: ./secrets/./a } }\n";
        who.split(' ').fold(HOUSE.to_owned() + secrets, |text, it| {
            let (service, secret) = it.split_once(':').expect("both are there");
            let image = format!("image: \"{service}:1\"");
            text.replace(&image, &format!("{image}\n    secrets: [{secret}]"))
        })
    };
    let told = |before: &str, new: &str| {
        let plan = plan(&running(&with(before), &["extra"]), &after(&with(new), &["extra"]), &[]);
        plan.power.into_iter().map(|it| format!("{} {}", it.service, it.what)).collect::<Vec<_>>()
    };
    let gets = ["more gets the secret `/srv/house/secrets/a`, which `db` has"];
    assert_eq!(told("db:a", "db:a more:a"), gets);
    assert_eq!(told("db:a", "db:a more:b"), gets);
    assert_eq!(told("db:a", "more:b"), gets);
    assert_eq!(told("db:a more:a", "db:a more:b"), [""; 0]);
    assert_eq!(told("db:a", "db:b"), [""; 0]);
}

#[test]
fn less_than_before_is_no_gain() {
    let wide = CAREFUL.replace("source: /srv/data", "source: /etc");
    let less = "source: /etc/ssh, target: /data, read_only: true";
    let narrow = CAREFUL.replace("source: /srv/data, target: /data", less);
    assert_eq!(plan(&running(&wide, &[]), &in_house(&narrow), &IMAGES).power, []);
    assert_eq!(plan(&running(&narrow, &[]), &in_house(&wide), &IMAGES).power.len(), 1);
}

#[test]
fn another_reason_is_told_and_the_same_one_is_not() {
    let label = |it: &str| {
        let labels = format!("labels: {{ homelab.accepts.host-path: \"{it}\" }}\n    cap_drop");
        CAREFUL.replace("cap_drop", &labels)
    };
    let (old, new) = (label("it shows it"), label("it changes it"));
    assert_eq!(plan(&running(&old, &[]), &in_house(&old), &IMAGES).power, []);
    let changed = plan(&running(&old, &[]), &in_house(&new), &IMAGES).power;
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(changed[0].what, "is allowed `host-path`: it changes it");
}

#[test]
fn it_stands_on_top() {
    let plan = change("image: \"more:1\"", "image: \"more:1\"\n    pid: host");
    assert!(markdown(&plan).starts_with("### ⚠️ Gets power over the host\n\n- "));
    insta::assert_snapshot!(text(&plan), @"
    old0000 → new0000: 1 recreated

    gets power over the host
      more has no namespace of its own (`pid: host`)

    ~ more recreated
        pid: added host

    = unchanged: proxy, db, app

    data
      volume house_more (more): goes to the new container
    ");
    assert!(change("more:1", "more:2").power.is_empty());
    assert!(HOUSE.contains("more:1"));
}
