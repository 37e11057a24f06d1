//! How a deploy ended, for people and for scripts.

use homelab_core::report::receipt::{Outcome, Receipt};

use super::options::Format;
use crate::deploy::receipt;
use crate::deploy::supervise::Ended;
use crate::error::Error;
use crate::exit;
use crate::message;
use crate::ui::Ui;

/// A new name of a deploy. Names are unique and sort by time.
pub(super) fn deploy_id(release: &str) -> String {
    let now: String = receipt::now().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{now}-{}-{}", release.get(..7).unwrap_or(release), std::process::id())
}

/// Prints how a deploy ended; without a receipt the worker has said why.
pub(super) fn print_end(ui: &mut Ui, ended: Ended, format: Format) -> Result<u8, Error> {
    let Some(receipt) = ended.receipt else {
        return Ok(if ended.code == exit::FINE { exit::FAILED } else { ended.code });
    };
    match format {
        Format::Json => ui.json(&receipt)?,
        Format::Text => {
            for line in receipt_lines(&receipt) {
                ui.data(line)?;
            }
        }
    }
    Ok(exit_code(&receipt))
}

/// The exit code for a receipt.
pub(super) fn exit_code(receipt: &Receipt) -> u8 {
    let is_fine = matches!(receipt.outcome, Outcome::Deployed | Outcome::NothingToDo);
    if is_fine && receipt.surprises.is_empty() { exit::FINE } else { exit::FINDINGS }
}

/// The lines of a receipt for people.
pub(super) fn receipt_lines(receipt: &Receipt) -> Vec<String> {
    let runs = receipt.runs.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let outcome = match receipt.outcome {
        Outcome::Deployed => format!("deployed: {runs} runs"),
        Outcome::NothingToDo => format!("nothing to do: {runs} runs already"),
        Outcome::Refused => format!("refused, and nothing was touched: {runs} runs"),
        Outcome::RolledBack => format!("rolled back: {runs} runs again"),
        Outcome::Broken => format!("broken: {runs} runs and is not well"),
    };
    let mut lines = vec![outcome];
    for (service, action) in &receipt.happened {
        lines.push(format!("  {} {service}", action.word()));
    }
    lines.extend(receipt.dumps.iter().map(|it| format!("  dump {it}")));
    lines.extend(receipt.surprises.iter().map(|it| format!("  not as planned: {it}")));
    let well = receipt.health.values().filter(|it| ["healthy", "running"].contains(&it.as_str()));
    let seconds: f64 = receipt.seconds.values().sum();
    if !receipt.health.is_empty() {
        let all = message::count(receipt.health.len(), "service");
        lines.push(format!("  {} of {all} well, {seconds:.1} s", well.count()));
    }
    lines.extend(receipt.because.iter().map(|it| format!("because {it}")));
    lines.extend(receipt.help.iter().map(|it| format!("what leads out: {it}")));
    lines
}
