//! Ranges of IPv4 addresses, and which network gets which part of the house's.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;

use indexmap::IndexMap;

/// A range of IPv4 addresses, such as `10.231.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subnet {
    first: u32,
    prefix: u32,
}

impl Subnet {
    /// Makes the range that begins with this address and has this many fixed bits.
    #[track_caller]
    pub const fn new(first: [u8; 4], prefix: u32) -> Self {
        let first = u32::from_be_bytes(first);
        assert!(prefix <= 32, "an address has 32 bits: give a prefix of at most 32");
        let subnet = Self { first, prefix };
        assert!(first & !subnet.mask() == 0, "a range begins with its first address");
        subnet
    }

    /// Reads CIDR notation; `None` when the text is invalid, or its address is not the first of the
    /// range.
    pub fn parse(text: &str) -> Option<Self> {
        let (first, prefix) = text.split_once('/')?;
        let first = first.parse::<Ipv4Addr>().ok()?.to_bits();
        let subnet = Self { first, prefix: prefix.parse().ok().filter(|it| *it <= 32)? };
        (first & !subnet.mask() == 0).then_some(subnet)
    }

    /// Whether the two ranges have an address in common.
    pub const fn overlaps(self, other: Self) -> bool {
        let wider = if self.prefix < other.prefix { self } else { other };
        (self.first ^ other.first) & wider.mask() == 0
    }

    /// Whether it contains every address of the other range.
    pub const fn holds(self, other: Self) -> bool {
        self.prefix <= other.prefix && self.overlaps(other)
    }

    /// Whether a machine can have this address of it: the first one is the network's own, and the
    /// last one means all machines.
    pub(crate) fn has_machine(self, address: Ipv4Addr) -> bool {
        let last = self.first | !self.mask();
        let address = address.to_bits();
        self.first < address && address < last
    }

    /// Returns how many ranges with this prefix fit into it.
    pub(crate) const fn parts(self, prefix: u32) -> u32 {
        match prefix.checked_sub(self.prefix) {
            // 2^32 parts would be one more than the number can hold.
            Some(32) => u32::MAX,
            Some(bits) => 1 << bits,
            None => 0,
        }
    }

    /// Gives each key a range with this prefix; when there are too many keys, some get none.
    ///
    /// The hash of a key chooses its range, so that a network keeps its addresses when others come
    /// and go. When two hashes are the same, the key that is later in the alphabet takes the next
    /// free range.
    pub(crate) fn assign<'a>(
        self,
        prefix: u32,
        keys: impl Iterator<Item = &'a str>,
    ) -> IndexMap<&'a str, Self> {
        let parts = self.parts(prefix);
        let mut taken = BTreeSet::new();
        let mut assigned = IndexMap::new();
        for key in keys.collect::<BTreeSet<_>>() {
            let mut places = (0..parts).map(|it| (hash(key) % parts + it) % parts);
            let Some(place) = places.find(|it| !taken.contains(it)) else { continue };
            taken.insert(place);
            let first = self.first + (place << (32 - prefix));
            assigned.insert(key, Self { first, prefix });
        }
        assigned
    }

    /// Returns its first and its second half.
    pub(crate) const fn halves(self) -> (Self, Self) {
        let prefix = if self.prefix < 32 { self.prefix + 1 } else { 32 };
        let second = self.first | self.mask() ^ Self { first: 0, prefix }.mask();
        (Self { first: self.first, prefix }, Self { first: second, prefix })
    }

    const fn mask(self) -> u32 {
        if self.prefix == 0 { 0 } else { u32::MAX << (32 - self.prefix) }
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from_bits(self.first), self.prefix)
    }
}

/// Hashes with FNV-1a: it is short, and the same on every machine and in every release, which the
/// hashers of `std` do not promise.
fn hash(key: &str) -> u32 {
    key.bytes().fold(0x811c_9dc5, |it, byte| (it ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: Subnet = Subnet::new([10, 231, 0, 0], 16);

    #[test]
    fn ranges_are_read_and_written() {
        for text in ["10.231.0.0/16", "0.0.0.0/0", "192.168.1.4/30", "10.0.0.1/32"] {
            assert_eq!(Subnet::parse(text).map(|it| it.to_string()).as_deref(), Some(text));
        }
        for text in ["10.231.0.1/16", "10.231.0.0", "10.231.0.0/33", "fd00::/64", "a/8"] {
            assert_eq!(Subnet::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ranges_overlap_when_one_holds_the_other() {
        for (other, is_held, holds) in [
            ("10.231.0.0/16", true, true),
            ("10.231.255.0/24", true, false),
            ("10.0.0.0/8", false, true),
            ("0.0.0.0/0", false, true),
            ("10.230.0.0/16", false, false),
            ("10.232.0.0/24", false, false),
        ] {
            let other = Subnet::parse(other).expect("a range");
            assert_eq!((RANGE.holds(other), other.holds(RANGE)), (is_held, holds), "{other}");
            let meets = is_held || holds;
            assert_eq!((RANGE.overlaps(other), other.overlaps(RANGE)), (meets, meets), "{other}");
        }
    }

    #[test]
    fn machines_have_neither_the_first_nor_the_last_address() {
        let has = |address: [u8; 4]| RANGE.has_machine(address.into());
        let inside = [[10, 231, 0, 1], [10, 231, 255, 254]].map(has);
        let outside = [[10, 231, 0, 0], [10, 231, 255, 255], [10, 230, 0, 1]].map(has);
        assert_eq!((inside, outside), ([true; 2], [false; 3]));
        assert!(!Subnet::new([255; 4], 32).has_machine([255; 4].into()));
    }

    #[test]
    fn halves_are_what_they_are_called() {
        let (first, second) = RANGE.halves();
        assert_eq!([first, second].map(|it| it.to_string()), ["10.231.0.0/17", "10.231.128.0/17"]);
    }

    #[test]
    fn every_key_gets_a_part_of_its_own_until_there_are_none() {
        let keys: Vec<_> = (0..40).map(|it| format!("net-{it}")).collect();
        let assigned = Subnet::new([10, 0, 0, 0], 24).assign(29, keys.iter().map(String::as_str));
        let parts: BTreeSet<_> = assigned.values().collect();
        assert_eq!((assigned.len(), parts.len()), (32, 32));
        assert!(RANGE.assign(8, std::iter::once("a")).is_empty());
        assert_eq!(Subnet::new([0; 4], 0).assign(32, std::iter::once("a")).len(), 1);
    }

    #[test]
    fn a_key_keeps_its_part_when_others_come_and_go() {
        let keys = ["backend", "egress", "proxy", "caddy.jellyfin", "caddy.syncthing"];
        let all = RANGE.assign(29, keys.into_iter());
        for without in keys {
            let rest = keys.into_iter().filter(|it| *it != without);
            for (key, part) in RANGE.assign(29, rest.rev()) {
                assert_eq!(all[key], part, "{key} without {without}");
            }
        }
    }
}
