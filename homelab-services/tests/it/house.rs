//! What must hold for this house in particular.

use homelab_core::checks;
use homelab_core::project::Project;

#[test]
fn no_rule_finds_an_error() {
    let (stack, catalogue) = (homelab_services::stack(), homelab_services::catalogue());
    let verdict = checks::check(&Project::from_stack(&stack, &catalogue));
    let findings: Vec<_> = verdict.findings.iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn every_image_has_a_contract() {
    let (stack, catalogue) = (homelab_services::stack(), homelab_services::catalogue());
    let project = Project::from_stack(&stack, &catalogue);
    for member in project.members() {
        assert!(member.contract.is_some(), "`{}` has no `.contract(…)`", member.name);
    }
}

#[test]
fn server_and_machine_learning_of_immich_are_one_version() {
    let (stack, catalogue) = (homelab_services::stack(), homelab_services::catalogue());
    let project = Project::from_stack(&stack, &catalogue);
    let tag = |name| project.member(name).and_then(|it| it.image().tag.map(str::to_owned));
    assert!(tag("immich-server").is_some());
    assert_eq!(tag("immich-server"), tag("immich-machine-learning"));
}

#[test]
fn the_emitted_file_reads_back_as_it_was() {
    let (stack, catalogue) = (homelab_services::stack(), homelab_services::catalogue());
    let project = Project::from_stack(&stack, &catalogue);
    let text = homelab_core::yaml::render(
        project.file(),
        "Generated.",
        homelab_core::yaml::Spacing::Sections,
    );
    let file: homelab_core::compose::File =
        serde_yaml::from_str(&text).expect("another parser reads it");
    assert_eq!(&file, project.file());
}
