//! Quantities with their unit in the constructor: memory, CPU, ports.

use std::fmt;
use std::iter::Sum;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An amount of memory.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Memory {
    /// Mebibytes (2^20 bytes).
    mib: u32,
}

impl Memory {
    /// Makes `n` mebibytes.
    pub const fn mib(n: u32) -> Self {
        Self { mib: n }
    }

    /// Makes `n` gibibytes.
    pub const fn gib(n: u32) -> Self {
        Self::mib(n * 1024)
    }

    /// Makes the memory of a service that works with this amount and is stopped above `limit`.
    /// Panics (in a `const`: does not compile) when the limit is below what it works with, or below
    /// 6 MiB, which Docker refuses.
    #[track_caller]
    pub const fn up_to(self, limit: Self) -> MemoryRange {
        assert!(limit.mib >= 6, "Docker refuses a memory limit below 6 MiB");
        assert!(self.mib <= limit.mib, "a service cannot need more memory than its limit");
        MemoryRange { need: self, limit }
    }

    /// No memory at all: the start of a sum.
    pub const ZERO: Self = Self { mib: 0 };

    /// Returns the amount in mebibytes.
    pub const fn as_mib(self) -> u32 {
        self.mib
    }

    /// Returns `self - other`, or zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self { mib: self.mib.saturating_sub(other.mib) }
    }

    /// Reads Compose's byte notation: `64M`, `64MiB`, `64 m`, `1.5G`, `1024k`, plain bytes.
    ///
    /// Returns `None` for anything else, also for signs and exponents. Parts of a byte are
    /// dropped, parts of a mebibyte rounded up.
    pub fn parse(text: &str) -> Option<Self> {
        let mib = bytes(text)?.div_ceil(1 << 20);
        Some(Self { mib: u32::try_from(mib).ok()? })
    }
}

/// Reads Compose's byte notation, as [`Memory::parse`] does, to the byte.
pub(crate) fn bytes(text: &str) -> Option<u128> {
    let is_number = |it: char| it.is_ascii_digit() || it == '.';
    let (number, unit) = text.split_at(text.find(|it| !is_number(it)).unwrap_or(text.len()));
    let unit = match unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        "p" | "pb" | "pib" => 1 << 50,
        _ => return None,
    };
    scaled(number, unit)
}

/// Reads a decimal number of units; fractions of a byte are dropped.
pub(crate) fn scaled(number: &str, unit: u128) -> Option<u128> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let scale = 10_u128.checked_pow(u32::try_from(decimals.len()).ok()?)?;
    let digits = format!("{whole}{decimals}");
    if !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse::<u128>().ok()?.checked_mul(unit)? / scale)
}

impl fmt::Display for Memory {
    /// Writes `64 MiB`, `2 GiB`, `1.5 GiB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mib >= 1024 && self.mib.is_multiple_of(256) {
            write!(f, "{} GiB", f64::from(self.mib) / 1024.0)
        } else {
            write!(f, "{} MiB", self.mib)
        }
    }
}

impl Sum for Memory {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        Self { mib: iter.map(|it| it.mib).sum() }
    }
}

/// The memory of a service, in MiB.
///
/// It is made by [`Memory::up_to`]: `Memory::mib(300).up_to(Memory::gib(1))`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct MemoryRange {
    /// What it works with in ordinary use: the reservation.
    pub(crate) need: Memory,
    /// The limit, above which the kernel stops it.
    pub(crate) limit: Memory,
}

impl MemoryRange {
    /// Returns what the service works with in ordinary use.
    pub const fn need(self) -> Memory {
        self.need
    }

    /// Returns the limit above which the kernel stops it.
    pub const fn limit(self) -> Memory {
        self.limit
    }

    /// Returns how far it may go beyond its need.
    pub const fn growth(self) -> Memory {
        self.limit.saturating_sub(self.need)
    }
}

impl fmt::Display for MemoryRange {
    /// Writes `300 MiB, at most 1 GiB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, at most {}", self.need, self.limit)
    }
}

/// A share of processor time; 1000 is one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cpus {
    milli: u32,
}

impl Cpus {
    /// Makes `n` thousandths of a core.
    #[track_caller]
    pub const fn milli(n: u32) -> Self {
        assert!(n >= 10, "Docker refuses a CPU limit below 10 thousandths of a core");
        Self { milli: n }
    }

    /// Makes `n` whole cores.
    #[track_caller]
    pub const fn cores(n: u32) -> Self {
        Self::milli(n * 1000)
    }
}

impl fmt::Display for Cpus {
    /// Writes Compose's decimal notation: `0.50`, `2.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.milli / 1000, self.milli % 1000 / 10)
    }
}

/// A time of whole minutes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Minutes(u16);

impl Minutes {
    /// Makes `n` minutes.
    pub const fn new(n: u16) -> Self {
        Self(n)
    }

    /// Returns the time.
    pub const fn duration(self) -> Duration {
        Duration::from_mins(self.0 as u64)
    }
}

/// TCP or UDP.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Transmission Control Protocol.
    Tcp,
    /// User Datagram Protocol.
    Udp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// A port that a container listens on, with its protocol; never 0.
///
/// As text it is `443/tcp`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Port {
    number: u16,
    protocol: Protocol,
}

impl Port {
    /// Makes a TCP port. Panics (in a `const`: does not compile) on 0.
    #[track_caller]
    pub const fn new(number: u16) -> Self {
        assert!(number != 0, "port 0 means `any port`: name the one that the image listens on");
        Self { number, protocol: Protocol::Tcp }
    }

    /// Makes a UDP port. Panics (in a `const`: does not compile) on 0.
    #[track_caller]
    pub const fn udp(number: u16) -> Self {
        Self { protocol: Protocol::Udp, ..Self::new(number) }
    }

    /// Returns the number.
    pub const fn number(self) -> u16 {
        self.number
    }

    /// Returns the protocol.
    pub const fn protocol(self) -> Protocol {
        self.protocol
    }
}

impl TryFrom<String> for Port {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (number, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
        let protocol =
            [Protocol::Tcp, Protocol::Udp].into_iter().find(|it| it.to_string() == protocol);
        match (number.parse(), protocol) {
            (Ok(number @ 1..), Some(protocol)) => Ok(Self { number, protocol }),
            _ => Err(format!("`{text}` is no port: expected such as `443/tcp`")),
        }
    }
}

impl From<Port> for String {
    fn from(port: Port) -> Self {
        port.to_string()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.protocol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_reads_compose_notation() {
        let amounts = [
            ("64M", 64),
            ("2g", 2048),
            ("1048577", 2),
            ("1024k", 1),
            ("1GiB", 1024),
            ("1.5G", 1536),
            ("0.25gb", 256),
            ("1.0001m", 2),
            ("1048576.9", 1),
            (".5G", 512),
            ("1.G", 1024),
            ("64 M", 64),
            ("1t", 1 << 20),
        ];
        for (text, mib) in amounts {
            assert_eq!(Memory::parse(text).map(Memory::as_mib), Some(mib), "{text}");
        }
        let garbage = [
            "", " ", ".", "lots", "G", "1.5.5G", "1,5G", "-1M", "+1M", "1e3", "64  M", "64M ",
            "1x", "1ib", "9999p", "$MEMORY",
        ];
        for text in garbage.into_iter().chain([&*"9".repeat(60)]) {
            assert_eq!(Memory::parse(text), None, "{text}");
        }
    }

    #[test]
    fn quantities_print_with_units() {
        assert_eq!(Memory::mib(1536).to_string(), "1.5 GiB");
        let range = Memory::mib(300).up_to(Memory::gib(1));
        assert_eq!(range.to_string(), "300 MiB, at most 1 GiB");
        assert_eq!(Cpus::milli(500).to_string(), "0.50");
        assert_eq!(Port::udp(53).to_string(), "53/udp");
    }
}
