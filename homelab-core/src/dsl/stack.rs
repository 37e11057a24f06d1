//! The stack: services in the order in which they were added, and the house they live in.

use std::collections::BTreeMap;

use indexmap::{IndexMap, IndexSet};

use crate::dsl::contract::Contract;
use crate::dsl::contract::observed::Observed;
use crate::dsl::handle::Handle;
use crate::dsl::image::Image;
use crate::dsl::name::{self, ServiceName};
use crate::dsl::privilege::Waiver;
use crate::dsl::resource::{Network, Profile, Secret};
use crate::dsl::route::{Route, Tile};
use crate::dsl::service::{Role, Service, Spec, State};
use crate::dsl::subnet::Subnet;
use crate::dsl::units::Memory;
use crate::dsl::variable::EnvVar;

/// The house: what all services share. Every field is given; there is no default house.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// Compose's project name, which prefixes volumes and networks; never change it.
    pub project: &'static str,
    /// The domain that every host name ends with.
    pub domain: EnvVar,
    /// The project's folder on the host; Compose has no variable for it.
    pub house: EnvVar,
    /// The reverse proxy; routes need one.
    pub proxy: Option<Proxy>,
    /// The network of services that need a way out; they do not reach each other on it.
    pub egress: Network,
    /// The addresses of all networks.
    pub subnets: Subnet,
    /// Every profile; all combinations of them must work, but for those of one group.
    pub profiles: &'static [Profile],
    /// Profiles that this host never switches on, such as those that do not fit beside the others:
    /// its memory need not suffice for them. Most hosts have none.
    pub never: &'static [Profile],
    /// Every network.
    pub networks: &'static [Network],
    /// Every variable of `.env`.
    pub variables: &'static [EnvVar],
    /// The host's memory.
    pub memory: Memory,
    /// Memory that stays for the operating system, the engine and the page cache.
    pub reserve: Memory,
    /// The host's processor cores.
    pub cores: u32,
}

/// The reverse proxy of a house, by the program that it is.
#[derive(Clone, Copy, Debug)]
pub enum Proxy {
    /// caddy-docker-proxy, which is configured by the labels of containers.
    Caddy {
        /// Who issues the certificates.
        tls: EnvVar,
        /// Its own network, for the ports that it publishes.
        network: Network,
    },
}

impl Proxy {
    /// Who issues the certificates.
    pub(crate) const fn tls(self) -> EnvVar {
        let Self::Caddy { tls, .. } = self;
        tls
    }

    /// Its own network, for the ports that it publishes.
    pub(crate) const fn network(self) -> Network {
        let Self::Caddy { network, .. } = self;
        network
    }
}

impl Site {
    /// Returns the names of the profiles of each group of which only one may be on.
    pub(crate) fn exclusive(&self) -> Vec<Vec<&'static str>> {
        let mut groups: IndexMap<&str, Vec<&str>> = IndexMap::new();
        for profile in self.profiles {
            if let Some(group) = profile.group() {
                groups.entry(group).or_default().push(profile.name());
            }
        }
        groups.into_values().collect()
    }

    /// A network's real name in the engine, which others than Compose need: `<project>_<key>`.
    pub(crate) fn real_name(&self, key: &str) -> String {
        format!("{}_{key}", self.project)
    }
}

/// The services of a house.
#[derive(Clone, Debug)]
pub struct Stack {
    pub(crate) site: Site,
    pub(crate) services: Vec<Spec>,
    /// Rules whose findings about the house as a whole are accepted, and why.
    pub(crate) waivers: Vec<Waiver>,
    catalogue: Vec<Contract>,
    pub(crate) observed: Observed,
}

impl Stack {
    /// An empty house.
    ///
    /// Panics when Compose refuses the project's name.
    #[track_caller]
    pub const fn new(site: Site) -> Self {
        assert!(
            name::is_project(site.project),
            "`Site::project` begins with one of `a-z` and `0-9`, and has only these, `-` and `_`"
        );
        let observed = Observed { images: BTreeMap::new() };
        Self { site, services: Vec::new(), waivers: Vec::new(), catalogue: Vec::new(), observed }
    }

    /// Says what is known of images, those that it runs and others. Default: nothing, so that rules
    /// which need an image's facts find nothing.
    #[must_use]
    pub fn knowing(mut self, catalogue: Vec<Contract>) -> Self {
        self.catalogue = catalogue;
        self
    }

    /// Accepts a rule's finding about the house as a whole, such as `memory-budget`, for this
    /// reason, which the page of memory prints. Default: none is accepted.
    ///
    /// `what` is a value that the finding names in backticks, as for a service.
    #[must_use]
    pub fn accept(mut self, rule: &'static str, what: &'static str, because: &'static str) -> Self {
        self.waivers.push(Waiver { rule, what, because });
        self
    }

    /// Says what the images did when they ran; to be called after all services were added. Facts that
    /// agree with it count as `ran`, and the rule `contract-observed` finds those that contradict it.
    /// Only observations of the digests that the stack runs are used. Default: nothing was observed.
    #[must_use]
    pub fn observed(mut self, observed: Observed) -> Self {
        for image in self.images() {
            let Some(seen) = observed.of(image.repository(), image.digest()) else { continue };
            let holds = |it: &&mut Contract| it.holds_for(image.repository(), Some(image.tag()));
            if let Some(contract) = self.catalogue.iter_mut().find(holds) {
                contract.confirm(&image.to_string(), seen);
            }
        }
        self.observed = observed;
        self
    }

    /// Adds a service; the handle is the only way to refer to it.
    pub fn add<R: Role, S: State>(&mut self, service: Service<R, S>) -> Handle<R> {
        let spec = service.spec;
        let handle = Handle::new(spec.name, spec.owner(), spec.host(), spec.condition());
        self.services.push(spec);
        handle
    }

    /// The house.
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// Dashboard entries of the services so far, in order, each with the route that it leads to.
    pub fn tiles(&self) -> Vec<PlacedTile> {
        let tile = |it: &Spec| {
            Some(PlacedTile {
                service: it.name,
                tile: it.tile?,
                route: *it.routes.first()?,
                profile: it.profiles.first().copied(),
            })
        };
        self.services.iter().filter_map(tile).collect()
    }

    /// Names of all services, in order.
    pub fn names(&self) -> impl Iterator<Item = ServiceName> {
        self.services.iter().map(|it| it.name)
    }

    /// Every image that it runs, each once, in the order of their services.
    pub fn images(&self) -> IndexSet<Image> {
        self.services.iter().map(|it| it.image).collect()
    }

    /// Every secret, each once, in the order of their services.
    pub fn secrets(&self) -> Vec<Secret> {
        let mut secrets = Vec::new();
        for (secret, _) in self.services.iter().flat_map(|it| &it.secrets) {
            if !secrets.contains(secret) {
                secrets.push(*secret);
            }
        }
        secrets
    }

    /// What is known of an image.
    pub(crate) fn contract_of(&self, image: Image) -> Option<&Contract> {
        self.catalogue.iter().find(|it| it.holds_for(image.repository(), Some(image.tag())))
    }

    /// What is known of images.
    pub fn catalogue(&self) -> &[Contract] {
        &self.catalogue
    }
}

/// A dashboard entry with what it needs from its service.
#[derive(Clone, Copy, Debug)]
pub struct PlacedTile {
    service: ServiceName,
    tile: Tile,
    route: Route,
    profile: Option<Profile>,
}

impl PlacedTile {
    /// The service that it stands for.
    pub const fn service(&self) -> ServiceName {
        self.service
    }

    /// The entry's name.
    pub const fn name(&self) -> &'static str {
        self.tile.name
    }

    /// The heading it stands under.
    pub const fn group(&self) -> crate::dsl::route::TileGroup {
        self.tile.group
    }

    /// Its Font Awesome class.
    pub const fn icon(&self) -> &'static str {
        self.tile.icon
    }

    /// The line under its name; may be empty.
    pub const fn subtitle(&self) -> &'static str {
        self.tile.subtitle
    }

    /// The route that it leads to.
    pub const fn route(&self) -> Route {
        self.route
    }

    /// The profile that switches its service on; `None` when it is always on.
    pub const fn profile(&self) -> Option<Profile> {
        self.profile
    }
}

#[cfg(test)]
mod tests {
    use super::{Site, Stack};
    use crate::testing::SITE;

    #[test]
    fn a_project_has_a_name_that_compose_takes() {
        let made = |project| std::panic::catch_unwind(|| Stack::new(Site { project, ..SITE }));
        for right in ["house", "7", "my-house_2"] {
            assert!(made(right).is_ok(), "{right}");
        }
        for wrong in ["", "My", "my house", "-house", "_house", "haus.de", "hä"] {
            let panic = made(wrong).map(|_| ()).expect_err(wrong);
            let text = panic.downcast_ref::<&str>().copied().unwrap_or_default();
            insta::allow_duplicates! {
                insta::assert_snapshot!(text, @"`Site::project` begins with one of `a-z` and `0-9`, and has only these, `-` and `_`");
            }
        }
    }
}
