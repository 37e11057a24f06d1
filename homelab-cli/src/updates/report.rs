//! What `homelab images` found, as data, as a table and as a page.

use homelab_core::dsl::image::Range;
use jiff::Timestamp;
use serde::Serialize;

use crate::message;
use crate::pins::{Change, Pin};
use crate::registry::{Failure, Found};

/// The whole answer.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) min_age_days: u32,
    /// Whether a pin may move.
    pub(crate) changes: bool,
    /// Whether `images.rs` was written.
    pub(crate) updated: bool,
    pub(crate) pins: Vec<Row>,
}

/// How a pin stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PinState {
    UpToDate,
    /// A later release may be pinned.
    Update,
    /// The same tag is another image now, which may be pinned.
    Rebuilt,
    /// There is something, and it is not taken yet.
    Waiting,
    /// It moves by a person only.
    Frozen,
    /// Its registry could not tell.
    Failed,
}

/// One pin.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// Its constant.
    pub(crate) pin: String,
    pub(crate) repository: String,
    pub(crate) tag: String,
    pub(crate) digest: String,
    pub(crate) state: PinState,
    /// Where it may move.
    pub(crate) newest: Option<Newest>,
    /// What it does not move to yet.
    pub(crate) waiting: Vec<Waiting>,
    /// The latest release that is left to a person.
    pub(crate) beyond: Option<String>,
    /// Why it is frozen, held or failed.
    pub(crate) because: Option<String>,
    /// What to do about a failure.
    pub(crate) help: Option<&'static str>,
    #[serde(skip)]
    pub(crate) range: Range,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Newest {
    pub(crate) tag: String,
    pub(crate) digest: String,
    pub(crate) created: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Waiting {
    pub(crate) tag: String,
    pub(crate) because: String,
}

impl Newest {
    pub(super) fn new(tag: &str, found: Found) -> Self {
        Self { tag: tag.to_owned(), digest: found.digest, created: found.created }
    }
}

impl Row {
    pub(super) fn of(pin: &Pin, range: Range) -> Self {
        let frozen = match range {
            Range::Major | Range::Any { .. } => None,
            Range::Tag { because } | Range::Frozen { because } => Some(because.to_owned()),
        };
        Self {
            pin: pin.constant.clone(),
            repository: pin.repository.clone(),
            tag: pin.tag.clone(),
            digest: pin.digest.clone(),
            state: if frozen.is_some() { PinState::Frozen } else { PinState::UpToDate },
            newest: None,
            waiting: Vec::new(),
            beyond: None,
            because: frozen,
            help: None,
            range,
        }
    }

    /// Whether `--update` writes it.
    pub(crate) const fn moves(&self) -> bool {
        matches!(self.state, PinState::Update | PinState::Rebuilt)
    }

    pub(crate) fn change(&self) -> Option<Change> {
        let to = self.newest.as_ref().filter(|_| self.moves())?;
        let (tag, digest) = (to.tag.clone(), to.digest.clone());
        Some(Change { constant: self.pin.clone(), tag, digest })
    }

    pub(super) fn wait(&mut self, tag: &str, because: &str) {
        if self.state == PinState::UpToDate {
            self.state = PinState::Waiting;
        }
        self.waiting.push(Waiting { tag: tag.to_owned(), because: because.to_owned() });
    }

    pub(super) fn fail(&mut self, failure: &Failure) {
        self.state = PinState::Failed;
        self.newest = None;
        self.because = Some(message::chain(failure));
        self.help = Some(failure.help());
    }

    /// The state and everything that explains it.
    fn words(&self) -> String {
        let mut text = match self.state {
            PinState::UpToDate => "up to date".to_owned(),
            PinState::Update => "update".to_owned(),
            PinState::Rebuilt => "rebuilt: the tag is another image now".to_owned(),
            PinState::Waiting => "waiting".to_owned(),
            PinState::Frozen => "frozen".to_owned(),
            PinState::Failed => "failed".to_owned(),
        };
        let reason = self.because.iter().filter(|_| !self.moves());
        let waiting = self.waiting.iter().map(|it| format!("{}: {}", it.tag, it.because));
        let reasons: Vec<_> = reason.cloned().chain(waiting).collect();
        if !reasons.is_empty() {
            let sign = if self.moves() { "; waiting: " } else { ": " };
            text = format!("{text}{sign}{}", reasons.join("; "));
        }
        if let Some(beyond) = &self.beyond {
            text = format!("{text}; {beyond} is for a person to decide");
        }
        text
    }

    fn newest_tag(&self) -> &str {
        match (&self.newest, self.waiting.first()) {
            (Some(it), _) => &it.tag,
            (None, Some(it)) => &it.tag,
            (None, None) if self.state == PinState::Failed => "?",
            (None, None) => &self.tag,
        }
    }
}

impl Report {
    pub(crate) fn failed(&self) -> impl Iterator<Item = &Row> {
        self.pins.iter().filter(|it| it.state == PinState::Failed)
    }

    /// For a terminal.
    pub(crate) fn table(&self) -> Vec<String> {
        let head = ["pin", "current", "newest", "state"].map(str::to_owned).to_vec();
        let row =
            |it: &Row| vec![it.pin.clone(), it.tag.clone(), it.newest_tag().to_owned(), it.words()];
        message::table(&std::iter::once(head).chain(self.pins.iter().map(row)).collect::<Vec<_>>())
    }

    /// For the body of a pull request.
    pub(crate) fn markdown(&self) -> String {
        let moved = self.pins.iter().filter(|it| it.moves());
        let row = |(row, to): (&Row, &Newest)| {
            let made = to.created.map_or_else(|| "not said".to_owned(), |it| it.to_string());
            let (from, tag, digest) = (&row.tag, &to.tag, &to.digest);
            format!("| `{}` | `{from}` | `{tag}` | `{digest}` | {made} |", row.repository)
        };
        let moved: Vec<_> =
            moved.filter_map(|it| Some((it, it.newest.as_ref()?))).map(row).collect();
        let mut lines = vec!["No pin moves.".to_owned()];
        if !moved.is_empty() {
            lines = vec!["| Image | From | To | Digest | Made |".to_owned()];
            lines.push("| --- | --- | --- | --- | --- |".to_owned());
            lines.extend(moved);
        }
        let open =
            |row: &&Row| row.beyond.is_some() || !(row.moves() || row.state == PinState::UpToDate);
        let mut open = self.pins.iter().filter(open).peekable();
        if open.peek().is_some() {
            lines.push("\nNot moved, or not all the way:\n".to_owned());
        }
        lines.extend(open.map(|it| format!("- `{}` `{}`: {}", it.repository, it.tag, it.words())));
        lines.push(
            "\nBefore you merge, read the release notes: `docs/runbooks/upgrade-a-pin.md`, step 1."
                .to_owned(),
        );
        lines.join("\n")
    }
}
