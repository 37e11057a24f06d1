//! How long the way from a definition to `compose.yaml` takes, stage by stage, and how
//! that grows with the number of services.
//!
//! `cargo xtask bench`. A stage that takes much more than ten times as long for
//! ten times the services has become quadratic. The peer, `docker compose config`, is
//! measured on the same text in the same run, where it is installed.

#![expect(clippy::print_stderr, reason = "who reads the table must know what is missing in it")]

#[path = "support/synthetic.rs"]
mod synthetic;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use divan::{Bencher, black_box};
use homelab_core::checks::check;
use homelab_core::checks::finding::Verdict;
use homelab_core::compose::File;
use homelab_core::compose::yaml::{Spacing, render};
use homelab_core::lower::lower;
use homelab_core::model::project::Project;
use homelab_core::model::reach;
use homelab_core::proxy::caddyfile;

use crate::synthetic::{Names, stack};

const SIZES: [usize; 3] = [100, 1_000, 10_000];

fn main() {
    if !has_docker_compose() {
        eprintln!("`docker compose` is not installed: the peer is not measured");
    }
    SIZES.into_iter().for_each(assert_no_errors);
    divan::main();
}

/// A stack with findings would measure their messages, and peers refuse some of them.
fn assert_no_errors(services: usize) {
    let stack = stack(&Names::new(services));
    let verdict = check(&Project::from_stack(&stack));
    let first = verdict.findings.first();
    assert!(first.is_none(), "the stack of {services} services has an error: {first:?}");
}

/// The house itself: definition → checked project → every text of `compose.yaml`.
#[divan::bench(sample_count = 100)]
fn house() -> (Verdict, String) {
    let stack = homelab_services::house().stack;
    let project = Project::from_stack(&stack);
    let verdict = check(&project);
    (verdict, render(project.file(), "Generated.", Spacing::Sections))
}

/// The peer on the house.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn house_docker_compose_config(bencher: Bencher<'_, '_>) {
    if has_docker_compose() {
        let text =
            render(&lower(&homelab_services::house().stack), "Generated.", Spacing::Sections);
        let file = Temporary::new("house", &text);
        bencher.bench_local(|| file.config());
    }
}

/// Services through the DSL into a stack; names are made before, as they are literals.
#[divan::bench(args = SIZES, sample_count = 20, sample_size = 1)]
fn build(bencher: Bencher<'_, '_>, services: usize) {
    let names = Names::new(services);
    bencher.bench_local(|| stack(black_box(&names)));
}

/// Stack → Compose file.
#[divan::bench(args = SIZES, sample_count = 20, sample_size = 1)]
fn lower_stack(bencher: Bencher<'_, '_>, services: usize) {
    let stack = stack(&Names::new(services));
    bencher.bench_local(|| lower(black_box(&stack)));
}

/// Compose file → project, which reads the proxy's labels; includes lowering.
#[divan::bench(args = SIZES, sample_count = 20, sample_size = 1)]
fn project(bencher: Bencher<'_, '_>, services: usize) {
    let stack = stack(&Names::new(services));
    bencher.bench_local(|| Project::from_stack(black_box(&stack)));
}

/// Every rule on a project without findings.
#[divan::bench(args = SIZES, sample_count = 20, sample_size = 1)]
fn check_rules(bencher: Bencher<'_, '_>, services: usize) {
    let stack = stack(&Names::new(services));
    let project = Project::from_stack(&stack);
    bencher.bench_local(|| check(black_box(&project)));
}

/// Project → Caddyfile.
#[divan::bench(args = SIZES, sample_count = 20, sample_size = 1)]
fn caddyfile(bencher: Bencher<'_, '_>, services: usize) {
    let stack = stack(&Names::new(services));
    let project = Project::from_stack(&stack);
    bencher.bench_local(|| caddyfile::render(black_box(&project).sites()));
}

/// Who reaches whom; its result alone is quadratic where many services share a network.
#[divan::bench(args = [100, 1_000], sample_count = 10, sample_size = 1)]
fn reach_matrix(bencher: Bencher<'_, '_>, services: usize) {
    let stack = stack(&Names::new(services));
    let project = Project::from_stack(&stack);
    bencher.bench_local(|| reach::matrix(black_box(&project)));
}

/// Compose file → YAML.
#[divan::bench(args = SIZES, sample_count = 20, sample_size = 1)]
fn emit(bencher: Bencher<'_, '_>, services: usize) {
    let file = lower(&stack(&Names::new(services)));
    bencher.bench_local(|| render(black_box(&file), "Generated.", Spacing::Sections));
}

/// YAML → Compose file, by another parser.
#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn read(bencher: Bencher<'_, '_>, services: usize) {
    let text = text(services);
    bencher.bench_local(|| serde_yaml::from_str::<File>(black_box(&text)));
}

/// All of it: definition → checked project → `compose.yaml`.
#[divan::bench(args = SIZES, sample_count = 20, sample_size = 1)]
fn whole(bencher: Bencher<'_, '_>, services: usize) {
    let names = Names::new(services);
    bencher.bench_local(|| {
        let stack = stack(black_box(&names));
        let project = Project::from_stack(&stack);
        let verdict = check(&project);
        (verdict, render(project.file(), "Generated.", Spacing::Sections))
    });
}

/// The peer on the same text: reads and validates it; includes the start of the process.
#[divan::bench(args = [100, 1_000], sample_count = 5, sample_size = 1)]
fn whole_docker_compose_config(bencher: Bencher<'_, '_>, services: usize) {
    if has_docker_compose() {
        let file = Temporary::new(&services.to_string(), &text(services));
        bencher.bench_local(|| file.config());
    }
}

fn text(services: usize) -> String {
    render(&lower(&stack(&Names::new(services))), "Generated.", Spacing::Sections)
}

fn has_docker_compose() -> bool {
    let mut version = Command::new("docker");
    version.args(["compose", "version"]).stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|it| it.success())
}

/// A file that is gone when the measurement is over.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("homelab-bench-{}-{name}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut file =
            std::fs::File::create(&path).expect("the folder for temporary files is there");
        file.write_all(text.as_bytes()).expect("it was made for writing");
        Self { path }
    }

    /// What the peer does with it: `docker compose config -q`, which has to accept it.
    fn config(&self) {
        let mut config = Command::new("docker");
        // The folder of the real project, for the files that the house's services read.
        let project = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        config.args(["compose", "--project-directory", project, "-f"]).arg(&self.path);
        config.args(["config", "-q"]).env("DATA_ROOT", "/srv/data");
        let output = config.output().expect("docker was there a moment ago");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "docker compose refuses what core emits: {message}");
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
