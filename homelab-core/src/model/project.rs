//! A Compose file in its normal form, with what is known of it: what rules and reports read.

mod member;

use std::collections::BTreeSet;

use indexmap::{IndexMap, IndexSet};

pub use self::member::{ImageParts, Member, split_image};
use crate::compose::interpolate;
use crate::compose::{File, Network, PublishedPort, Service};
use crate::dsl::contract::{Catalogue, Contract};
use crate::dsl::house::HOST_FOLDER;
use crate::dsl::role::RoleKind;
use crate::dsl::route::Route;
use crate::dsl::stack::Stack;
use crate::dsl::variable::EnvVar;
use crate::lower::{self, lower};
use crate::model::facts::Facts;
use crate::proxy::caddy;
use crate::proxy::caddyfile::{self, Site as CaddySite};

/// A Compose file, the catalogue of images, and the stack that it was lowered from, if any.
///
/// Rules read this and nothing else, so that one rule judges our own stack and
/// anybody's file. Places, roles, reasons and waivers exist only with a stack.
#[derive(Clone, Debug)]
pub struct Project<'a> {
    file: File,
    stack: Option<&'a Stack>,
    /// What is known of each service, in the file's order.
    known: Vec<Known<'a>>,
    on_network: Positions,
    readers: Positions,
    values: IndexMap<String, String>,
    folder: String,
    sites: Vec<CaddySite>,
    sites_of: Positions,
}

/// Where something stands in a list, by its name: no rule searches the list for each service.
type Positions = IndexMap<String, Vec<usize>>;

/// The entries of a list by the names that each of them has.
fn by_name<'b, N: IntoIterator<Item = &'b String>>(entries: impl Iterator<Item = N>) -> Positions {
    let mut positions = Positions::new();
    for (at, names) in entries.enumerate() {
        for name in names {
            let known = positions.entry(name.clone()).or_default();
            if known.last() != Some(&at) {
                known.push(at);
            }
        }
    }
    positions
}

/// What rules ask about every service, found once.
#[derive(Clone, Debug)]
struct Known<'a> {
    /// With its variables replaced.
    image: String,
    facts: Facts<'a>,
    variables: IndexSet<String>,
}

impl<'a> Project<'a> {
    /// Our own stack: lowered, with places and intent.
    pub fn from_stack(stack: &'a Stack) -> Self {
        Self::new(lower(stack), Some(stack), stack.catalogue())
    }

    /// Anybody's file.
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
            on_network: by_name(services().map(|it| &it.networks)),
            readers: by_name(services().map(|it| &it.secrets)),
            file,
            stack,
            values: IndexMap::new(),
            folder: HOST_FOLDER.to_owned(),
            sites: Vec::new(),
            sites_of: Positions::new(),
        };
        project.with_sites()
    }

    fn with_sites(mut self) -> Self {
        let labels = self.file.services.iter().map(|(name, it)| (name.as_str(), &it.labels));
        self.sites = caddyfile::sites(labels, |text| resolved(&self.values, text));
        self.sites_of = by_name(self.sites.iter().map(|it| [&it.service]));
        self
    }

    /// The same project with the values of a real `.env`, for rules that are run on a host.
    #[must_use]
    pub fn with_values(mut self, values: IndexMap<String, String>) -> Self {
        self.values = values;
        for (known, service) in self.known.iter_mut().zip(self.file.services.values()) {
            known.image = resolved(&self.values, service.image.as_deref().unwrap_or_default());
        }
        self.with_sites()
    }

    /// The same project in this folder of a host; else it is in [`HOST_FOLDER`].
    #[must_use]
    pub fn in_folder(self, folder: &str) -> Self {
        Self { folder: folder.to_owned(), ..self }
    }

    /// The folder of the host that it lies in, absolute.
    pub(crate) fn folder(&self) -> &str {
        &self.folder
    }

    /// The file.
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// The stack that the file was lowered from.
    pub const fn stack(&self) -> Option<&'a Stack> {
        self.stack
    }

    /// Every service, in the file's order.
    pub fn members(&self) -> impl Iterator<Item = Member<'_>> {
        (0..self.file.services.len()).map(|it| self.member_at(it))
    }

    /// A service by its name.
    pub fn member(&self, name: &str) -> Option<Member<'_>> {
        self.file.services.get_index_of(name).map(|it| self.member_at(it))
    }

    fn member_at(&self, at: usize) -> Member<'_> {
        let (name, service) = &self.file.services.get_index(at).expect("it is a position there");
        let Known { image, facts, variables } = &self.known[at];
        Member { name, service, facts, image, variables }
    }

    /// The sites that the proxy serves, read from the labels.
    pub fn sites(&self) -> &[CaddySite] {
        &self.sites
    }

    /// What of that a service contributes, without global options and snippets.
    pub fn sites_of(&self, service: &str) -> impl Iterator<Item = &CaddySite> {
        self.blocks_of(service).filter(|it| it.addresses().next().is_some())
    }

    /// What of that a service contributes.
    pub(crate) fn blocks_of(&self, service: &str) -> impl Iterator<Item = &CaddySite> {
        self.sites_of.get(service).into_iter().flatten().map(|it| &self.sites[*it])
    }

    /// The route of the stack that a site was lowered from.
    pub(crate) fn route_of(&self, site: &CaddySite) -> Option<&'a Route> {
        let stack = self.stack?;
        let serves = |route: &&Route| {
            let host = self.resolve(&lower::text(&caddy::host(&stack.site, **route)));
            site.addresses().any(|address| address == host)
        };
        let at = self.file.services.get_index_of(&site.service)?;
        self.known[at].facts.routes.iter().find(serves)
    }

    /// A published port as text: `127.0.0.1:8080/tcp`, without the address when it is on all.
    pub(crate) fn port_text(&self, port: &PublishedPort) -> String {
        let published = self.resolve(&port.published);
        match &port.host_ip {
            Some(address) => format!("{}:{published}/{}", self.resolve(address), port.protocol),
            None => format!("{published}/{}", port.protocol),
        }
    }

    /// A string of the file with its variables replaced: by the values given, by
    /// their defaults, and where there is neither by `$NAME`, so that texts that
    /// depend on it can still be compared.
    pub fn resolve(&self, text: &str) -> String {
        resolved(&self.values, text)
    }

    /// The value of a variable: the one given, or its default.
    pub fn value(&self, variable: &EnvVar) -> String {
        self.resolve(&lower::reference(variable))
    }

    /// The sites that the proxy serves while these profiles are on: only containers that run have labels.
    pub fn sites_with(&self, profiles: &[&str]) -> impl Iterator<Item = &CaddySite> {
        self.sites.iter().filter(|site| {
            self.member(&site.service).is_some_and(|member| member.is_enabled_by(profiles))
        })
    }

    /// Every profile: those of the stack, then those that only services name.
    pub fn profiles(&self) -> IndexSet<&str> {
        let declared = self.stack.iter().flat_map(|it| it.site.profiles).map(|it| it.name());
        let used =
            self.file.services.values().flat_map(|it| it.profiles.iter().map(String::as_str));
        declared.chain(used).collect()
    }

    /// Names of all variables that the file refers to, in its order.
    pub fn variables(&self) -> IndexSet<String> {
        let File { name, services: _, networks, volumes, secrets } = &self.file;
        let names = networks.values().map(|it| &it.name).chain(volumes.values().map(|it| &it.name));
        let names = names.flatten().chain(secrets.values().map(|it| &it.file)).chain([name]);
        let mut found = variables_in(names.map(String::as_str));
        found.extend(self.known.iter().flat_map(|it| &it.variables).cloned());
        found
    }

    /// Whether one of its services is known to be the proxy. Else each of those of which nothing is known may be it.
    pub(crate) fn knows_the_proxy(&self) -> bool {
        self.members().any(|it| it.role() == Some(RoleKind::Edge))
    }

    /// Services on a network.
    pub fn on_network(&self, network: &str) -> impl Iterator<Item = Member<'_>> {
        self.on_network.get(network).into_iter().flatten().map(|it| self.member_at(*it))
    }

    /// Other services that a service reaches over a network, in the file's order.
    pub(crate) fn neighbours(&self, member: &Member<'_>) -> Vec<Member<'_>> {
        let networks = member.service.networks.iter();
        let near = networks.filter(|it| self.connects_members(it));
        let near = near.filter_map(|it| self.on_network.get(it)).flatten();
        let near: BTreeSet<_> = near.copied().collect();
        let near = near.into_iter().map(|it| self.member_at(it));
        near.filter(|it| it.name != member.name).collect()
    }

    /// Services that mount a secret.
    pub fn readers(&self, secret: &str) -> impl Iterator<Item = Member<'_>> {
        self.readers.get(secret).into_iter().flatten().map(|it| self.member_at(*it))
    }

    /// Whether a network has no way out.
    pub fn is_internal(&self, network: &str) -> bool {
        self.file.networks.get(network).is_some_and(|it| it.internal)
    }

    /// Whether what the members of a network send to the outside gets an answer.
    pub fn leads_out(&self, network: &str) -> bool {
        self.file.networks.get(network).map_or(network == "default", Network::leads_out)
    }

    /// Whether the host has an address on a network.
    pub fn has_host(&self, network: &str) -> bool {
        self.file.networks.get(network).is_none_or(Network::has_host)
    }

    /// Whether the members of a network reach each other.
    pub fn connects_members(&self, network: &str) -> bool {
        self.file.networks.get(network).is_none_or(Network::connects_members)
    }

    /// Networks on which two services reach each other.
    pub fn shared<'b>(
        &'b self,
        one: &Member<'b>,
        other: &Member<'b>,
    ) -> impl Iterator<Item = &'b str> {
        let others = &other.service.networks;
        let shared = one.service.networks.iter().filter(|it| others.contains(it));
        shared.map(String::as_str).filter(|it| self.connects_members(it))
    }
}

fn resolved(values: &IndexMap<String, String>, text: &str) -> String {
    let mut missing = IndexSet::new();
    loop {
        let lookup = |name: &str| {
            let stand_in = missing.contains(name).then(|| format!("${name}"));
            stand_in.or_else(|| values.get(name).cloned())
        };
        match interpolate::resolve(text, &lookup) {
            Ok(resolved) => return resolved,
            Err(interpolate::Error::Missing { name, .. }) if missing.insert(name.clone()) => {}
            Err(_) => return text.to_owned(),
        }
    }
}

/// Names of the variables that these strings refer to.
fn variables_in<'b>(strings: impl IntoIterator<Item = &'b str>) -> IndexSet<String> {
    strings.into_iter().flat_map(interpolate::variables).collect()
}
