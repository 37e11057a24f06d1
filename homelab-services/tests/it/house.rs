//! What must hold for this house in particular.

use std::collections::BTreeSet;

use homelab_core::checks;
use homelab_core::interpolate;
use homelab_core::project::Project;
use homelab_core::resolve::{Setting, resolve};

#[test]
fn no_rule_finds_an_error() {
    let house = homelab_services::house();
    let (stack, catalogue) = (&house.stack, house.catalogue());
    let verdict = checks::check(&Project::from_stack(stack, &catalogue));
    let findings: Vec<_> = verdict.findings.iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn every_image_has_a_contract() {
    let house = homelab_services::house();
    let (stack, catalogue) = (&house.stack, house.catalogue());
    let project = Project::from_stack(stack, &catalogue);
    for member in project.members() {
        assert!(member.contract.is_some(), "`{}` has no `.contract(…)`", member.name);
    }
}

#[test]
fn server_and_machine_learning_of_immich_are_one_version() {
    let house = homelab_services::house();
    let (stack, catalogue) = (&house.stack, house.catalogue());
    let project = Project::from_stack(stack, &catalogue);
    let tag = |name| project.member(name).and_then(|it| it.image().tag.map(str::to_owned));
    assert!(tag("immich-server").is_some());
    assert_eq!(tag("immich-server"), tag("immich-machine-learning"));
}

/// The proxy makes lines of labels: a value with a mark of its grammar would change them.
#[test]
fn no_accepted_value_is_more_than_a_word_of_the_proxy() {
    let house = homelab_services::house();
    let (stack, catalogue) = (&house.stack, house.catalogue());
    let project = Project::from_stack(stack, &catalogue);
    let labels = project.members().flat_map(|it| &it.service.labels);
    let labels = labels.filter(|it| it.0.starts_with("caddy"));
    let names: BTreeSet<_> = labels.flat_map(|it| interpolate::variables(it.1)).collect();
    assert!(!names.is_empty(), "the test would look at nothing");
    for name in names {
        let variable = stack.site().variables.iter().find(|it| it.name() == name);
        let kind = variable.expect("every variable is declared").kind();
        let good = ["home.arpa", "internal", "me@example.org", "true"].map(str::to_owned);
        let good: Vec<_> = good.into_iter().filter(|it| kind.accepts(it)).collect();
        assert!(!good.is_empty(), "add a good value of `{name}` to the list");
        for (value, mark) in
            good.iter().flat_map(|it| "`\"'\\ \t\n\r{}#$()".chars().map(move |mark| (it, mark)))
        {
            for at in 0..=value.len() {
                let bad = format!("{}{mark}{}", &value[..at], &value[at..]);
                assert!(!kind.accepts(&bad), "`{name}` may be `{bad}`");
            }
        }
    }
}

#[test]
fn the_emitted_file_reads_back_as_it_was() {
    let house = homelab_services::house();
    let (stack, catalogue) = (&house.stack, house.catalogue());
    let project = Project::from_stack(stack, &catalogue);
    let text = homelab_core::yaml::render(
        project.file(),
        "Generated.",
        homelab_core::yaml::Spacing::Sections,
    );
    let file: homelab_core::compose::File =
        serde_yaml::from_str(&text).expect("another parser reads it");
    assert_eq!(&file, project.file());
}

#[test]
fn every_image_is_pinned_until_the_household_takes_a_digest_away() {
    let house = homelab_services::house();
    let (stack, catalogue) = (&house.stack, house.catalogue());
    let project = Project::from_stack(stack, &catalogue);
    let homer = |switch: Option<&str>| {
        let values = [("DATA_ROOT", Some("/srv")), ("HOMER_DIGEST", switch)];
        let values = values.into_iter().filter_map(|(name, it)| Some((name.into(), it?.into())));
        let setting = Setting {
            values: &values.collect(),
            profiles: &["photos", "network", "monitoring", "files", "watchtower"],
            folder: "/srv/homelab",
            read: &|_| Some(String::new()),
        };
        let mut file = resolve(project.file(), &setting).expect("all that is required is there");
        for (name, service) in &file.services {
            let image = service.image.as_deref().unwrap_or_default();
            let is_free = switch.is_some() && name == "homer";
            assert_eq!(image.contains("@sha256:"), !is_free, "{image}");
        }
        let homer = file.services.shift_remove("homer").expect("it is in the base");
        homer.labels["com.centurylinklabs.watchtower.enable"].clone()
    };
    assert_eq!(homer(None), "false");
    assert_eq!(homer(Some("")), "true");
}

/// Whatever `.env` says: an empty list would restrict nothing, and one that lacks a mount of an
/// updated service would cost that service its container.
#[test]
fn who_creates_containers_mounts_what_is_updated_without_review_and_nothing_else() {
    const LIST: &str = "SP_ALLOWBINDMOUNTFROM";
    let house = homelab_services::house();
    let (stack, catalogue) = (&house.stack, house.catalogue());
    let project = Project::from_stack(stack, &catalogue);
    for (line, folder) in
        [(None, "/srv/homelab"), (Some(""), "/srv/homelab"), (Some("/home/me/b"), "/home/me/b")]
    {
        let values =
            [("DATA_ROOT", Some("/srv")), ("HOMER_DIGEST", Some("")), ("HOUSE_PATH", line)];
        let values = values.into_iter().filter_map(|(name, it)| Some((name.into(), it?.into())));
        let setting = Setting {
            values: &values.collect(),
            profiles: &["watchtower"],
            folder,
            read: &|_| Some(String::new()),
        };
        let file = resolve(project.file(), &setting).expect("all that is required is there");
        let mut lists = Vec::new();
        for service in file.services.values() {
            let posts = service.environment.get("SP_ALLOW_POST");
            if posts.is_some_and(|it| it.contains("containers/create")) {
                lists.push(service.environment[LIST].as_str());
            }
        }
        let label = "com.centurylinklabs.watchtower.enable";
        let updated =
            file.services.values().filter(|it| it.labels.get(label).is_some_and(|it| it == "true"));
        let mounts = updated.flat_map(|it| &it.volumes).map(|it| it.source.as_str());
        assert_eq!(lists, [mounts.collect::<Vec<_>>().join(",")], "{line:?}");
        assert!(lists[0].starts_with(folder), "{lists:?}");
    }
}
