//! `cargo xtask` of this repository.

fn main() -> std::process::ExitCode {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    homelab_xtask::main(homelab_services::house, root.as_ref(), homelab_xtask::OWN)
}
