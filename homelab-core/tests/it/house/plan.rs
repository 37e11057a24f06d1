//! Plans of random houses: what proptest chooses and makes smaller.

use homelab_core::prelude::*;
use proptest::prelude::*;
use proptest::sample::Index;

use super::fault::{self, Fault};
use super::site::PROFILES;
use crate::text::text;

/// A random house, before it is built.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(super) parts: Vec<Part>,
    pub(crate) fault: Option<Fault>,
}

/// A random service.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) role: Kin,
    pub(super) profile: Option<usize>,
    pub(super) uses: Vec<Index>,
    pub(super) keeps: Keeps,
    pub(super) way_in: WayIn,
    pub(super) offered: bool,
    pub(super) secret: bool,
    pub(super) unattended: bool,
    pub(super) check: Check,
    pub(super) privileges: Vec<Privilege>,
    pub(super) memory: MemoryRange,
    pub(super) env: Vec<String>,
    pub(super) command: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kin {
    App,
    Data,
    Agent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    Nothing,
    Volume,
    /// A volume of a database, with a service that dumps it.
    Dumped,
    Folder,
    Scratch,
    Config,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum WayIn {
    Route(Login),
    Published { everywhere: bool },
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Probe,
    Unprobed,
}

/// What a service may have beyond the minimum, for a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Privilege {
    WritableRoot,
    HarmlessCapability,
    StrongCapability,
    HostProcesses,
}

const PRIVILEGES: [Privilege; 4] = [
    Privilege::WritableRoot,
    Privilege::HarmlessCapability,
    Privilege::StrongCapability,
    Privilege::HostProcesses,
];

/// Houses of up to six services besides the frame, of which a half has a fault.
pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let fault = prop::option::weighted(0.5, prop::sample::select(fault::ALL));
    let parts = prop::collection::vec(part(), 0..=6);
    (parts, fault).prop_map(|(parts, fault)| Plan { parts, fault })
}

fn part() -> impl Strategy<Value = Part> {
    let role = prop_oneof![3 => Just(Kin::App), 2 => Just(Kin::Data), 1 => Just(Kin::Agent)];
    let keeps = prop_oneof![
        3 => Just(Keeps::Nothing),
        2 => Just(Keeps::Volume),
        2 => Just(Keeps::Dumped),
        1 => Just(Keeps::Folder),
        1 => Just(Keeps::Scratch),
        1 => Just(Keeps::Config),
    ];
    let login = prop::sample::select(vec![
        Login::Proxy,
        Login::BuiltIn,
        Login::Open { because: "it is for guests" },
    ]);
    let way_in = prop_oneof![
        4 => login.prop_map(WayIn::Route),
        1 => any::<bool>().prop_map(|everywhere| WayIn::Published { everywhere }),
        1 => Just(WayIn::None),
    ];
    let facts = (
        prop::option::weighted(0.4, 0..PROFILES.len()),
        prop::collection::vec(any::<Index>(), 0..3),
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.15),
        (32..256_u32, 0..1024_u32),
    );
    let privileges = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::sample::subsequence(PRIVILEGES.to_vec(), 1..=PRIVILEGES.len()),
    ];
    let check = prop_oneof![6 => Just(Check::Probe), 1 => Just(Check::Unprobed)];
    let exceptions = (check, privileges);
    let texts = (prop::collection::vec(text(), 0..3), prop::collection::vec(text(), 0..3));
    let all = (role, keeps, way_in, facts, exceptions, texts);
    all.prop_map(|(role, keeps, way_in, facts, exceptions, texts)| {
        let (check, privileges) = exceptions;
        let (profile, uses, offered, secret, unattended, (need, growth)) = facts;
        let (env, command) = texts;
        Part {
            role,
            profile,
            uses,
            // Other services than databases are copied as files.
            keeps: if keeps == Keeps::Dumped && role != Kin::Data { Keeps::Volume } else { keeps },
            way_in,
            offered: offered || role == Kin::Data,
            secret,
            unattended,
            check,
            privileges,
            memory: Memory::mib(need).up_to(Memory::mib(need + growth)),
            env,
            command,
        }
    })
}

/// A house with one service of each role, and nothing that had to be chosen.
pub(crate) fn one_of_each_role() -> Plan {
    let part = |role, way_in| Part {
        role,
        profile: None,
        uses: Vec::new(),
        keeps: Keeps::Nothing,
        way_in,
        offered: true,
        secret: true,
        unattended: false,
        check: Check::Probe,
        privileges: Vec::new(),
        memory: Memory::mib(32).up_to(Memory::mib(64)),
        env: Vec::new(),
        command: Vec::new(),
    };
    let parts = vec![
        part(Kin::App, WayIn::Route(Login::Proxy)),
        part(Kin::Data, WayIn::None),
        part(Kin::Agent, WayIn::None),
    ];
    Plan { parts, fault: None }
}
