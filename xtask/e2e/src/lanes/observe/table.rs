//! The table: every claim of contracts and file, next to what was observed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use homelab_core::dsl::contract::observed::{Agreement, Measured};
use homelab_core::dsl::units::{Memory, MemoryRange};
use homelab_core::model::budget;
use homelab_core::model::project::{Member, Project};

use super::seen::{Seen, by_image};
use crate::lanes::hardening::privilege;

/// A service may hold this share of its limit at rest, in percent.
const SHARE: u64 = 90;

/// A claim about an image, or about a service that runs it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    image: String,
    /// Services that run the image, or the one that it is about.
    service: String,
    claim: &'static str,
    claimed: String,
    seen: String,
    agreement: Agreement,
}

/// Compares everything, in the file's order.
pub(super) fn rows(
    project: &Project<'_>,
    seen: &BTreeMap<String, Seen>,
) -> anyhow::Result<Vec<Row>> {
    let images = by_image(seen);
    let mut rows = Vec::new();
    let mut told = BTreeSet::new();
    for member in project.members() {
        let seen =
            seen.get(member.name).with_context(|| format!("{} was not seen", member.name))?;
        let (name, digest) = seen.image.split_once('@').context("an image has a digest")?;
        let repository = member.image().repository;
        let observation = images.get(&format!("{repository}@{digest}"));
        let observation = observation.context("an image was not seen")?;
        if told.insert(digest) {
            let contract = member.contract().context("an image without contract")?;
            let services: Vec<_> = observation.services.keys().map(String::as_str).collect();
            rows.extend(contract.compare(observation).into_iter().map(|it| Row {
                image: name.to_owned(),
                service: services.join(", "),
                claim: it.fact.name(),
                claimed: it.claimed,
                seen: it.seen,
                agreement: it.agreement,
            }));
        }
        let own = of_service(project, &member, seen)?;
        rows.extend(own.into_iter().map(|(claim, claimed, seen, agreement)| Row {
            image: name.to_owned(),
            service: member.name.to_owned(),
            claim,
            claimed,
            seen,
            agreement,
        }));
    }
    Ok(rows)
}

type Claimed = (&'static str, String, String, Agreement);

/// What the file makes of an image: who it runs as, what it may and what it gets.
fn of_service(
    project: &Project<'_>,
    member: &Member<'_>,
    seen: &Seen,
) -> anyhow::Result<Vec<Claimed>> {
    let agrees = |it: bool| if it { Agreement::Agrees } else { Agreement::Contradicts };
    let list = |it: &BTreeSet<String>| match it.len() {
        0 => "none".to_owned(),
        _ => it.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
    };
    let user = project.resolve(member.service.user.as_deref().unwrap_or_default());
    let user = privilege::expected_user(&user, member);
    let measured = &seen.measured;
    let range = budget::memory(project, member).context("a service without memory limit")?;
    let least = member.contract().and_then(|it| it.memory.get()).copied();
    let mut rows = vec![
        ("runs as", user.to_string(), seen.runs_as.to_string(), agrees(user == seen.runs_as)),
        (
            "anonymous volumes",
            "none".to_owned(),
            list(&measured.anonymous_volumes),
            agrees(measured.anonymous_volumes.is_empty()),
        ),
    ];
    rows.extend(memory(range, least, measured, seen.kills));
    if !member.service.cap_add.is_empty() {
        let claimed = member.service.cap_add.iter().cloned().collect();
        let unneeded = &measured.healthy_without;
        let agreement = if unneeded.is_empty() { Agreement::Agrees } else { Agreement::NotSeen };
        let seen = format!("needs {}; healthy without {}", list(&measured.needs), list(unneeded));
        rows.push(("capabilities", list(&claimed), seen, agreement));
    }
    if !measured.docker_calls.is_empty() || !measured.refused_calls.is_empty() {
        let refused = &measured.refused_calls;
        let seen = format!("{}; refused: {}", list(&measured.docker_calls), list(refused));
        let claimed = "none that its socket proxy refuses".to_owned();
        rows.push(("docker calls", claimed, seen, agrees(refused.is_empty())));
    }
    Ok(rows)
}

/// What the file says of a service's memory: its limit, and what it works with, above which it may
/// be only when it has much to do. The peak has the files in it that were read at the start, so it
/// is shown and not judged.
fn memory(
    range: MemoryRange,
    least: Option<Memory>,
    measured: &Measured,
    kills: u64,
) -> [Claimed; 2] {
    let (rest, peak) = (measured.memory_at_rest, measured.memory_peak);
    let agrees = |it: bool| if it { Agreement::Agrees } else { Agreement::Contradicts };
    let (need, limit) = (range.need(), range.limit());
    let least = least.map_or_else(String::new, |it| format!("; its image needs {it} at least"));
    let seen = format!("{rest} MiB at rest, {peak} MiB at most");
    let fits = rest * 100 <= u64::from(limit.as_mib()) * SHARE;
    [
        (
            "memory",
            format!("at most {SHARE} % of {limit} at rest"),
            format!("{seen}, {kills} killed"),
            agrees(fits && kills == 0),
        ),
        (
            "memory needed",
            format!("at most {need} at rest{least}"),
            seen,
            agrees(rest <= u64::from(need.as_mib())),
        ),
    ]
}

/// The table, if exactly the expected claims of services are contradicted.
pub(super) fn judge(rows: &[Row], expected: &[(&str, &[&str])]) -> anyhow::Result<String> {
    let expected: BTreeSet<_> = expected
        .iter()
        .flat_map(|(service, claims)| claims.iter().map(move |it| (*service, *it)))
        .collect();
    let contradicted = rows.iter().filter(|it| it.agreement == Agreement::Contradicts);
    let contradicted: BTreeSet<_> =
        contradicted.map(|it| (it.service.as_str(), it.claim)).collect();
    let table = render(rows);
    if contradicted != expected {
        let mut said = Vec::new();
        for (what, one, other) in [
            ("contradicted", &contradicted, &expected),
            ("broken and not named", &expected, &contradicted),
        ] {
            let some = one.difference(other).map(|(service, claim)| format!("{service}: {claim}"));
            let some: Vec<_> = some.collect();
            if !some.is_empty() {
                said.push(format!("{what}: {}", some.join("; ")));
            }
        }
        bail!("{}{table}", said.join("\n"));
    }
    let count = |agreement| rows.iter().filter(|it| it.agreement == agreement).count();
    Ok(format!(
        "{} claims agree, {} contradicted as expected, {} not seen, {} not claimed{table}",
        count(Agreement::Agrees),
        contradicted.len(),
        count(Agreement::NotSeen),
        count(Agreement::NotClaimed),
    ))
}

fn render(rows: &[Row]) -> String {
    let mut out = String::new();
    let mut last = ("", "");
    for row in rows {
        if (row.image.as_str(), row.service.as_str()) != last {
            last = (&row.image, &row.service);
            let _ = write!(out, "\n{} ({})", row.service, row.image);
        }
        let Row { claim, claimed, seen, agreement, .. } = row;
        let _ = write!(out, "\n  {agreement:<11}  {claim:<17}  {claimed} | {seen}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(claim: &'static str, agreement: Agreement) -> Row {
        Row {
            image: "example/web:1".to_owned(),
            service: "web".to_owned(),
            claim,
            claimed: "0".to_owned(),
            seen: "1000".to_owned(),
            agreement,
        }
    }

    #[test]
    fn memory_at_rest_is_compared_with_the_need_and_the_limit() {
        let range = Memory::mib(100).up_to(Memory::mib(200));
        let told = |memory_at_rest, kills| {
            let measured = Measured { memory_at_rest, memory_peak: 190, ..Measured::default() };
            memory(range, Some(Memory::mib(80)), &measured, kills).map(|it| it.3)
        };
        let (agrees, contradicts) = (Agreement::Agrees, Agreement::Contradicts);
        assert_eq!(told(100, 0), [agrees, agrees]);
        assert_eq!(told(101, 0), [agrees, contradicts]);
        assert_eq!(told(181, 0), [contradicts, contradicts]);
        assert_eq!(told(50, 1), [contradicts, agrees]);
        let measured = Measured { memory_at_rest: 50, memory_peak: 190, ..Measured::default() };
        let [_, (_, claimed, seen, _)] = memory(range, Some(Memory::mib(80)), &measured, 0);
        assert_eq!(claimed, "at most 100 MiB at rest; its image needs 80 MiB at least");
        assert_eq!(seen, "50 MiB at rest, 190 MiB at most");
    }

    #[test]
    fn what_is_contradicted_must_be_what_is_expected() {
        let rows = [row("user", Agreement::Contradicts), row("ports", Agreement::NotSeen)];
        assert_eq!(
            judge(&rows, &[("web", &["user"])]).expect("that is expected"),
            "0 claims agree, 1 contradicted as expected, 1 not seen, 0 not claimed\n\
             web (example/web:1)\n  \
             CONTRADICTS  user               0 | 1000\n  \
             not seen     ports              0 | 1000"
        );
        let said = judge(&rows, &[]).expect_err("nothing is expected").to_string();
        assert!(said.starts_with("contradicted: web: user\nweb ("), "{said}");
        let said = judge(&rows[1..], &[("web", &["user"])]).expect_err("it is missed").to_string();
        assert!(said.starts_with("broken and not named: web: user\nweb ("), "{said}");
    }
}
