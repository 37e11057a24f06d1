//! What contracts claim, next to what images did.

use std::fmt;

use super::Observation;
use crate::dsl::contract::{Confidence, Contract, Egress, Fact, ReadOnly};

/// A fact that can be observed, by its name in a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observable {
    /// [`Contract::user`].
    User,
    /// [`Contract::ports`].
    Ports,
    /// [`Contract::data`].
    Data,
    /// [`Contract::writes`].
    Writes,
    /// [`Contract::read_only`].
    ReadOnly,
    /// [`Contract::ships_health`].
    ShipsHealth,
    /// [`Contract::egress`].
    Egress,
}

impl Observable {
    /// Returns its name in a contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Ports => "ports",
            Self::Data => "data",
            Self::Writes => "writes",
            Self::ReadOnly => "read_only",
            Self::ShipsHealth => "ships_health",
            Self::Egress => "egress",
        }
    }
}

/// How a claim and an observation go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// The image did what the contract says.
    Agrees,
    /// It did something else.
    Contradicts,
    /// It did nothing else, but not all that the contract says either.
    NotSeen,
    /// Nobody has looked it up.
    NotClaimed,
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Agrees => "agrees",
            Self::Contradicts => "CONTRADICTS",
            Self::NotSeen => "not seen",
            Self::NotClaimed => "not claimed",
        })
    }
}

/// A claim of a contract next to what was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which fact.
    pub fact: Observable,
    /// What the contract says, in a line.
    pub claimed: String,
    /// What was observed, in a line.
    pub seen: String,
    /// How the two go together.
    pub agreement: Agreement,
}

impl Contract {
    /// Compares every claim that can be observed with what the image did.
    pub fn compare(&self, seen: &Observation) -> Vec<Claim> {
        let claim = |fact, claimed: Option<String>, seen: String, agreement| {
            let agreement = if claimed.is_some() { agreement } else { Agreement::NotClaimed };
            Claim {
                fact,
                claimed: claimed.unwrap_or_else(|| "unknown".to_owned()),
                seen,
                agreement,
            }
        };
        let is_data = |path: &&String| self.data.items().iter().any(|it| is_below(path, it));
        let (data, elsewhere): (Vec<_>, Vec<_>) = seen.written.iter().partition(is_data);
        let read_only = seen.read_only.as_ref();
        vec![
            claim(
                Observable::User,
                self.user.get().map(u32::to_string),
                seen.user.to_string(),
                equal(self.user.get(), Some(&seen.user)),
            ),
            claim(
                Observable::Ports,
                self.ports.get().map(list),
                list(&seen.ports),
                contained(self.ports.items(), &seen.ports),
            ),
            claim(Observable::Data, self.data.get().map(list), list(data), self.data_of(seen)),
            claim(
                Observable::Writes,
                self.writes.get().map(list),
                list(elsewhere),
                self.writes_of(seen),
            ),
            claim(
                Observable::ReadOnly,
                self.read_only.get().map(read_only_text),
                read_only.map_or_else(|| "the root is not read-only".to_owned(), read_only_text),
                read_only.map_or(Agreement::NotSeen, |it| self.read_only_of(it)),
            ),
            claim(
                Observable::ShipsHealth,
                self.ships_health.get().map(bool::to_string),
                seen.ships_health.to_string(),
                equal(self.ships_health.get(), Some(&seen.ships_health)),
            ),
            claim(
                Observable::Egress,
                self.egress.get().map(|it| egress_text(it).to_owned()),
                if seen.names.is_empty() { "no name asked".to_owned() } else { list(&seen.names) },
                self.egress_of(seen),
            ),
        ]
    }

    /// Marks the facts that agree with what an image of that reference did as [`Confidence::Ran`].
    pub(crate) fn confirm(&mut self, image: &str, seen: &Observation) {
        let claims = self.compare(seen).into_iter();
        for claim in claims.filter(|it| it.agreement == Agreement::Agrees) {
            match claim.fact {
                Observable::User => ran(&mut self.user, image),
                Observable::Ports => ran(&mut self.ports, image),
                Observable::Data => ran(&mut self.data, image),
                Observable::Writes => ran(&mut self.writes, image),
                Observable::ReadOnly => ran(&mut self.read_only, image),
                Observable::ShipsHealth => ran(&mut self.ships_health, image),
                Observable::Egress => ran(&mut self.egress, image),
            }
        }
    }

    /// What is lost without a mount cannot be observed, only that it was written.
    fn data_of(&self, seen: &Observation) -> Agreement {
        let paths = self.data.items();
        let all = !paths.is_empty() && paths.iter().all(|it| was_written(it, seen));
        if all { Agreement::Agrees } else { Agreement::NotSeen }
    }

    fn writes_of(&self, seen: &Observation) -> Agreement {
        let allowed = || self.data.items().iter().chain(self.writes.items());
        if seen.written.iter().any(|path| !allowed().any(|it| is_below(path, it))) {
            return Agreement::Contradicts;
        }
        let all = self.writes.items().iter().all(|it| was_written(it, seen));
        if all { Agreement::Agrees } else { Agreement::NotSeen }
    }

    fn read_only_of(&self, seen: &ReadOnly) -> Agreement {
        let works = |it: &ReadOnly| matches!(it, ReadOnly::Works);
        equal(self.read_only.get().map(works).as_ref(), Some(&works(seen)))
    }

    /// That it never asks cannot be observed, only that it did.
    fn egress_of(&self, seen: &Observation) -> Agreement {
        match self.egress.get() {
            _ if seen.names.is_empty() => Agreement::NotSeen,
            Some(Egress::None) => Agreement::Contradicts,
            _ => Agreement::Agrees,
        }
    }
}

fn ran<T>(fact: &mut Fact<T>, image: &str) {
    if let Fact::Known { confidence, source, .. } = fact {
        *confidence = Confidence::Ran;
        *source = format!("`cargo xtask e2e --images real` with {image}");
    }
}

fn equal<T: PartialEq>(claimed: Option<&T>, seen: Option<&T>) -> Agreement {
    if claimed == seen { Agreement::Agrees } else { Agreement::Contradicts }
}

/// Nothing else than what is claimed, and all of it.
fn contained<T: PartialEq>(claimed: &[T], seen: &[T]) -> Agreement {
    if seen.iter().any(|it| !claimed.contains(it)) {
        Agreement::Contradicts
    } else if claimed.iter().all(|it| seen.contains(it)) {
        Agreement::Agrees
    } else {
        Agreement::NotSeen
    }
}

fn was_written(path: &str, seen: &Observation) -> bool {
    seen.written.iter().any(|it| is_below(it, path))
}

/// Whether a path is a folder or below it; `/var/run` is a link to `/run` in every image.
fn is_below(path: &str, folder: &str) -> bool {
    let plain = |it: &str| match it.strip_prefix("/var/run") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/run{rest}"),
        _ => it.to_owned(),
    };
    let (path, folder) = (plain(path), plain(folder));
    path.strip_prefix(&folder).is_some_and(|it| it.is_empty() || it.starts_with('/'))
}

fn list<'a, T: fmt::Display + 'a>(items: impl IntoIterator<Item = &'a T>) -> String {
    let items: Vec<_> = items.into_iter().map(ToString::to_string).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn read_only_text(it: &ReadOnly) -> String {
    match it {
        ReadOnly::Works => "works".to_owned(),
        ReadOnly::Fails(because) => format!("fails: {because}"),
    }
}

const fn egress_text(it: &Egress) -> &'static str {
    match it {
        Egress::None => "none",
        Egress::Optional(_) => "optional",
        Egress::Required(_) => "required",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use super::*;
    use crate::dsl::contract::{read, reported};
    use crate::dsl::units::Port;

    fn contract() -> Contract {
        let by = read("https://example.org");
        Contract {
            user: by.is(0),
            ports: by.all([Port::new(80), Port::udp(53)]),
            data: by.all(["/data"]),
            writes: by.all(["/var/run/web"]),
            read_only: reported("a forum").is(ReadOnly::Works),
            ships_health: by.is(true),
            egress: by.is(Egress::None),
            ..Contract::of("example/web")
        }
    }

    fn paths(of: &[&str]) -> BTreeSet<String> {
        of.iter().map(|it| (*it).to_owned()).collect()
    }

    fn good() -> Observation {
        Observation {
            ports: vec![Port::new(80), Port::udp(53)],
            written: paths(&["/data/db", "/run/web/pid"]),
            read_only: Some(ReadOnly::Works),
            ships_health: true,
            ..Observation::default()
        }
    }

    fn table(contract: &Contract, change: impl FnOnce(&mut Observation)) -> String {
        let mut seen = good();
        change(&mut seen);
        let mut out = String::new();
        for Claim { fact, claimed, seen, agreement } in contract.compare(&seen) {
            let _ = writeln!(out, "{} {agreement}: {claimed} | {seen}", fact.name());
        }
        out
    }

    /// The one line that a change makes different.
    fn broken(change: impl FnOnce(&mut Observation)) -> String {
        let good = table(&contract(), |_| {});
        let broken = table(&contract(), change);
        let mut other = broken.lines().filter(|it| !good.lines().any(|line| line == *it));
        let line = other.next().expect("a line differs").to_owned();
        assert_eq!(other.next(), None, "{broken}");
        line
    }

    #[test]
    fn an_image_that_does_what_is_claimed_agrees() {
        insta::assert_snapshot!(table(&contract(), |_| {}), @r"
        user agrees: 0 | 0
        ports agrees: 80/tcp, 53/udp | 80/tcp, 53/udp
        data agrees: /data | /data/db
        writes agrees: /var/run/web | /run/web/pid
        read_only agrees: works | works
        ships_health agrees: true | true
        egress not seen: none | no name asked
        ");
        insta::assert_snapshot!(table(&Contract::of("example/web"), |_| {}), @r"
        user not claimed: unknown | 0
        ports not claimed: unknown | 80/tcp, 53/udp
        data not claimed: unknown | none
        writes not claimed: unknown | /data/db, /run/web/pid
        read_only not claimed: unknown | works
        ships_health not claimed: unknown | true
        egress not claimed: unknown | no name asked
        ");
    }

    #[test]
    fn every_contradiction_has_its_line() {
        let lines = [
            broken(|it| it.user = 1000),
            broken(|it| it.ports[0] = Port::new(8080)),
            broken(|it| it.ports.truncate(1)),
            broken(|it| it.written.extend(paths(&["/var/runs"]))),
            broken(|it| it.written = paths(&["/data/db"])),
            broken(|it| it.read_only = Some(ReadOnly::Fails("EROFS".to_owned()))),
            broken(|it| it.read_only = None),
            broken(|it| it.ships_health = false),
            broken(|it| it.names = paths(&["example.com"])),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        user CONTRADICTS: 0 | 1000
        ports CONTRADICTS: 80/tcp, 53/udp | 8080/tcp, 53/udp
        ports not seen: 80/tcp, 53/udp | 80/tcp
        writes CONTRADICTS: /var/run/web | /run/web/pid, /var/runs
        writes not seen: /var/run/web | none
        read_only CONTRADICTS: works | fails: EROFS
        read_only not seen: works | the root is not read-only
        ships_health CONTRADICTS: true | false
        egress CONTRADICTS: none | example.com
        ");
        assert!(table(&contract(), |it| it.written.clear()).contains("data not seen"));
    }

    #[test]
    fn only_what_agrees_was_ran() {
        let mut contract = contract();
        contract.confirm("example/web:1@sha256:a", &Observation { user: 7, ..good() });
        assert_eq!(contract.sources()[0], "https://example.org", "the user contradicts");
        let Fact::Known { confidence, source, .. } = &contract.ports else { panic!("it is known") };
        assert_eq!(*confidence, Confidence::Ran);
        assert_eq!(source, "`cargo xtask e2e --images real` with example/web:1@sha256:a");
        let Fact::Known { confidence, .. } = contract.egress else { panic!("it is known") };
        assert_eq!(confidence, Confidence::Read, "nobody has seen that it never asks");
    }
}
