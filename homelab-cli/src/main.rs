//! `homelab`: set up, check and explain the household's stack.

mod cli;
mod commands;
mod deploy;
mod error;
mod exit;
mod file;
mod git;
mod host;
mod house;
mod inspect;
mod pins;
mod program;
mod registry;
mod settings;
mod ssh;
mod ui;
mod updates;
mod versions;
mod words;

fn main() -> std::process::ExitCode {
    std::panic::set_hook(Box::new(ui::report_bug));
    std::panic::catch_unwind(cli::run).unwrap_or(exit::BUG).into()
}
