//! What must hold for this house in particular.

use std::collections::BTreeSet;

use homelab_core::checks;
use homelab_core::compose::File;
use homelab_core::compose::{interpolate, unjudged};
use homelab_core::dsl::stack::Stack;
use homelab_core::dsl::variable::{Fallback, Kind};
use homelab_core::model::exposure;
use homelab_core::model::project::Project;
use homelab_core::release::resolve::{Setting, resolve};
use indexmap::IndexMap;

#[test]
fn no_rule_finds_an_error() {
    let house = homelab_services::house();
    let stack = &house.stack;
    let verdict = checks::check(&Project::from_stack(stack));
    let findings: Vec<_> = verdict.findings.iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn every_image_has_a_contract() {
    let house = homelab_services::house();
    let stack = &house.stack;
    let project = Project::from_stack(stack);
    for member in project.members() {
        assert!(
            member.contract().is_some(),
            "of the image of `{}` nothing is known: add a contract",
            member.name
        );
    }
}

/// Values of a variable of this kind.
fn good_values(kind: Kind) -> Vec<String> {
    let own: Vec<_> = if let Kind::OneOf(words) = kind {
        words.iter().map(|it| (*it).to_owned()).collect()
    } else if let Kind::Count(from, to) = kind {
        vec![from.to_string(), to.to_string()]
    } else {
        Vec::new()
    };
    let usual = ["home.arpa", "/srv", "192.168.1.2", "Etc/UTC", "@daily", "me@example.org", ""];
    let usual = usual.map(str::to_owned).into_iter();
    own.into_iter().chain(usual).filter(|it| kind.accepts(it)).collect()
}

/// The proxy makes lines of labels: a value with a mark of its grammar would change them.
#[test]
fn no_accepted_value_is_more_than_a_word_of_the_proxy() {
    let house = homelab_services::house();
    let stack = &house.stack;
    let project = Project::from_stack(stack);
    let labels = project.members().flat_map(|it| &it.service.labels);
    let labels = labels.filter(|it| it.0.starts_with("caddy"));
    let names: BTreeSet<_> = labels.flat_map(|it| interpolate::variables(it.1)).collect();
    assert!(!names.is_empty(), "the test would look at nothing");
    for name in names {
        let variable = stack.site().variables.iter().find(|it| it.name() == name);
        let kind = variable.expect("every variable is declared").kind();
        let good = good_values(kind);
        assert!(!good.is_empty(), "`{name}` may be {}", kind.expected());
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
    let stack = &house.stack;
    let project = Project::from_stack(stack);
    let text = homelab_core::compose::yaml::render(
        &unjudged::data(project.file()),
        "Generated.",
        homelab_core::compose::yaml::Spacing::Sections,
    );
    let file = unjudged::parse(&text).expect("another parser reads it");
    assert_eq!(&file, project.file());
}

/// A value for every variable that has to have one, and these.
fn values(stack: &Stack, more: &[(&str, &str)]) -> IndexMap<String, String> {
    let required = stack.site().variables.iter().filter(|it| it.fallback() == Fallback::Required);
    let required = required.map(|it| (it.name(), "/srv"));
    required.chain(more.iter().copied()).map(|(name, it)| (name.into(), it.into())).collect()
}

/// The file with these values and every profile on.
fn resolved(project: &Project<'_>, values: &IndexMap<String, String>, folder: &str) -> File {
    let profiles: Vec<_> = project.profiles().into_iter().collect();
    let read = |_: &str| Some(String::new());
    let setting = Setting { values, profiles: &profiles, folder, read: &read };
    resolve(project.file(), &setting).expect("all that is required is there")
}

/// Services whose image has no digest, and those that the updater may replace.
fn unpinned_and_updated(file: &File) -> [BTreeSet<&str>; 2] {
    let services = file.services.iter();
    let unpinned = services
        .clone()
        .filter(|(_, it)| !it.image.as_ref().is_some_and(|it| it.contains("@sha256:")));
    let updated = services.filter(|(_, it)| it.labels.get(UPDATES).is_some_and(|it| it == "true"));
    [unpinned.map(|it| it.0.as_str()).collect(), updated.map(|it| it.0.as_str()).collect()]
}

const UPDATES: &str = "com.centurylinklabs.watchtower.enable";

#[test]
fn every_image_is_pinned_until_the_household_takes_a_digest_away() {
    let house = homelab_services::house();
    let stack = &house.stack;
    let project = Project::from_stack(stack);
    let file = resolved(&project, &values(stack, &[]), "/srv/homelab");
    assert_eq!(unpinned_and_updated(&file), [BTreeSet::new(), BTreeSet::new()]);
    for member in project.members() {
        let Some(may) = exposure::unreviewed(&project, &member) else { continue };
        let switch = may.switch.expect("no service follows its tag by itself");
        let file = resolved(&project, &values(stack, &[(&switch, "")]), "/srv/homelab");
        let it = BTreeSet::from([member.name]);
        assert_eq!(unpinned_and_updated(&file), [it.clone(), it], "{switch}");
    }
}

/// Whatever `.env` says: an empty list would restrict nothing, and one that lacks a mount of an
/// updated service would cost that service its container.
#[test]
fn who_creates_containers_mounts_what_is_updated_without_review_and_nothing_else() {
    const LIST: &str = "SP_ALLOWBINDMOUNTFROM";
    let house = homelab_services::house();
    let stack = &house.stack;
    let project = Project::from_stack(stack);
    let may = project.members().filter_map(|it| exposure::unreviewed(&project, &it)?.switch);
    let switches: Vec<_> = may.collect();
    for (line, folder) in
        [(None, "/srv/homelab"), (Some(""), "/srv/homelab"), (Some("/home/me/b"), "/home/me/b")]
    {
        let more = switches.iter().map(|it| (it.as_str(), ""));
        let more = more.chain(line.map(|it| (stack.site().house.name(), it)));
        let values = values(stack, &more.collect::<Vec<_>>());
        let file = resolved(&project, &values, folder);
        let updated = file
            .services
            .values()
            .filter(|it| it.labels.get(UPDATES).is_some_and(|it| it == "true"));
        let mounts: Vec<_> =
            updated.flat_map(|it| &it.volumes).map(|it| it.source.as_str()).collect();
        for service in file.services.values() {
            let posts = service.environment.get("SP_ALLOW_POST");
            if posts.is_some_and(|it| it.contains("containers/create")) {
                assert_eq!(service.environment[LIST], mounts.join(","), "{line:?}");
                assert!(mounts.iter().all(|it| it.starts_with(folder)), "{mounts:?}");
            }
        }
    }
}

/// `host-setup` says when one is not in its closed position.
#[test]
fn every_switch_that_lets_a_first_visitor_in_has_a_closed_position() {
    let stack = homelab_services::house().stack;
    for it in stack.site().variables.iter().filter(|it| it.name().ends_with("_ALLOW_SETUP")) {
        assert!(matches!(it.fallback(), Fallback::Value(_)), "{it}");
    }
}
