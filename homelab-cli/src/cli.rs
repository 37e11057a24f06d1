//! The command line, and how its commands end.

use std::path::PathBuf;
use std::rc::Rc;

use clap::{Parser, Subcommand};

use crate::commands::{
    caddyfile, deploy, doctor, explain, exposure, images, init, memory, new, plan, receive,
    recover, rollback, status, worker,
};
use crate::error::Error;
use crate::exit;
use crate::house_folder::HouseFolder;
use crate::ui::Ui;

/// Set up, check and explain the household's stack
///
/// The stack is the one in `compose.yaml`, which is generated from the same Rust code that
/// this program was built from. Only `deploy`, `rollback` and `recover` start or stop a container.
///
/// Exit codes: 0 fine, 1 an error was found, 2 the command line is wrong, 4 a file or another
/// program failed, 70 a bug of this program.
#[derive(Debug, Parser)]
#[command(name = "homelab", bin_name = "homelab", version)]
struct Cli {
    /// Folder that holds `compose.yaml`, `.env` and `secrets/`
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    project: PathBuf,
    /// Folder below which the host's files are read, instead of `/`
    #[arg(long, global = true, value_name = "DIR", default_value = "/", hide = true)]
    host_root: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Doctor(doctor::Args),
    Explain(explain::Args),
    Memory(memory::Args),
    Exposure(exposure::Args),
    Caddyfile(caddyfile::Args),
    Images(images::Args),
    New(new::Args),
    Plan(plan::Args),
    Deploy(deploy::Args),
    Rollback(rollback::Args),
    Status(status::Args),
    Recover(recover::Args),
    Receive(receive::Args),
    #[command(hide = true)]
    Worker(worker::Args),
}

/// Runs the command and returns the exit code; clap itself ends the program on wrong usage.
pub(crate) fn run(house: homelab_core::dsl::house::House) -> u8 {
    let cli = Cli::parse();
    let mut ui = Ui::new();
    let ended =
        HouseFolder::open(Rc::new(house), cli.project, cli.host_root).and_then(|house| match &cli
            .command
        {
            Command::Init(args) => init::run(&mut ui, &house, args),
            Command::Doctor(args) => doctor::run(&mut ui, &house, args),
            Command::Explain(args) => explain::run(&mut ui, &house, args),
            Command::Memory(args) => memory::run(&mut ui, &house, args),
            Command::Exposure(args) => exposure::run(&mut ui, &house, args),
            Command::Caddyfile(args) => caddyfile::run(&mut ui, &house, args),
            Command::Images(args) => images::run(&mut ui, &house, args),
            Command::New(args) => new::run(&mut ui, &house, args),
            Command::Plan(args) => plan::run(&mut ui, &house, args),
            Command::Deploy(args) => deploy::run(&mut ui, &house, args),
            Command::Rollback(args) => rollback::run(&mut ui, &house, args),
            Command::Status(args) => status::run(&mut ui, &house, args),
            Command::Recover(args) => recover::run(&mut ui, &house, args),
            Command::Receive(args) => receive::run(&mut ui, &house, args),
            Command::Worker(args) => worker::run(&mut ui, &house, args),
        });
    ended.unwrap_or_else(|error: Error| {
        if error.is_broken_pipe() {
            return exit::FAILED;
        }
        ui.error(&error);
        error.exit_code()
    })
}
