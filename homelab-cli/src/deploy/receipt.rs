//! Receipts: what each deploy did, one line of JSON each, only ever appended to.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::SystemTime;

use indexmap::IndexMap;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::files;
use super::place::Place;
use super::release::Id;
use crate::error::Error;

/// What a deploy did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Receipt {
    /// Name of the deploy, and of its log below `state/`.
    pub(crate) id: String,
    /// `deploy`, `rollback` or `recover`.
    pub(crate) what: String,
    pub(crate) outcome: Outcome,
    /// The release that ran before.
    #[schemars(with = "Option<String>")]
    pub(crate) from: Option<Id>,
    /// The release that was to run.
    #[schemars(with = "String")]
    pub(crate) to: Id,
    /// The release that runs now.
    #[schemars(with = "Option<String>")]
    pub(crate) runs: Option<Id>,
    /// Who asked for it.
    pub(crate) actor: String,
    /// Where its log can be read, when a workflow asked for it.
    pub(crate) run_url: Option<String>,
    /// RFC 3339, UTC.
    pub(crate) started: String,
    /// RFC 3339, UTC.
    pub(crate) ended: String,
    /// Seconds of each phase.
    pub(crate) seconds: IndexMap<String, f64>,
    /// Image before and after, of the services whose image changed.
    pub(crate) images: IndexMap<String, (Option<String>, Option<String>)>,
    /// What happened to containers, by service: `created`, `recreated`, `started`, `stopped`.
    pub(crate) happened: IndexMap<String, String>,
    /// What happened to containers although it was not planned, or the other way round.
    pub(crate) surprises: Vec<String>,
    /// Health of every service at the end.
    pub(crate) health: IndexMap<String, String>,
    /// Dumps that were taken.
    pub(crate) dumps: Vec<String>,
    /// Why it did not end as asked.
    pub(crate) because: Option<String>,
}

/// How a deploy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// The release runs.
    Deployed,
    /// It ran already, and nothing was touched.
    NothingToDo,
    /// Nothing was touched, because something was wrong before.
    Refused,
    /// The release did not come up; the old one runs again.
    RolledBack,
    /// Neither the new release nor the old one came up.
    Broken,
}

impl Receipt {
    /// Appends it to the host's log.
    pub(crate) fn append(&self, place: &Place) -> Result<(), Error> {
        let path = place.receipts();
        let mut line = serde_json::to_vec(self).expect("a struct, which JSON can hold");
        line.push(b'\n');
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).mode(0o600).open(&path);
        let written = file.and_then(|mut it| {
            it.write_all(&line)?;
            it.sync_all()
        });
        written.map_err(|source| Error::Write { path, source })
    }

    /// All of them, the oldest first. A line that a power cut left half written is passed over.
    pub(crate) fn all(place: &Place) -> Result<Vec<Self>, Error> {
        let bytes = files::read(&place.receipts())?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.lines().filter_map(|it| serde_json::from_str(it).ok()).collect())
    }
}

/// Now, for people and programs: RFC 3339, UTC, whole seconds.
pub(crate) fn now() -> String {
    let now = Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH);
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
