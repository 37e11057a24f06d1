//! Contracts: what an image promises and what it requires, as facts with their source.

use indexmap::IndexMap;

use crate::dsl::units::Port;

/// What is known of an image, next to its service; the catalogue is a list of these.
///
/// Plain data: every field is given, so that a new fact is asked of every image.
#[derive(Clone, Copy, Debug)]
pub struct Contract {
    /// Registry and path without tag, as in `image:`.
    pub repository: &'static str,
    /// Where the facts were read.
    pub source: &'static str,
    /// User id that the image's first process has when `user:` is absent.
    pub user: u32,
    /// Ports that it listens on.
    pub ports: &'static [Port],
    /// Paths that hold what must survive: each must be a mount.
    pub data: &'static [&'static str],
    /// Paths outside `data` that it writes: with a read-only root each needs a mount or tmpfs.
    pub writes: &'static [&'static str],
    /// Whether it works with a read-only root.
    pub read_only: ReadOnly,
    /// Whether the image ships a health check.
    pub ships_health: bool,
    /// Variables that it cannot do without; `NAME` is also satisfied by `NAME_FILE`.
    pub requires: &'static [&'static str],
    /// Variables that hold a secret.
    pub secrets: &'static [SecretKey],
    /// Variables that people set and that it does not read, with the right name.
    pub misspelt: &'static [(&'static str, &'static str)],
    /// Its panel in the browser.
    pub panel: Option<Panel>,
    /// Whether it needs a way out.
    pub egress: Egress,
    /// Images without which it cannot work.
    pub peers: &'static [Peer],
    /// Why it should not be run any more.
    pub end_of_life: Option<&'static str>,
    /// Why an older release cannot work on what a newer one has written: going back needs a copy of before.
    pub one_way: Option<&'static str>,
}

impl Contract {
    /// A contract that promises nothing and requires nothing: a start for images in tests.
    ///
    /// The house gives every field: whoever adds an image has to look each fact up.
    pub const fn empty(repository: &'static str) -> Self {
        Self {
            repository,
            source: "",
            user: 0,
            ports: &[],
            data: &[],
            writes: &[],
            read_only: ReadOnly::Works,
            ships_health: false,
            requires: &[],
            secrets: &[],
            misspelt: &[],
            panel: None,
            egress: Egress::None,
            peers: &[],
            end_of_life: None,
            one_way: None,
        }
    }
}

/// Whether an image works with a read-only root file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOnly {
    /// It does, once `writes` are covered.
    Works,
    /// It does not, because of this.
    Fails(&'static str),
}

/// A variable that holds a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretKey {
    /// The variable's name.
    pub name: &'static str,
    /// Whether `<name>_FILE` is read instead.
    pub file: bool,
}

/// A panel in the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panel {
    /// The port it is served on.
    pub port: Port,
    /// Who may enter it.
    pub login: PanelLogin,
}

/// Who may enter a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanelLogin {
    /// Everybody: it has no accounts.
    None,
    /// Everybody until the first visitor has made an account, who is then the administrator.
    FirstVisitor {
        /// Paths of the wizard, as matchers for the proxy; empty when they are not known. A route
        /// that closes all of them leaves nothing to a stranger.
        wizard: &'static [&'static str],
        /// Further paths that answer anybody until the wizard has ended, and only an administrator
        /// afterwards, as matchers for the proxy; all that change something or show the host.
        open: &'static [&'static str],
    },
    /// Those who have an account.
    BuiltIn,
}

/// Whether an image needs a way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Egress {
    /// It never connects to the internet.
    None,
    /// It works without, and does this with it.
    Optional(&'static str),
    /// It does not work without, because of this.
    Required(&'static str),
}

/// An image that another one cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Repositories of which one must be in the stack.
    pub any_of: &'static [&'static str],
    /// Why.
    pub because: &'static str,
}

/// The first contract of each repository, by its canonical name.
pub(crate) fn by_repository(catalogue: &[Contract]) -> IndexMap<&'static str, &Contract> {
    let mut contracts = IndexMap::new();
    for contract in catalogue {
        contracts.entry(canonical(contract.repository)).or_insert(contract);
    }
    contracts
}

/// `docker.io/library/redis`, `library/redis` and `redis` are one repository.
pub(crate) fn canonical(repository: &str) -> &str {
    let name = repository.strip_prefix("docker.io/").unwrap_or(repository);
    name.strip_prefix("library/").unwrap_or(name)
}
