//! `homelab`: set up, check, explain and deploy a household's stack, for any `House`.

mod bytes;
mod cli;
mod commands;
mod deploy;
mod docker;
mod error;
mod exit;
mod file;
mod git;
mod host;
mod house_folder;
mod inspect;
mod message;
mod pins;
mod program;
mod registry;
mod released;
mod settings;
mod ssh;
mod ui;
mod updates;
mod versions;

use homelab_core::checks::definition;
use homelab_core::dsl::house::House;

/// Runs the command that the command line names, for the household that the function defines.
pub fn main(house: fn() -> House) -> std::process::ExitCode {
    std::panic::set_hook(Box::new(ui::report_bug));
    let run = || match definition::define(house) {
        Ok(house) => cli::run(house),
        Err(finding) => {
            ui::report_definition(&finding);
            exit::FINDINGS
        }
    };
    std::panic::catch_unwind(run).unwrap_or(exit::BUG).into()
}
