//! From the registry to the text of `images.rs`.

use crate::server::As;
use crate::world::{World, ago, major, next, row};

#[test]
fn what_is_pinned_is_up_to_date_and_nothing_is_written() {
    let world = World::new();
    let before = world.text();
    let (code, out, err) = world.run(&["--update"]);
    assert_eq!(code, 0, "{err}");
    let fine = |it: &&str| it.contains("up to date") || it.contains("frozen");
    assert_eq!(out.lines().skip(1).filter(fine).count(), world.pins.len(), "{out}");
    assert!(!err.contains("pinned") && !err.contains("error"), "{err}");
    assert_eq!(world.text(), before);
    let report = world.json(&[]);
    assert_eq!((&report["changes"], &report["updated"]), (&false.into(), &false.into()));
}

#[test]
fn a_later_release_is_pinned_by_tag_and_digest() {
    let world = World::new();
    let before = world.text();
    let (pin, shared) = (world.pin("UPTIME_KUMA"), world.pin("IMMICH_SERVER"));
    let tag = next(&pin.tag, 5);
    let digest = world.push("UPTIME_KUMA", &tag, 100);
    world.push("UPTIME_KUMA", &next(&pin.tag, 6), 10);
    let (far, beta) = (major(&pin.tag), format!("{}-beta.1", next(&pin.tag, 9)));
    for other in [&far, &beta, &format!("{tag}-slim"), "2", "latest"] {
        world.push("UPTIME_KUMA", other, 1000);
    }
    let release = next(&shared.tag, 1);
    let server = world.push("IMMICH_SERVER", &release, 100);
    let machine_learning = world.push("IMMICH_MACHINE_LEARNING", &release, 90);

    let (code, out, err) = world.run(&[]);
    assert_eq!((code, world.text()), (0, before.clone()), "only asked: {out}");
    assert!(err.contains("3 pins can move: `homelab images --update`"), "{err}");

    let report = world.json(&["--update"]);
    assert_eq!((&report["changes"], &report["updated"]), (&true.into(), &true.into()));
    let row = row(&report, "UPTIME_KUMA");
    assert_eq!((&row["state"], &row["newest"]["tag"]), (&"update".into(), &tag.clone().into()));
    assert_eq!(row["waiting"][0]["tag"], next(&pin.tag, 6));
    assert_eq!(row["beyond"], far);
    let expected = before
        .replace(&format!(":{}@{}", pin.tag, pin.digest), &format!(":{tag}@{digest}"))
        .replace(&format!(":{}@{}", shared.tag, shared.digest), &format!(":{release}@{server}"))
        .replace(
            &format!(":{}@{}", shared.tag, world.pin("IMMICH_MACHINE_LEARNING").digest),
            &format!(":{release}@{machine_learning}"),
        );
    assert_eq!(world.text(), expected);

    let (code, out, err) = world.run(&["--update"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(!err.contains("pinned"), "the second run has nothing to do: {err}");
    assert_eq!(world.text(), expected);
}

#[test]
fn a_release_that_one_image_lacks_moves_none() {
    let world = World::new();
    let before = world.text();
    let release = next(&world.pin("IMMICH_SERVER").tag, 1);
    world.push("IMMICH_SERVER", &release, 100);
    let report = world.json(&["--update"]);
    for constant in ["IMMICH_SERVER", "IMMICH_MACHINE_LEARNING"] {
        let row = row(&report, constant);
        assert_eq!(row["state"], "waiting", "{row}");
        let because = &row["waiting"][0]["because"];
        assert_eq!(because, "`IMMICH_MACHINE_LEARNING` has no such tag yet");
    }
    assert_eq!(world.text(), before);
}

#[test]
fn frozen_pins_stay_and_rebuilt_tags_move_the_digest() {
    let world = World::new();
    let before = world.text();
    let (postgres, backups) = (world.pin("POSTGRES"), world.pin("PGBACKUPS"));
    world.push("POSTGRES", &postgres.tag, 100);
    world.push("POSTGRES", &next(&postgres.tag, 1), 100);
    let later = next(&backups.tag, 1);
    world.push("PGBACKUPS", &later, 100);
    let digest = world.push("PGBACKUPS", &backups.tag, 100);
    world.push("NETDATA", &world.pin("NETDATA").tag, 5);
    let report = world.json(&["--update"]);
    let frozen = row(&report, "POSTGRES");
    assert_eq!(frozen["state"], "frozen", "{frozen}");
    assert!(frozen["because"].as_str().is_some_and(|it| it.contains("Immich")), "{frozen}");
    assert_eq!(frozen["waiting"][0]["because"], "the tag was rebuilt");
    let rebuilt = row(&report, "PGBACKUPS");
    assert_eq!((&rebuilt["state"], &rebuilt["beyond"]), (&"rebuilt".into(), &later.into()));
    assert_eq!(row(&report, "NETDATA")["state"], "waiting");
    assert_eq!(world.text(), before.replace(&backups.digest, &digest));
}

#[test]
fn an_image_without_an_age_waits_for_a_person() {
    let world = World::new();
    let pin = world.pin("SYNCTHING").clone();
    let tag = next(&pin.tag, 1);
    world.server.push(&pin.path, &tag, "new", "1970-01-01T00:00:00Z", As::Manifest);
    let report = world.json(&["--update"]);
    let waiting = row(&report, "SYNCTHING");
    assert_eq!(waiting["state"], "waiting", "{waiting}");
    assert_eq!(waiting["waiting"][0]["because"], "it does not say when it was made");
    let report = world.json(&["--update", "--min-age=0"]);
    assert_eq!(row(&report, "SYNCTHING")["newest"]["tag"], tag);
    assert!(world.text().contains(&format!("syncthing:{tag}@sha256:")));
}

#[test]
fn the_minimum_age_is_what_was_asked_for() {
    let world = World::new();
    let pin = world.pin("WATCHTOWER").clone();
    let tag = next(&pin.tag, 1);
    world.server.push(&pin.path, &tag, "new", &ago(50), As::Index);
    assert_eq!(row(&world.json(&["--min-age=3"]), "WATCHTOWER")["state"], "waiting");
    assert_eq!(row(&world.json(&["--min-age=2"]), "WATCHTOWER")["state"], "update");
}

#[test]
fn a_pull_request_gets_a_page() {
    let world = World::new();
    let pin = world.pin("CADDY").clone();
    let tag = next(&pin.tag, 9);
    let digest = world.push("CADDY", &tag, 100);
    let (code, out, _) = world.run(&["--format=markdown", "--update"]);
    assert_eq!(code, 0, "{out}");
    let line = format!("| `{}` | `{}` | `{tag}` | `{digest}` | ", pin.path, pin.tag);
    assert!(out.starts_with("| Image | From | To |") && out.contains(&line), "{out}");
}
