//! Plans: what each kind of change does, in words and as Markdown.

mod engine;
mod opens;
mod power;

use homelab_core::compose::File;
use homelab_core::compose::yaml;
use homelab_core::release::plan::{Action, After, Before, Container, Fate, Plan, plan};
use homelab_core::release::resolve::{Setting, resolve};
use homelab_core::report::plan::{markdown, text};
use indexmap::IndexMap;

/// A house that runs: every test changes one thing of it.
const HOUSE: &str = r#"
name: house
services:
  proxy:
    image: "proxy:1"
    networks: [front]
    ports: [{ target: 443, published: "443", protocol: tcp }]
  db:
    image: "db:1"
    networks: [back]
    stop_grace_period: "1m30s"
    volumes: [{ type: volume, source: db, target: /data }]
    healthcheck: { test: [CMD, ready], interval: "10s", timeout: "5s", retries: 2, start_period: "1m" }
    labels: { homelab.database: "postgres:admin/app" }
  app:
    image: "app:1"
    depends_on: { db: { condition: service_healthy } }
    networks: [front, back]
    environment: { TZ: "Etc/UTC" }
    volumes: [{ type: bind, source: ./config/app, target: /config, read_only: true }]
    labels: { homelab.one-way: "it migrates", caddy: "app.home.arpa", caddy.reverse_proxy: "{{upstreams 8080}}" }
  more:
    image: "more:1"
    profiles: [extra]
    networks: [back]
    volumes: [{ type: volume, source: more, target: /data }]
networks: { front: {}, back: { internal: true } }
volumes: { db: {}, more: {} }
"#;

fn file(text: &str, profiles: &[&str]) -> File {
    let file = yaml::parse(text).expect("the file is valid");
    let values = IndexMap::new();
    let setting = Setting { values: &values, profiles, folder: "/srv/house", read: &|_| None };
    resolve(&file, &setting).expect("it has no variables")
}

/// What a change of the file does to a house of which everything runs.
fn change(from: &str, to: &str) -> Plan {
    assert!(HOUSE.contains(from), "{from}");
    plan(&running(HOUSE, &["extra"]), &after(&HOUSE.replace(from, to), &["extra"]), &[])
}

fn running(text: &str, profiles: &[&str]) -> Before {
    let file = file(text, profiles);
    let container = || Container { running: true, stamp: None };
    let containers = file.services.keys().map(|it| (it.clone(), container())).collect();
    Before { release: Some("old0000".to_owned()), file, containers }
}

fn after(text: &str, profiles: &[&str]) -> After {
    After { release: "new0000".to_owned(), file: file(text, profiles), ..After::default() }
}

/// What happens to whom; nothing for those to whom nothing happens.
fn actions(plan: &Plan) -> Vec<(&str, Action)> {
    let steps = plan.services.iter().filter(|it| it.action != Action::Unchanged);
    steps.map(|it| (it.service.as_str(), it.action)).collect()
}

#[test]
fn the_same_house_is_left_alone() {
    let plan = change("name: house", "name: house");
    assert!(!plan.changes);
    assert_eq!(actions(&plan), []);
    assert!(plan.opens.is_empty() && plan.closes.is_empty() && plan.data.is_empty());
    insta::assert_snapshot!(text(&plan), @"
    old0000 → new0000: no container is touched

    = unchanged: proxy, db, app, more
    ");
}

#[test]
fn one_change_touches_one_service() {
    for (from, to, service, field) in [
        ("app:1", "app:2", "app", "image"),
        ("Etc/UTC", "Europe/Berlin", "app", "environment.TZ"),
        ("more:1", "more:2", "more", "image"),
        ("interval: \"10s\"", "interval: \"20s\"", "db", "healthcheck.interval"),
        ("published: \"443\"", "published: \"8443\"", "proxy", "ports"),
    ] {
        let plan = change(from, to);
        assert_eq!(actions(&plan), [(service, Action::Recreated)], "{to}");
        let fields: Vec<_> = plan.step(service).iter().flat_map(|it| &it.changes).collect();
        assert!(fields.iter().all(|it| it.field.starts_with(field)), "{fields:?}");
        assert!(!fields.is_empty(), "{to}");
    }
}

#[test]
fn whoever_has_a_network_of_another_one_follows_it() {
    let rider = "  rider: { image: \"rider:1\", network_mode: \"service:more\" }\nnetworks: {";
    let house = HOUSE.replace("networks: {", rider);
    let changed = |from: &str, to: &str| {
        plan(&running(&house, &["extra"]), &after(&house.replace(from, to), &["extra"]), &[])
    };
    assert_eq!(actions(&changed("rider:1", "rider:2")), [("rider", Action::Recreated)]);
    let plan = changed("more:1", "more:2");
    let both = [("more", Action::Recreated), ("rider", Action::Recreated)];
    assert_eq!(actions(&plan), both);
    let because = plan.step("rider").and_then(|it| it.because.as_deref());
    assert_eq!(because, Some("it has the network of `more`"));

    // Started again, the other one has another network.
    let mut stopped = running(&house, &["extra"]);
    stopped.containers["more"].running = false;
    let plan = homelab_core::release::plan::plan(&stopped, &after(&house, &["extra"]), &[]);
    assert_eq!(actions(&plan), [("more", Action::Started), ("rider", Action::Recreated)]);
}

#[test]
fn a_database_is_dumped_before_it_or_its_migrator_is_touched() {
    assert_eq!(change("db:1", "db:2").dumps, ["db"]);
    assert_eq!(change("app:1", "app:2").dumps, ["db"], "it migrates the database");
    let silent = HOUSE.replace("app:1", "app:2").replace("homelab.one-way: \"it migrates\", ", "");
    let it = plan(&running(HOUSE, &[]), &after(&silent, &[]), &[]);
    assert_eq!(it.dumps, ["db"], "it says no more that it migrates");
    assert!(change("Etc/UTC", "Europe/Berlin").dumps.is_empty(), "the same release of it");
    assert!(change("more:1", "more:2").dumps.is_empty());
    // It does not run: there is nobody to ask for a dump.
    let mut before = running(HOUSE, &[]);
    before.containers["db"].running = false;
    let plan = plan(&before, &after(&HOUSE.replace("db:1", "db:2"), &[]), &[]);
    assert!(plan.dumps.is_empty());
}

#[test]
fn a_profile_that_goes_off_takes_its_containers_and_leaves_its_data() {
    let before = running(HOUSE, &["extra"]);
    let off = IndexMap::from([("more".to_owned(), "its profile `extra` is off".to_owned())]);
    let plan = plan(&before, &After { off, ..after(HOUSE, &[]) }, &[]);
    assert_eq!(actions(&plan), [("more", Action::Stopped)]);
    insta::assert_snapshot!(text(&plan), @"
    old0000 → new0000: 1 stopped

    - more stopped: its profile `extra` is off

    = unchanged: proxy, db, app

    data
      volume house_more (more): stays, and nobody uses it
    ");
}

#[test]
fn a_renamed_volume_is_a_warning() {
    let renamed = HOUSE
        .replace("source: db, target: /data", "source: base, target: /data/")
        .replace("volumes: { db: {}", "volumes: { base: {}");
    let it = plan(&running(HOUSE, &[]), &after(&renamed, &[]), &[]);
    insta::assert_snapshot!(it.warnings.join("\n"), @"`db` would start empty at `/data`, unless `volume house_base` holds its data already: `volume house_db` stays behind; keep its name, or copy it first");
    // The same volume by its real name, and another folder that is only read.
    let same = renamed.replace("{ base: {}", "{ base: { name: house_db }");
    let same = same.replace("./config/app", "./config/other");
    let it = plan(&running(HOUSE, &[]), &after(&same, &[]), &[]);
    assert_eq!(it.warnings, [""; 0]);
}

#[test]
fn what_does_not_run_is_started_and_what_is_missing_is_made() {
    let mut before = running(HOUSE, &[]);
    before.containers["app"].running = false;
    let plan = plan(&before, &after(HOUSE, &["extra"]), &[]);
    assert_eq!(actions(&plan), [("app", Action::Started), ("more", Action::Created)]);
}

#[test]
fn a_mounted_file_that_changed_recreates_who_mounts_it() {
    let mut before = running(HOUSE, &[]);
    before.containers["app"].stamp = Some("old".to_owned());
    let mut after = after(HOUSE, &[]);
    after.stamps = IndexMap::from([("app".to_owned(), "new".to_owned())]);
    after.files = IndexMap::from([("app".to_owned(), vec!["config/app/settings.yml".to_owned()])]);
    let it = plan(&before, &after, &[]);
    assert_eq!(actions(&it), [("app", Action::Recreated)]);
    let changes = &it.step("app").expect("it is touched").changes;
    assert_eq!(changes[0].field, "config/app/settings.yml");
    // Nobody knows which file it was.
    after.files.clear();
    let it = plan(&before, &after, &[]);
    assert!(it.step("app").expect("it is touched").because.is_some());
    after.stamps["app"] = "old".to_owned();
    assert!(!plan(&before, &after, &[]).changes);
}

#[test]
fn a_network_that_has_to_be_made_anew_recreates_everybody_on_it() {
    let plan = change("back: { internal: true }", "back: {}");
    let touched = actions(&plan);
    assert_eq!(touched, ["db", "app", "more"].map(|it| (it, Action::Recreated)));
    let opens: Vec<_> = plan.opens.iter().map(|it| it.service.as_str()).collect();
    assert!(opens.contains(&"db"), "it gets out now: {opens:?}");
}

#[test]
fn another_option_or_subnet_of_a_network_recreates_everybody_on_it_too() {
    for (to, field) in [
        ("driver_opts: { o: \"1\" }", "networks.back.driver_opts.o: added 1"),
        ("ipam: { config: [{ subnet: 10.0.0.0/29 }] }", "networks.back.subnet: added 10.0.0.0/29"),
    ] {
        let plan = change("back: { internal: true }", &format!("back: {{ internal: true, {to} }}"));
        let expected = ["db", "app", "more"].map(|it| (it, Action::Recreated));
        assert_eq!(actions(&plan), expected);
        let why: Vec<_> = plan.services.iter().flat_map(|it| &it.changes).collect();
        assert!(why.iter().all(|it| it.to_string() == field), "{field}: {why:?}");
    }
}

#[test]
fn what_becomes_reachable_stands_on_top() {
    let plan = change(
        "    networks: [back]\n    stop_grace",
        "    ports: [{ target: 5432, published: \"5432\", protocol: tcp }]\n    networks: [back]\n    stop_grace",
    );
    assert_eq!(plan.step("db").and_then(|it| it.down_at_most), Some(90 + 60 + 3 * 15));
    insta::assert_snapshot!(markdown(&plan), @"
    ### ⚠️ Becomes reachable

    - `port all:5432/tcp of db`

    ### old0000 → new0000: 1 recreated

    | | Service | Why | Down at most |
    | --- | --- | --- | --- |
    | recreated | db | `ports: added 5432/tcp` | 195 s |

    Unchanged: proxy, app, more.

    <details><summary>Volumes and folders (1)</summary>

    - `volume house_db (db): goes to the new container`

    </details>

    Dumped first:

    - `db`
    ");
}

#[test]
fn a_route_that_loses_its_login_is_told() {
    let guarded = HOUSE.replace(
        "caddy: \"app.home.arpa\"",
        "caddy: \"app.home.arpa\", caddy.import: login, caddy_1: \"(login)\", caddy_1.basic_auth.import: /run/secrets/login",
    );
    let plan = plan(&running(&guarded, &[]), &after(HOUSE, &[]), &[]);
    let told = |it: &[homelab_core::release::plan::Way]| {
        it.iter().map(|it| format!("{}: {}", it.what, it.how)).collect::<Vec<_>>()
    };
    assert_eq!(told(&plan.opens), ["app.home.arpa: the proxy does not ask for a login"]);
    assert_eq!(told(&plan.closes), ["app.home.arpa: the proxy asks for the login"]);
}

#[test]
fn text_of_a_file_is_no_markdown() {
    let plan = change("more:1", "more:1`<img>|@all");
    let page = markdown(&plan);
    assert!(page.contains("| `` image: more:1 → more:1`<img>\\|@all `` |"), "{page}");
    let off = IndexMap::from([("more".to_owned(), "<b>*@all* `x`".to_owned())]);
    let plan = homelab_core::release::plan::plan(
        &running(HOUSE, &["extra"]),
        &After { off, ..after(HOUSE, &[]) },
        &[],
    );
    assert!(markdown(&plan).contains("&lt;b&gt;\\*\\@all\\* \\`x\\`"), "{}", markdown(&plan));
}

#[test]
fn a_volume_that_is_left_is_told() {
    let renamed =
        HOUSE.replace("source: db,", "source: db2,").replace("{ db: {},", "{ db: {}, db2: {},");
    let plan = plan(&running(HOUSE, &[]), &after(&renamed, &[]), &[]);
    let told: Vec<_> = plan.data.iter().map(|it| (it.source.as_str(), it.fate)).collect();
    assert_eq!(told, [("volume house_db2", Fate::New), ("volume house_db", Fate::Left)]);
}
