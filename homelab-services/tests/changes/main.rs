//! No valid change of the house needs an edit of a test: eight changes of a copy of it, one after the other.
//! Run by `cargo xtask changes`.

mod copy;
mod house;
mod text;

use crate::copy::{Copy, say};
use crate::house::House;

/// What was changed, or why this house has nothing to change.
type Change = fn(&House) -> Result<String, String>;

const CHANGES: &[Change] = &[
    |house| Ok(more_memory(house)),
    |house| Ok(more_cores(house)),
    another_domain,
    |house| Ok(a_service_more(house)),
    a_service_less,
    another_profile_for_a_service,
    |house| Ok(a_profile_more(house)),
    no_photos,
];

#[test]
fn no_valid_change_of_the_house_needs_an_edit_of_a_test() {
    let house = House::new(Copy::new());
    for (at, change) in CHANGES.iter().enumerate() {
        match change(&house) {
            Ok(what) => say(&format!("change {}: {what}", at + 1)),
            Err(why) => {
                say(&format!("change {} is left out: {why}", at + 1));
                continue;
            }
        }
        house.copy.cargo(&["xtask", "gen"]);
    }
    house.copy.cargo(&["fmt", "--all"]);
    let accepted = house.copy.cargo(&["xtask", "accept"]);
    let changed = |it: &&str| it.starts_with("accepted ") || it.starts_with("removed ");
    assert_ne!(accepted.lines().filter(changed).count(), 0, "it names no file:\n{accepted}");
    house.copy.cargo(&["xtask", "test"]);
    house.copy.cargo(&["xtask", "check"]);
    let status = house.copy.git(&["status", "--porcelain", "--untracked-files=all"]);
    let of_a_crate = |it: &&str| it.starts_with("homelab-") || it.starts_with("xtask/");
    let paths = status.lines().filter_map(|it| it.get(3..)).filter(of_a_crate);
    let others: Vec<_> = paths.filter(|it| !it.starts_with("homelab-services/src/")).collect();
    assert_eq!(others, [""; 0], "files besides the house's own had to change with it");
}

fn more_memory(house: &House) -> String {
    let [from, to] = house.number("site.rs", "memory: Memory::", |it| it + it / 3);
    format!("the host has memory of {to} instead of {from}")
}

fn more_cores(house: &House) -> String {
    let [from, to] = house.number("site.rs", "cores: ", |it| it * 2);
    format!("the host has {to} cores instead of {from}")
}

fn another_domain(house: &House) -> Result<String, String> {
    const NEW: &str = "another.example";
    let site = house.read("site.rs");
    let name = site.split_once("domain: env::").and_then(|it| it.1.split_once(','));
    let (name, _) = name.expect("`site.rs` has a line `domain: env::NAME,`");
    let env = house.read("env.rs");
    let item = &env[text::constant(&env, name).expect("`env.rs` has the variable of the domain")];
    let default = item.split_once(".or(\"").and_then(|it| it.1.split_once('"'));
    let Some((default, _)) = default else { return Err("the domain has no default".to_owned()) };
    house.replace("env.rs", item, &item.replace(&format!("\"{default}\""), &format!("\"{NEW}\"")));
    Ok(format!("the domain is `{NEW}` instead of `{default}`"))
}

fn a_service_more(house: &House) -> String {
    let groups = house.read("groups.rs");
    let group = text::constants(&groups);
    let tile = group.first().map(|it| {
        format!(
            "\n        .tile(Tile::new(\"Trial\", groups::{it}).icon(\"fas fa-flask\").subtitle(\"A trial\"))"
        )
    });
    house.add_service("trial-page", &tile.unwrap_or_default());
    "there is a service `trial-page`".to_owned()
}

fn a_service_less(house: &House) -> Result<String, String> {
    let services = house.lone_services();
    let service = services.iter().rfind(|it| !it.starts_with("trial_"));
    let service = service.ok_or("every service of the house is needed by another one")?;
    house.remove_services(&[service]);
    Ok(format!("there is no `{service}`"))
}

fn another_profile_for_a_service(house: &House) -> Result<String, String> {
    let profiles = house.read("profiles.rs");
    let profiles = text::constants(&profiles);
    let services = house.lone_services();
    let texts = services.iter().map(|it| (it, house.read(&format!("services/{it}.rs"))));
    let (service, profile) = texts
        .rev()
        .find_map(|(service, text)| {
            let is_in = |it: &&&str| text::mentions(&text, &format!("profiles::{it}"));
            Some((service, *profiles.iter().find(is_in)?))
        })
        .ok_or("no service that nobody needs is in a profile")?;
    let other = profiles.iter().rfind(|it| **it != profile).ok_or("there is one profile")?;
    let path = format!("services/{service}.rs");
    let (from, to) = (format!("profiles::{profile}"), format!("profiles::{other}"));
    house.replace(&path, &from, &to);
    house.sweep(&from);
    Ok(format!("`{service}` is in `{to}` instead of `profiles::{profile}`"))
}

fn a_profile_more(house: &House) -> String {
    house.list("profiles.rs", "ALL", "TRIAL");
    house.edit("profiles.rs", "a file", |it| {
        format!(
            "{it}\npub(crate) const TRIAL: Profile = Profile::new(\"trial\", \"What is tried\");\n"
        )
    });
    house.add_service("trial-tool", "\n        .profile(profiles::TRIAL)");
    "there is a profile `trial` with a service `trial-tool`".to_owned()
}

fn no_photos(house: &House) -> Result<String, String> {
    let text = house.read("profiles.rs");
    let profiles = text::constants(&text);
    let is_photos = |it: &&&str| {
        let item = text::constant(&text, it).expect("it was listed");
        text[item].contains("Profile::new(\"photos\"")
    };
    let photos = profiles.iter().find(is_photos).ok_or("the house has no profile `photos`")?;
    let path = format!("profiles::{photos}");
    let services = house.services().into_iter();
    let services: Vec<_> = services
        .filter(|it| text::mentions(&house.read(&format!("services/{it}.rs")), &path))
        .collect();
    house.remove_services(&services.iter().map(String::as_str).collect::<Vec<_>>());
    Ok(format!("there are no photos: {}", services.join(", ")))
}
