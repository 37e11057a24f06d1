//! `homelab` of this repository's household.

fn main() -> std::process::ExitCode {
    homelab_cli::main(homelab_services::house)
}
