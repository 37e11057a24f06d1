//! Options that several commands have, and what they say.

use clap::ValueEnum;

use crate::deploy::bundle::Bundle;
use crate::deploy::place::HousePlace;
use crate::error::Error;
use crate::house_folder::HouseFolder;
use crate::ui::Ui;

/// What a report looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs; its fields are stable
    Json,
}

/// What a report looks like that may become part of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PageFormat {
    /// For a terminal
    #[default]
    Text,
    /// For a pull request
    Markdown,
    /// For programs; its fields are stable
    Json,
}

/// A value as its option says it.
pub(super) fn word(value: &impl ValueEnum) -> String {
    let value = value.to_possible_value().expect("every value can be said");
    value.get_name().to_owned()
}

/// Where on the host.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct HouseDir {
    /// Folder on this machine that holds `.env`, `secrets/` and the releases; of no use with
    /// `--host`, whose `receive` knows its own
    #[arg(long = "house", value_name = "DIR", default_value = crate::deploy::place::DEFAULT)]
    pub(crate) folder: std::path::PathBuf,
}

impl HouseDir {
    pub(super) fn place(&self, house: &HouseFolder) -> Result<HousePlace, Error> {
        HousePlace::open(&self.folder, &house.house)
    }
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
pub(crate) struct Checkout {
    /// Take the files as they are, also when they are not committed
    #[arg(long)]
    pub(super) dirty: bool,
}

impl Who {
    /// Who asks, in letters, digits and little more, since it becomes a word of a command.
    pub(crate) fn actor(&self) -> String {
        let from = |name| std::env::var(name).ok().filter(|it| !it.is_empty());
        let actor = self.actor.clone().or_else(|| from("GITHUB_ACTOR")).or_else(|| from("USER"));
        plain(&actor.unwrap_or_else(|| "somebody".to_owned()), "._@+-")
    }

    pub(crate) fn run_url(&self) -> Option<String> {
        self.run_url.as_ref().map(|it| plain(it, ":/._-"))
    }

    /// The options that say the same to the host.
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
    // It must not look like an option.
    if text.starts_with('-') { format!("_{text}") } else { text }
}

impl Checkout {
    /// The release of the checkout.
    pub(crate) fn bundle(&self, ui: &mut Ui, house: &HouseFolder) -> Result<Bundle, Error> {
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
