//! Receipts: what each deploy did, one line of JSON each, only ever appended to.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::SystemTime;

use homelab_core::report::receipt::Receipt;
use jiff::Timestamp;

use super::files;
use super::place::Place;
use crate::error::Error;

/// Appends it to the host's log.
pub(crate) fn append(receipt: &Receipt, place: &Place) -> Result<(), Error> {
    let path = place.receipts();
    let mut line = serde_json::to_vec(receipt).expect("a struct, which JSON can hold");
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
pub(crate) fn all(place: &Place) -> Result<Vec<Receipt>, Error> {
    let bytes = files::read(&place.receipts())?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().filter_map(|it| serde_json::from_str(it).ok()).collect())
}

/// Now, for people and programs: RFC 3339, UTC, whole seconds.
pub(crate) fn now() -> String {
    let now = Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH);
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
