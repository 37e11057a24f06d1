//! Receipts: what each deploy did, as lines of JSON in a file that only grows.

use std::time::{Duration, SystemTime};

use homelab_core::report::receipt::{Outcome, Receipt};
use jiff::Timestamp;

use super::files;
use super::place::HousePlace;
use crate::error::Error;

/// Bytes of a reason that are kept. Whoever may deploy can cause a reason of any length, and every later
/// command reads all receipts.
const BECAUSE: usize = 4 << 10;

/// Appends a receipt.
pub(crate) fn append(receipt: &Receipt, place: &HousePlace) -> Result<(), Error> {
    let because = receipt.because.as_deref().map(cut);
    let receipt = Receipt { because, ..receipt.clone() };
    let line = serde_json::to_vec(&receipt).expect("a struct, which JSON can hold");
    files::append(&place.receipts(), &line)
}

/// Cuts a reason after its first lines, and says how many are left out.
fn cut(because: &str) -> String {
    if because.len() <= BECAUSE {
        return because.to_owned();
    }
    let begun = &because[..because.floor_char_boundary(BECAUSE)];
    // If the first line alone is too long, its beginning is kept.
    let kept = begun.rfind('\n').map_or(begun, |end| &begun[..end]);
    let more = because.lines().count() - kept.lines().count();
    format!("{kept}\n… and {more} more lines")
}

/// All receipts, the oldest first.
pub(crate) fn load_all(place: &HousePlace) -> Result<Vec<Receipt>, Error> {
    Ok(read(place)?.0)
}

/// All receipts, and the numbers of the lines that cannot be read: a power cut left them incomplete, or a newer
/// program wrote them.
pub(crate) fn read(place: &HousePlace) -> Result<(Vec<Receipt>, Vec<usize>), Error> {
    let bytes = files::read(&place.receipts())?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let (mut receipts, mut unread) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        match serde_json::from_str(line) {
            Ok(receipt) => receipts.push(receipt),
            Err(_) => unread.push(number),
        }
    }
    Ok((receipts, unread))
}

/// The last receipt, if it says that the house is broken. Refused deploys do not count: they touched nothing.
pub(crate) fn broken(all: &[Receipt]) -> Option<&Receipt> {
    let last = all.iter().rfind(|it| it.outcome != Outcome::Refused);
    last.filter(|it| it.outcome == Outcome::Broken)
}

/// The time now, as RFC 3339 in UTC with whole seconds.
pub(crate) fn now() -> String {
    let now = Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH);
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// How long ago a time was; `None` for a time in the future and for other text.
pub(super) fn elapsed(since: &str) -> Option<Duration> {
    let (then, now): (Timestamp, Timestamp) = (since.parse().ok()?, now().parse().ok()?);
    Some(Duration::from_secs(u64::try_from(now.as_second() - then.as_second()).ok()?))
}

/// How long ago a time was, in words; `None` for a time in the future and for other text.
pub(crate) fn age(since: &str) -> Option<String> {
    Some(words(elapsed(since)?))
}

/// A time in seconds, minutes or hours.
pub(super) fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use homelab_core::release::Id;
    use homelab_core::report::receipt::Deed;
    use indexmap::IndexMap;

    use super::super::place::tests::host;
    use super::*;

    /// A name of a release.
    pub(in crate::deploy) fn id(text: &str) -> Id {
        Id::parse(text).expect("a plain name")
    }

    /// A deploy that went well.
    pub(in crate::deploy) fn deployed(from: &str, to: &str) -> Receipt {
        Receipt {
            id: format!("20260101T000000Z-{to}"),
            what: Deed::Deploy,
            outcome: Outcome::Deployed,
            from: Some(id(from)),
            to: id(to),
            runs: Some(id(to)),
            actor: "ada".to_owned(),
            run_url: None,
            started: now(),
            ended: now(),
            seconds: IndexMap::new(),
            images: IndexMap::new(),
            happened: IndexMap::new(),
            surprises: Vec::new(),
            health: IndexMap::new(),
            dumps: Vec::new(),
            because: None,
            help: None,
        }
    }

    #[test]
    fn a_reason_of_any_length_takes_little_room() {
        let (_folder, place) = host();
        let lines: Vec<_> = (0..1000).map(|it| format!("finding {it} ß")).collect();
        for because in [lines.join("\n"), "ß".repeat(1 << 20), "short".to_owned()] {
            let refused = Receipt { because: Some(because), ..deployed("release0", "release1") };
            append(&refused, &place).expect("there is room");
        }
        let kept =
            load_all(&place).expect("it is readable").into_iter().filter_map(|it| it.because);
        let kept: Vec<_> = kept.collect();
        assert!(kept.iter().all(|it| it.len() < BECAUSE + 50));
        let (shown, more) = kept[0].rsplit_once('\n').expect("there are many");
        let count = shown.lines().count();
        assert_eq!(more, format!("… and {} more lines", 1000 - count));
        assert!(shown.ends_with(&lines[count - 1]), "whole lines: {shown}");
        assert_eq!(kept[2], "short");
    }

    #[test]
    fn an_age_is_for_people() {
        assert_eq!(age(&now()).as_deref(), Some("0 s"));
        assert!(age("2026-01-01T00:00:00Z").is_some_and(|text| text.ends_with(" h")));
        assert_eq!(age("9999-01-01T00:00:00Z"), None);
        assert_eq!(age("yesterday"), None);
    }

    #[test]
    fn a_torn_line_takes_no_other_with_it() {
        let (_folder, place) = host();
        append(&deployed("release0", "release1"), &place).expect("there is room");
        let path = place.receipts();
        let mut text = std::fs::read(&path).expect("it was written");
        text.extend_from_slice(b"{\"id\":\"torn");
        std::fs::write(&path, text).expect("it is ours");
        append(&deployed("release1", "release2"), &place).expect("there is room");
        let all: Vec<_> =
            load_all(&place).expect("it is readable").into_iter().map(|it| it.to).collect();
        assert_eq!(all, [id("release1"), id("release2")]);
    }
}
