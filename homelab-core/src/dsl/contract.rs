//! Contracts: what an image promises and what it requires, as facts with their source.
//!
//! A contract is data and holds for a range of tags. A fact that nobody has looked up is unknown,
//! which is not the same as "none": rules report nothing where a fact is unknown.

mod database;
mod fact;
pub mod observed;
mod panel;
mod secret_key;
mod tags;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::database::{DatabaseKeys, Setting};
pub use self::fact::{Confidence, Evidence, Fact, ran, read, reported};
pub use self::panel::{Panel, PanelLogin};
pub use self::secret_key::SecretKey;
pub use self::tags::Tags;
use crate::dsl::privilege::Capability;
use crate::dsl::role::RoleKind;
use crate::dsl::units::{Memory, Minutes, Port};

/// What is known of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contract {
    /// Registry and path without tag, as in `image:`.
    pub repository: String,
    /// The tags for which it holds.
    #[serde(default)]
    pub tags: Tags,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub kind: Fact<ImageKind>,
    /// User id that the image's first process has when `user:` is absent.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub user: Fact<u32>,
    /// Capabilities without which that process ends at once, where `user:` is absent.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub capabilities: Fact<Vec<Capability>>,
    /// Ports that it listens on.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub ports: Fact<Vec<Port>>,
    /// Paths that hold what must survive: each must be a mount.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub data: Fact<Vec<String>>,
    /// Variables by which it keeps `data` elsewhere, each with the path that holds without it; absent
    /// where that follows from another one.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub data_variables: Fact<Vec<Setting>>,
    /// Paths that it declares as `VOLUME`: without a mount at that very path each new container has
    /// an empty volume without a name there.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub volumes: Fact<Vec<String>>,
    /// Paths outside `data` that it writes: with a read-only root each needs a mount or tmpfs.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub writes: Fact<Vec<String>>,
    /// Whether `data` are dumps of databases, which show what the databases hide, and are worth
    /// little when they are old.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub dumps: Fact<bool>,
    /// Space below which it does not start, in MiB, on each disk that holds `data` or `writes`.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub free: Fact<Memory>,
    /// Flags of `/proc/cpuinfo` that it needs of a processor of the kind x86-64.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub cpu_flags: Fact<Vec<String>>,
    /// Whether it works with a read-only root.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub read_only: Fact<ReadOnly>,
    /// Memory that it needs at least, in MiB: with a lower limit the kernel stops it at its work.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub memory: Fact<Memory>,
    /// Whether the image ships a health check.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub ships_health: Fact<bool>,
    /// Variables that it cannot do without; each is also satisfied by its [`Contract::file_variable`].
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub requires: Fact<Vec<String>>,
    /// Variables that hold a secret.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub secrets: Fact<Vec<SecretKey>>,
    /// The name of the variable that names a file with the value of another one, with `*` for that
    /// one's name: `*__FILE`, `FILE__*`. Where it is unknown it is `*_FILE`.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub file_variables: Fact<String>,
    /// The variables by which a database and its clients agree on a user, a database and a password.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub database: Fact<DatabaseKeys>,
    /// Misspelt variables that people set but the image does not read, each with the right name.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub misspelt: Fact<BTreeMap<String, String>>,
    /// Its panel in the browser, where it has one.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub panel: Fact<Option<Panel>>,
    /// Whether it needs a way out.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub egress: Fact<Egress>,
    /// Other images that it cannot work without.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub peers: Fact<Vec<Peer>>,
    /// The program whose major version the image's tag begins with, such as `PostgreSQL`.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub major_of: Fact<String>,
    /// DNS providers for which a proxy's image has a module, without `dns.providers.`.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub dns_providers: Fact<Vec<String>>,
    /// Why nobody should run it any more, if that is so.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub end_of_life: Fact<Option<String>>,
    /// Why an older release cannot work with data that a newer one has written, if that is so.
    /// Going back then needs a copy from before the update.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub one_way: Fact<Option<String>>,
    /// Time in which it has migrated its data after the first start of a newer image. A deploy waits
    /// so long, but never more than 12 hours, whatever the health check says. Where it is unknown, a
    /// deploy waits as long as that check may take.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub migrates_within: Fact<Minutes>,
    /// What it answers over HTTP when it is ready, if its health check does not tell that.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub ready: Fact<Option<Ready>>,
}

impl Contract {
    /// Makes a contract for every tag in which every fact is unknown.
    pub fn of(repository: &str) -> Self {
        Self { repository: repository.to_owned(), ..Self::default() }
    }

    /// Whether it is about the image of a reference; a reference without a tag means `latest`.
    pub fn holds_for(&self, repository: &str, tag: Option<&str>) -> bool {
        canonical(&self.repository) == canonical(repository)
            && self.tags.hold(tag.unwrap_or("latest"))
    }

    /// Returns where its facts come from, each source once.
    pub fn sources(&self) -> Vec<&str> {
        let mut sources = Vec::new();
        let facts = [
            self.kind.source(),
            self.user.source(),
            self.capabilities.source(),
            self.ports.source(),
            self.data.source(),
            self.data_variables.source(),
            self.volumes.source(),
            self.writes.source(),
            self.dumps.source(),
            self.free.source(),
            self.cpu_flags.source(),
            self.read_only.source(),
            self.memory.source(),
            self.ships_health.source(),
            self.requires.source(),
            self.secrets.source(),
            self.file_variables.source(),
            self.database.source(),
            self.misspelt.source(),
            self.panel.source(),
            self.egress.source(),
            self.peers.source(),
            self.major_of.source(),
            self.dns_providers.source(),
            self.end_of_life.source(),
            self.one_way.source(),
            self.migrates_within.source(),
            self.ready.source(),
        ];
        for source in facts.into_iter().flatten() {
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        sources
    }
}

/// What an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ImageKind {
    /// The way in for browsers.
    ReverseProxy,
    /// A filter in front of the Docker API.
    SocketProxy,
    /// It keeps the data of other services, and only these talk to it.
    Database,
    /// It holds for other services what they can make again, and only these talk to it.
    Cache,
    /// People open it in a browser, or its clients do.
    App,
    /// It works by itself: nobody connects to it.
    Agent,
}

impl ImageKind {
    /// Returns the role of a service with such an image.
    pub const fn role(self) -> RoleKind {
        match self {
            Self::ReverseProxy => RoleKind::Edge,
            Self::Database | Self::Cache => RoleKind::Data,
            Self::App => RoleKind::App,
            Self::SocketProxy | Self::Agent => RoleKind::Agent,
        }
    }
}

/// Whether an image works with a read-only root file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReadOnly {
    /// It does, when every path of `writes` is a mount or in memory.
    Works,
    /// It does not, for this reason.
    Fails(String),
}

/// An answer over HTTP by which an image says that it is ready.
///
/// While it starts or migrates its data, it answers status 503 there, or 200 with another text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ready {
    /// The port that it is asked at.
    pub port: Port,
    /// The path that it is asked for.
    pub path: String,
    /// The whole text of the answer, without white space around it.
    pub body: String,
}

impl Ready {
    /// Says that a question for this path is answered with this text.
    pub fn says(port: Port, path: &str, body: &str) -> Option<Self> {
        Some(Self { port, path: path.to_owned(), body: body.to_owned() })
    }
}

/// Whether an image needs a way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Egress {
    /// It never connects to the internet.
    None,
    /// It works without a way out; the text says what it does with one.
    Optional(String),
    /// It does not work without a way out, for this reason.
    Required(String),
}

impl Egress {
    /// Says what the image does with a way out, which it can also do without.
    pub fn optional(what: &str) -> Self {
        Self::Optional(what.to_owned())
    }

    /// Says why the image does not work without a way out.
    pub fn required(because: &str) -> Self {
        Self::Required(because.to_owned())
    }
}

/// Collects wrong names of variables, each with the right one.
pub fn misspelt(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(wrong, right)| ((*wrong).to_owned(), (*right).to_owned())).collect()
}

/// An image that another one cannot do without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Peer {
    /// Repositories of which one must be in the stack.
    pub any_of: Vec<String>,
    /// Why.
    pub because: String,
}

impl Peer {
    /// Says that an image of one of these repositories must be in the stack, and why.
    pub fn any_of(repositories: &[&str], because: &str) -> Self {
        let any_of = repositories.iter().map(|it| (*it).to_owned()).collect();
        Self { any_of, because: because.to_owned() }
    }
}

/// Contracts, found by an image reference.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalogue<'a>(IndexMap<&'a str, Vec<&'a Contract>>);

impl<'a> Catalogue<'a> {
    pub(crate) fn new(contracts: &'a [Contract]) -> Self {
        let mut by_repository = IndexMap::<_, Vec<_>>::new();
        for contract in contracts {
            by_repository.entry(canonical(&contract.repository)).or_default().push(contract);
        }
        Self(by_repository)
    }

    /// Returns the ranges for which something is known of a repository.
    pub(crate) fn ranges(&self, repository: &str) -> Option<String> {
        let contracts = self.0.get(canonical(repository))?;
        let ranges: Vec<_> = contracts.iter().map(|it| it.tags.to_string()).collect();
        Some(ranges.join(", or "))
    }

    /// Returns how many contracts hold for a repository and a tag.
    pub(crate) fn count(&self, repository: &str, tag: Option<&str>) -> usize {
        let contracts = self.0.get(canonical(repository)).into_iter().flatten();
        contracts.filter(|it| it.holds_for(repository, tag)).count()
    }

    /// Returns the contract that holds for a repository and a tag; without a tag it is `latest`. A tag
    /// that names no version may be any, and is taken for the newest that is known.
    pub(crate) fn find(&self, repository: &str, tag: Option<&str>) -> Option<&'a Contract> {
        let contracts = self.0.get(canonical(repository))?;
        let mut held = contracts.iter().copied().filter(|it| it.holds_for(repository, tag));
        let first = held.next()?;
        let names_a_version = tag.is_some_and(tags::names_a_version);
        Some(if names_a_version {
            first
        } else {
            held.fold(first, |one, it| if it.tags.is_newer(&one.tags) { it } else { one })
        })
    }
}

/// Shortens a repository: `docker.io/library/redis`, `library/redis` and `redis` are the same one.
pub(crate) fn canonical(repository: &str) -> &str {
    let name = repository.strip_prefix("docker.io/").unwrap_or(repository);
    name.strip_prefix("library/").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_of_an_image_has_another_contract() {
        let old = Contract { tags: Tags::between("1", "2"), ..Contract::of("docker.io/library/a") };
        let new = Contract { tags: Tags::between("2", "3"), ..Contract::of("a") };
        let all = [old, new];
        let catalogue = Catalogue::new(&all);
        let found = |tag| catalogue.find("library/a", Some(tag)).map(|it| it.tags.from.as_deref());
        assert_eq!(found("1.9"), Some(Some("1")));
        assert_eq!(found("2"), Some(Some("2")));
        assert_eq!(found("3"), None);
        assert_eq!(catalogue.find("b", None), None);
    }

    #[test]
    fn what_is_known_survives_its_text_and_what_is_not_is_not_in_it() {
        let by = read("https://example.org");
        let contract = Contract {
            kind: by.is(ImageKind::Database),
            ports: by.all([Port::new(5432), Port::udp(53)]),
            panel: by.is(Panel::new(Port::new(80), PanelLogin::first_visitor(&["/setup"], &[]))),
            data: by.none(),
            one_way: reported("a forum").because("it migrates"),
            migrates_within: reported("a forum").is(Minutes::new(90)),
            ready: by.is(Ready::says(Port::new(80), "/health", "Healthy")),
            ..Contract::of("example/db")
        };
        let text = serde_json::to_string(&contract).expect("it is plain data");
        assert!(!text.contains("writes") && text.contains("5432/tcp"), "{text}");
        let back: Contract = serde_json::from_str(&text).expect("it was just written");
        assert_eq!(back, contract);
        assert_eq!(back.sources(), ["https://example.org", "a forum"]);
        assert_eq!((back.data.items(), back.writes.get()), (&[][..], None));
    }
}
