//! A Compose file in its normal form with the facts about its services; rules and reports read it.

mod attached;
mod kept;
mod member;
mod networks;
mod ports;
mod positions;
mod values;

use indexmap::{IndexMap, IndexSet};

use self::attached::{Attached, attached};
pub(crate) use self::attached::{HOST, OUTSIDE};
pub(crate) use self::kept::{Holder, clean_path};
pub(crate) use self::member::is_reason;
pub use self::member::{ImageParts, Member, split_image};
pub use self::ports::PortRange;
use self::positions::{Positions, by_name};
use self::values::{resolved, variables_in};
use crate::compose::{Condition, File, Network, Service};
use crate::dsl::contract::observed::Observation;
use crate::dsl::contract::{Catalogue, Contract};
use crate::dsl::house::HOST_FOLDER;
use crate::dsl::role::RoleKind;
use crate::dsl::route::Route;
use crate::dsl::service::HOST_GATEWAY;
use crate::dsl::stack::Stack;
use crate::dsl::variable::EnvVar;
use crate::lower::{self, lower};
use crate::model::facts::Facts;
use crate::proxy;
use crate::proxy::caddyfile::{self, ProxySite};

/// A Compose file, the catalogue of images, and the stack that it was lowered from, if any.
///
/// Rules read nothing else, so the same rule judges our own stack and any other Compose file.
/// Places, recorded reasons and waivers of an author exist only with a stack.
#[derive(Clone, Debug)]
pub struct Project<'a> {
    file: File,
    stack: Option<&'a Stack>,
    catalogue: Catalogue<'a>,
    /// What is known of each service, in the file's order.
    known: Vec<Known<'a>>,
    /// The networks of each service, in the file's order.
    attached: Vec<Attached>,
    on_network: Positions,
    readers: Positions,
    values: IndexMap<String, String>,
    folder: String,
    sites: Vec<ProxySite>,
    sites_of: Positions,
}

/// What rules ask about a service, computed once.
#[derive(Clone, Debug)]
struct Known<'a> {
    /// The image reference, with its variables replaced.
    image: String,
    facts: Facts<'a>,
    variables: IndexSet<String>,
}

impl<'a> Project<'a> {
    /// Lowers our own stack and keeps the facts that its authors declared.
    pub fn from_stack(stack: &'a Stack) -> Self {
        Self::new(lower(stack), Some(stack), stack.catalogue())
    }

    /// Takes any Compose file, with the facts of the catalogue alone.
    pub fn from_file(file: File, catalogue: &'a [Contract]) -> Self {
        Self::new(file, None, catalogue)
    }

    pub(crate) fn new(file: File, stack: Option<&'a Stack>, catalogue: &'a [Contract]) -> Self {
        let mut specs = IndexMap::new();
        for spec in stack.iter().flat_map(|it| &it.services) {
            specs.entry(spec.name.as_str()).or_insert(spec);
        }
        let catalogue = Catalogue::new(catalogue);
        let known = |(name, service): (&String, &Service)| {
            let image = resolved(&IndexMap::new(), service.image.as_deref().unwrap_or_default());
            let ImageParts { repository, tag, .. } = split_image(&image);
            let spec = specs.get(name.as_str()).copied();
            Known {
                facts: Facts::new(spec, catalogue.find(repository, tag)),
                variables: variables_in(service.strings()),
                image,
            }
        };
        let services = || file.services.values();
        let project = Self {
            known: file.services.iter().map(known).collect(),
            attached: Vec::new(),
            on_network: Positions::new(),
            readers: by_name(services().map(|it| it.secrets.iter().map(|secret| &secret.source))),
            file,
            stack,
            catalogue,
            values: IndexMap::new(),
            folder: HOST_FOLDER.to_owned(),
            sites: Vec::new(),
            sites_of: Positions::new(),
        };
        project.interpreted()
    }

    /// Works out what follows from several services, with the values of variables.
    fn interpreted(mut self) -> Self {
        self.attached = attached(&self.file, |text| resolved(&self.values, text));
        self.on_network = by_name(self.attached.iter().map(|it| &it.networks));
        let labels = self.file.services.iter().map(|(name, it)| (name.as_str(), &it.labels));
        self.sites = caddyfile::sites(labels, |text| resolved(&self.values, text));
        for site in &mut self.sites {
            let at = self.file.services.get_index_of(&site.service);
            let Some(Attached { owner, networks }) = at.map(|it| &self.attached[it]) else {
                continue;
            };
            if networks.iter().any(|it| it == HOST) {
                HOST_GATEWAY.clone_into(&mut site.host);
            } else if let Some((owner, _)) = self.file.services.get_index(*owner) {
                site.host.clone_from(owner);
            }
        }
        self.sites_of = by_name(self.sites.iter().map(|it| [&it.service]));
        self
    }

    /// Takes the values of a real `.env`, for rules that run on a host.
    #[must_use]
    pub fn with_values(mut self, values: IndexMap<String, String>) -> Self {
        self.values = values;
        for (known, service) in self.known.iter_mut().zip(self.file.services.values()) {
            known.image = resolved(&self.values, service.image.as_deref().unwrap_or_default());
            let ImageParts { repository, tag, .. } = split_image(&known.image);
            known.facts.learn(self.catalogue.find(repository, tag));
        }
        self.interpreted()
    }

    /// Whether it has the values of a real `.env`, which are more than the defaults.
    pub(crate) fn has_values(&self) -> bool {
        !self.values.is_empty()
    }

    /// Says in which folder of a host the project is. Default: [`HOST_FOLDER`].
    #[must_use]
    pub fn in_folder(self, folder: &str) -> Self {
        Self { folder: folder.to_owned(), ..self }
    }

    /// Returns the absolute folder of the host in which it is.
    pub(crate) fn folder(&self) -> &str {
        &self.folder
    }

    /// Returns the file.
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// Returns the stack that the file was lowered from, if any.
    pub const fn stack(&self) -> Option<&'a Stack> {
        self.stack
    }

    /// Returns what the image of a service did when it ran, if the very digest was observed.
    pub fn observation(&self, member: &Member<'_>) -> Option<&'a Observation> {
        let image = member.image();
        self.stack?.observed.of(image.repository, image.digest?)
    }

    /// Returns every service, in the file's order.
    pub fn members(&self) -> impl Iterator<Item = Member<'_>> {
        (0..self.file.services.len()).map(|it| self.member_at(it))
    }

    /// Returns the service with a name.
    pub fn member(&self, name: &str) -> Option<Member<'_>> {
        self.file.services.get_index_of(name).map(|it| self.member_at(it))
    }

    fn member_at(&self, at: usize) -> Member<'_> {
        let (name, service) = &self.file.services.get_index(at).expect("it is a position there");
        let Known { image, facts, variables } = &self.known[at];
        let Attached { owner, networks } = &self.attached[at];
        let owner = self.file.services.get_index(*owner).filter(|_| *owner != at);
        Member { name, service, facts, image, variables, networks, owner: owner.map(|it| it.0) }
    }

    /// Returns the sites, global options and snippets that the labels define for the proxy.
    pub fn sites(&self) -> &[ProxySite] {
        &self.sites
    }

    /// Returns the sites that one service defines.
    pub fn sites_of(&self, service: &str) -> impl Iterator<Item = &ProxySite> {
        self.blocks_of(service).filter(|it| it.addresses().next().is_some())
    }

    /// Returns the sites, global options and snippets that one service defines.
    pub(crate) fn blocks_of(&self, service: &str) -> impl Iterator<Item = &ProxySite> {
        self.sites_of.get(service).into_iter().flatten().map(|it| &self.sites[*it])
    }

    /// Returns the route of the stack that a site was lowered from.
    pub(crate) fn route_of(&self, site: &ProxySite) -> Option<&'a Route> {
        let stack = self.stack?;
        let host = |spot| {
            let name = lower::text(&proxy::host(&stack.site, spot));
            let off = site.off_until().and_then(|_| caddyfile::stand_in(&name));
            off.map_or_else(|| self.resolve(&name), |it| it.0)
        };
        let serves = |route: &&Route| {
            route.below == site.below()
                && route.spots().map(host).any(|host| site.addresses().any(|it| it == host))
        };
        let at = self.file.services.get_index_of(&site.service)?;
        self.known[at].facts.routes.iter().find(serves)
    }

    /// Replaces the variables of a string of the file: by the given values, else by their defaults,
    /// else by `$NAME`, so that texts with that variable can still be compared.
    pub fn resolve(&self, text: &str) -> String {
        resolved(&self.values, text)
    }

    /// Returns the value of a variable: the given one, else its default.
    pub fn value(&self, variable: &EnvVar) -> String {
        self.resolve(&lower::reference(variable))
    }

    /// Returns the sites that the proxy serves while these profiles are on; a service that does not
    /// run defines none.
    pub fn sites_with(&self, profiles: &[&str]) -> impl Iterator<Item = &ProxySite> {
        self.sites.iter().filter(|site| {
            self.member(&site.service).is_some_and(|member| member.is_enabled_by(profiles))
        })
    }

    /// Returns every profile: those of the stack, then those that only services name.
    pub fn profiles(&self) -> IndexSet<&str> {
        let declared = self.stack.iter().flat_map(|it| it.site.profiles).map(|it| it.name());
        let used =
            self.file.services.values().flat_map(|it| it.profiles.iter().map(String::as_str));
        declared.chain(used).collect()
    }

    /// Returns the groups of profiles of which only one may be on.
    pub fn exclusive(&self) -> Vec<Vec<&'static str>> {
        self.stack.map(|it| it.site.exclusive()).unwrap_or_default()
    }

    /// Whether no set of profiles that may be on enables both services.
    pub(crate) fn never_together(&self, one: &Member<'_>, other: &Member<'_>) -> bool {
        let (own, others) = (&one.service.profiles, &other.service.profiles);
        let groups = self.exclusive();
        let excludes = |a: &String, b: &String| {
            let both = |it: &Vec<&str>| it.contains(&a.as_str()) && it.contains(&b.as_str());
            a != b && groups.iter().any(both)
        };
        let all = |a: &String| others.iter().all(|b| excludes(a, b));
        !own.is_empty() && !others.is_empty() && own.iter().all(all)
    }

    /// Returns the names of all variables that the file refers to, in its order.
    pub fn variables(&self) -> IndexSet<String> {
        let File { name, services: _, networks, volumes, secrets } = &self.file;
        let names = networks.values().map(|it| &it.name).chain(volumes.values().map(|it| &it.name));
        let names = names.flatten().chain(secrets.values().map(|it| &it.file)).chain([name]);
        let settings = networks.values().flat_map(Network::strings);
        let mut found = variables_in(names.map(String::as_str).chain(settings));
        found.extend(self.known.iter().flat_map(|it| &it.variables).cloned());
        found
    }

    /// Whether it is known which service is the proxy, or that none is: else any of those of which
    /// nothing is known may be it.
    pub(crate) fn knows_the_proxy(&self) -> bool {
        self.stack.is_some() || self.members().any(|it| it.role() == Some(RoleKind::Edge))
    }

    /// Returns the versions for which something is known of an image, as text.
    pub(crate) fn other_versions(&self, repository: &str) -> Option<String> {
        self.catalogue.ranges(repository)
    }

    /// Returns how many contracts hold for the image of a service.
    pub(crate) fn contracts_of(&self, member: &Member<'_>) -> usize {
        let image = member.image();
        self.catalogue.count(image.repository, image.tag)
    }

    /// Whether a service does one thing and ends: its author says so, or another one waits for that.
    pub(crate) fn is_job(&self, member: &Member<'_>) -> bool {
        let ends = Condition::ServiceCompletedSuccessfully;
        let others = self.file.services.values().filter_map(|it| it.depends_on.get(member.name));
        member.facts().is_job || others.map(|it| it.condition).any(|it| it == ends)
    }

    /// Returns the services that mount a secret.
    pub fn readers(&self, secret: &str) -> impl Iterator<Item = Member<'_>> {
        self.readers.get(secret).into_iter().flatten().map(|it| self.member_at(*it))
    }
}
