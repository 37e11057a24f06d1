//! `cargo xtask e2e`: the generated stack on a real Docker Engine, measured.

mod browser;
mod docker;
mod engine;
mod files;
mod health;
mod house;
mod images;
mod lanes;
mod model;
mod needs;
mod programs;
mod report;
mod root;
mod run;
mod slot;
mod suite;
mod way_out;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::engine::Engine;
use crate::images::Source;
use crate::lanes::Lane;

/// Bring the generated stack up on a real Docker Engine and measure what the model claims
///
/// Every lane is a host of its own: its own network, mounts and processes, a Debian as its root,
/// and the Docker Engine of that Debian. So the suite needs root, for which it asks `sudo`; it
/// touches no container that runs here, needs no free port and no engine, and can run twice at
/// once. Images are stand-ins, put together from Debian's packages. All of it is cached below
/// `target/e2e`, which belongs to root in part; `report.json`, `report.xml` and the logs of what
/// failed are there, too.
///
/// With `--images real` the lanes `profiles-a`, `profiles-b` and `observe` run the pinned images,
/// pulled by digest. `observe` compares what they do with what is claimed of them, claim by claim,
/// and writes it to `observed.json`. Its containers have no internet, only the engine pulls.
///
/// Exit codes: 0 everything was as the model says, 1 something was not, 2 the command line is
/// wrong, 4 the machine lacks something, a tool failed or you interrupted it, 70 a bug of this
/// program.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask e2e", bin_name = "cargo xtask e2e")]
struct Cli {
    /// Run only this lane (can be repeated)
    #[arg(long = "lane", value_name = "LANE", value_enum)]
    lanes: Vec<Lane>,
    /// Run every chosen lane on this engine; by default the one that the lane's name ends with, and
    /// 28 without such an end
    #[arg(long, value_name = "ENGINE", value_enum)]
    engine: Option<Engine>,
    /// Lanes that run at the same time; six by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    jobs: Option<u8>,
    /// Images that the lanes run
    #[arg(long, value_name = "SOURCE", value_enum, default_value_t = Source::StandIns)]
    images: Source,
    /// Only make what the lanes need, and run none
    #[arg(long)]
    prepare: bool,
    #[command(subcommand)]
    inside: Option<Inside>,
}

#[derive(Debug, Subcommand)]
enum Inside {
    /// Run one lane inside the namespaces that the suite made for it
    #[command(hide = true)]
    Inside {
        #[arg(value_enum)]
        lane: Lane,
        #[arg(value_enum)]
        engine: Engine,
        /// The lane's folder
        slot: PathBuf,
        /// What the suite has prepared, as JSON
        prepared: PathBuf,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(lane) = cli.lanes.iter().find(|it| !it.takes(cli.images)) {
        let message = format!("lane `{}` cannot run real images", lane.name());
        Cli::command().error(ErrorKind::ArgumentConflict, message).exit();
    }
    let ended = std::panic::catch_unwind(|| match &cli.inside {
        Some(Inside::Inside { lane, engine, slot, prepared }) => {
            lanes::run(*lane, *engine, slot, prepared)
        }
        None if cli.prepare => suite::prepare_only(&cli.lanes, cli.engine, cli.images),
        None => suite::run(&cli.lanes, cli.engine, cli.jobs, cli.images),
    });
    // The panic's message is printed by then.
    let Ok(ended) = ended else { return ExitCode::from(70) };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            report::tell(&format!("error: {error:#}"));
            ExitCode::from(4)
        }
    }
}
