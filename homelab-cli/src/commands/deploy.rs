//! `homelab deploy`: brings the checkout's release to a host, and makes it the one that runs.

use homelab_core::report::receipt::{Outcome, Receipt};

use crate::cli::Format;
use crate::deploy::bundle::Bundle;
use crate::deploy::place::Place;
use crate::deploy::receipt;
use crate::deploy::release::sha256;
use crate::deploy::supervise;
use crate::error::Error;
use crate::exit;
use crate::house::House;
use crate::ssh::Remote;
use crate::ui::Ui;
use crate::words;

/// Deploy this checkout
///
/// Locks the host, checks it, pulls every image, dumps the databases that will be touched, starts
/// exactly what the plan says, waits until everything is healthy and asks every route. What goes
/// wrong leads back to the release that ran; what is killed is ended by the next command, or by
/// `homelab recover` at boot. Deploying what runs already touches nothing.
///
/// Exit code 1 when the release was refused or rolled back, 4 when somebody else is deploying.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    house: HouseDir,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    source: Source,
    /// How to print the receipt
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Where on the host.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct HouseDir {
    /// Folder on this machine that holds `.env`, `secrets/` and the releases; of no use with
    /// `--host`, whose `receive` knows its own
    #[arg(long = "house", value_name = "DIR", default_value = crate::deploy::place::DEFAULT)]
    pub(crate) folder: std::path::PathBuf,
}

/// Who asks for it, for the receipt.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Who {
    /// Who asks for it
    ///
    /// Default: `GITHUB_ACTOR`, else the user's name.
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Where its log can be read
    #[arg(long, value_name = "URL")]
    run_url: Option<String>,
}

/// What to deploy.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Source {
    /// Take the files as they are, also when they are not committed
    #[arg(long)]
    dirty: bool,
}

impl Who {
    /// Letters, digits and little more: it travels as a word of a command.
    pub(crate) fn actor(&self) -> String {
        let from = |name| std::env::var(name).ok().filter(|it| !it.is_empty());
        let actor = self.actor.clone().or_else(|| from("GITHUB_ACTOR")).or_else(|| from("USER"));
        plain(&actor.unwrap_or_else(|| "somebody".to_owned()), "._@+-")
    }

    pub(crate) fn run_url(&self) -> Option<String> {
        self.run_url.as_ref().map(|it| plain(it, ":/._-"))
    }

    /// The same as words for the host.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words = vec!["--actor".to_owned(), self.actor()];
        if let Some(url) = self.run_url() {
            words.extend(["--run-url".to_owned(), url]);
        }
        words
    }
}

fn plain(text: &str, also: &str) -> String {
    let keep = |it: char| it.is_ascii_alphanumeric() || also.contains(it);
    if text.is_empty() {
        return "somebody".to_owned();
    }
    let text: String = text.chars().take(200).map(|it| if keep(it) { it } else { '_' }).collect();
    // Never an option.
    if text.starts_with('-') { format!("_{text}") } else { text }
}

impl Source {
    /// The files as they are.
    pub(crate) const fn as_it_is() -> Self {
        Self { dirty: true }
    }

    /// The release of the checkout.
    pub(crate) fn bundle(&self, ui: &mut Ui, house: &House) -> Result<Bundle, Error> {
        let folder = house.path("");
        let folder = if folder.as_os_str().is_empty() { ".".into() } else { folder };
        let bundle = Bundle::of_checkout(&folder, self.dirty)?;
        if !bundle.uncommitted.is_empty() {
            let files = bundle.uncommitted.join(", ");
            ui.note(format_args!("not as committed: {files}"));
        }
        Ok(bundle)
    }
}

/// How a bundle is announced.
pub(crate) fn digest(packed: &[u8]) -> String {
    format!("sha256:{}", sha256(packed))
}

pub(crate) fn run(ui: &mut Ui, house: &House, args: &Args) -> Result<u8, Error> {
    let bundle = args.source.bundle(ui, house)?;
    let packed = bundle.pack();
    if let Some(host) = &args.remote.host {
        let (digest, format) = (digest(&packed), args.format.word());
        let mut words = vec!["deploy", "--bundle", &digest, "--format", format];
        let who = args.who.words();
        words.extend(who.iter().map(String::as_str));
        return args.remote.receive(ui, house, host, &words, &packed);
    }
    let place = Place::open(&args.house.folder, &house.own)?;
    here(ui, &place, &bundle, &packed, &args.who, args.format)
}

/// Deploys on this machine.
pub(crate) fn here(
    ui: &mut Ui,
    place: &Place,
    bundle: &Bundle,
    packed: &[u8],
    who: &Who,
    format: Format,
) -> Result<u8, Error> {
    let id = name(bundle.manifest.release.as_str());
    let digest = digest(packed);
    let who = who.words();
    let mut words = vec!["deploy", "--bundle", &digest];
    words.extend(who.iter().map(String::as_str));
    let ended = supervise::run(ui, place, &id, &words, packed)?;
    report(ui, ended, format)
}

/// Name of a deploy: unique, and sorted by time.
pub(crate) fn name(release: &str) -> String {
    let now: String = receipt::now().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{now}-{}-{}", release.get(..7).unwrap_or(release), std::process::id())
}

/// Prints what came of it; without a receipt the worker has said why.
pub(crate) fn report(ui: &mut Ui, ended: supervise::Ended, format: Format) -> Result<u8, Error> {
    let Some(receipt) = ended.receipt else {
        return Ok(if ended.code == exit::FINE { exit::FAILED } else { ended.code });
    };
    match format {
        Format::Json => ui.json(&receipt)?,
        Format::Text => {
            for line in lines(&receipt) {
                ui.data(line)?;
            }
        }
    }
    Ok(code(&receipt))
}

/// What a receipt says to a script.
pub(crate) fn code(receipt: &Receipt) -> u8 {
    let is_fine = matches!(receipt.outcome, Outcome::Deployed | Outcome::NothingToDo);
    if is_fine && receipt.surprises.is_empty() { exit::FINE } else { exit::FINDINGS }
}

/// A receipt for people.
pub(super) fn lines(receipt: &Receipt) -> Vec<String> {
    let runs = receipt.runs.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let outcome = match receipt.outcome {
        Outcome::Deployed => format!("deployed: {runs} runs"),
        Outcome::NothingToDo => format!("nothing to do: {runs} runs already"),
        Outcome::Refused => format!("refused, and nothing was touched: {runs} runs"),
        Outcome::RolledBack => format!("rolled back: {runs} runs again"),
        Outcome::Broken => format!("broken: {runs} runs and is not well"),
    };
    let mut lines = vec![outcome];
    for (service, what) in &receipt.happened {
        lines.push(format!("  {what} {service}"));
    }
    lines.extend(receipt.dumps.iter().map(|it| format!("  dump {it}")));
    lines.extend(receipt.surprises.iter().map(|it| format!("  not as planned: {it}")));
    let well = receipt.health.values().filter(|it| ["healthy", "running"].contains(&it.as_str()));
    let seconds: f64 = receipt.seconds.values().sum();
    if !receipt.health.is_empty() {
        let all = words::count(receipt.health.len(), "service");
        lines.push(format!("  {} of {all} well, {seconds:.1} s", well.count()));
    }
    lines.extend(receipt.because.iter().map(|it| format!("because {it}")));
    lines.extend(receipt.help.iter().map(|it| format!("what leads out: {it}")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_travels_is_plain() {
        assert_eq!(plain("dependabot[bot]", "._@+-"), "dependabot_bot_");
        assert_eq!(plain("-x;id $(y)", "._@+-"), "_-x_id___y_");
        assert_eq!(plain("https://a.example/b/1", ":/._-"), "https://a.example/b/1");
    }
}
