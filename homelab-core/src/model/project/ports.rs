//! Published ports, those that follow each other as one range.

use std::fmt;
use std::ops::RangeInclusive;

use super::Project;
use crate::compose::PublishedPort;
use crate::dsl::units::Protocol;

/// Published ports that follow each other on the host and in the container, and differ in nothing
/// else.
#[derive(Clone, Debug)]
pub struct PortRange<'a> {
    /// The first of them.
    pub first: &'a PublishedPort,
    /// Address on the host; absent means all.
    pub address: Option<String>,
    /// Ports on the host; `None` for a variable without a value and for what is no port.
    pub numbers: Option<RangeInclusive<u16>>,
    /// Ports in the container.
    pub targets: RangeInclusive<u16>,
    /// Port or range on the host, as text.
    published: String,
}

impl<'a> PortRange<'a> {
    fn one(project: &Project<'_>, port: &'a PublishedPort) -> Self {
        let published = project.resolve(&port.published);
        let (first, last) = published.split_once('-').unwrap_or((&published, &published));
        Self {
            first: port,
            address: port.host_ip.as_deref().map(|it| project.resolve(it)),
            numbers: first.parse().ok().zip(last.parse().ok()).map(|(first, last)| first..=last),
            targets: port.target..=port.target,
            published,
        }
    }

    /// Whether it is TCP or UDP.
    pub const fn protocol(&self) -> Protocol {
        self.first.protocol
    }

    /// Whether each port in the container has its own on the host; else the engine takes one of them
    /// that is free.
    pub fn is_each(&self) -> bool {
        self.numbers.as_ref().is_some_and(|it| it.len() == self.targets.len())
    }

    /// Adds a port that follows the last one, or gives it back.
    fn add(&mut self, next: Self) -> Option<Self> {
        let follows = |one: &RangeInclusive<u16>, other: &RangeInclusive<u16>| {
            one.end().checked_add(1) == Some(*other.start())
        };
        let place = |it: &PublishedPort| (it.host_ip.clone(), it.protocol);
        let Some((mine, its)) = self.numbers.as_ref().zip(next.numbers.as_ref()) else {
            return Some(next);
        };
        let is_next = self.is_each() && next.is_each() && follows(&self.targets, &next.targets);
        if !is_next || !follows(mine, its) || place(self.first) != place(next.first) {
            return Some(next);
        }
        let (first, last) = (*mine.start(), *its.end());
        self.published = format!("{first}-{last}");
        self.numbers = Some(first..=last);
        self.targets = *self.targets.start()..=*next.targets.end();
        None
    }
}

impl fmt::Display for PortRange<'_> {
    /// Writes `127.0.0.1:8080-8090/tcp`, without the address when it is all of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.iter().try_for_each(|it| write!(f, "{it}:"))?;
        write!(f, "{}/{}", self.published, self.protocol())
    }
}

impl Project<'_> {
    /// Joins published ports that follow each other.
    pub fn ranges<'b>(
        &self,
        ports: impl IntoIterator<Item = &'b PublishedPort>,
    ) -> Vec<PortRange<'b>> {
        let mut ranges: Vec<PortRange<'_>> = Vec::new();
        for port in ports {
            let next = PortRange::one(self, port);
            let next = match ranges.last_mut() {
                Some(last) => last.add(next),
                None => Some(next),
            };
            ranges.extend(next);
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::File;
    use crate::testing::good;

    #[test]
    fn what_follows_and_differs_in_nothing_else_is_one_range() {
        let port = |target, published: &str, host_ip: Option<&str>, protocol| PublishedPort {
            target,
            published: published.to_owned(),
            host_ip: host_ip.map(str::to_owned),
            protocol,
        };
        let (tcp, udp, own) = (Protocol::Tcp, Protocol::Udp, Some("${IP:-127.0.0.1}"));
        let ports = [
            port(1, "11", None, tcp),
            port(2, "12", None, tcp),
            port(3, "13", None, tcp),
            port(4, "15", None, tcp),
            port(6, "16", None, tcp),
            port(7, "17", None, udp),
            port(8, "18", own, udp),
            port(9, "19", own, udp),
            // Of these the engine takes one that is free.
            port(10, "20-21", own, udp),
            port(11, "22", own, udp),
            port(12, "$PORT", None, tcp),
            port(13, "${PORT}", None, tcp),
            port(u16::MAX, "65535", None, tcp),
        ];
        let file = File { name: "house".to_owned(), ..crate::lower::lower(&good()) };
        let project = Project::from_file(file, &[]);
        let ranges = project.ranges(&ports).iter().map(ToString::to_string).collect::<Vec<_>>();
        insta::assert_snapshot!(ranges.join(" "), @"11-13/tcp 15/tcp 16/tcp 17/udp 127.0.0.1:18-19/udp 127.0.0.1:20-21/udp 127.0.0.1:22/udp /tcp /tcp 65535/tcp");
    }
}
