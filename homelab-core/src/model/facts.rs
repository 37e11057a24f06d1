//! Facts about a service besides its entry in the file.

use std::panic::Location;

use crate::dsl::contract::{Contract, ImageKind};
use crate::dsl::health::Probe;
use crate::dsl::image::ContextFile;
use crate::dsl::privilege::{Exception, Waiver};
use crate::dsl::resource::{Mount, Network, Secret};
use crate::dsl::role::RoleKind;
use crate::dsl::route::{Publish, Route, Tile};
use crate::dsl::service::Spec;

/// Facts about a service: as its author declared them, else from the image's contract, else
/// unknown.
///
/// Rules judge by facts. Some facts come only from the author of a stack, such as the place in Rust
/// or a waiver: they are empty for a file that was not lowered from a stack, and only add to a
/// finding.
#[derive(Clone, Debug, Default)]
pub struct Facts<'a> {
    /// The files that its image is built of.
    pub(crate) context: &'a [ContextFile],
    /// Its role.
    pub role: Option<RoleKind>,
    /// Whether it is the filter in front of the Docker API.
    pub is_socket_proxy: bool,
    /// Whether its author declared it as a job, which does one thing and ends.
    pub(crate) is_job: bool,
    /// What is known of its image.
    pub contract: Option<&'a Contract>,
    /// Whether its author declared it in a stack. Then a fact that is absent is false, not unknown.
    pub(crate) is_declared: bool,
    /// Databases that it dumps.
    pub(crate) dumps: Vec<&'a str>,
    /// Networks that it was put on by name.
    pub(crate) on: &'a [Network],
    /// Services that it opens connections to.
    pub(crate) uses: Vec<&'a str>,
    /// Its mounts, and how their data is kept safe.
    pub(crate) mounts: &'a [Mount<()>],
    /// Its secrets, each with the name of its file in the container.
    pub(crate) secrets: &'a [(Secret, &'static str)],
    /// Routes to it.
    pub(crate) routes: &'a [Route],
    /// Ports that it publishes.
    pub(crate) publishes: &'a [Publish],
    /// Its entry on the dashboard.
    pub(crate) tile: Option<Tile>,
    /// The variable that lists which paths of the host the containers that it creates may mount.
    pub(crate) creates_env: Option<&'a str>,
    /// Why it has a way out to the internet.
    pub(crate) egress: Option<&'a str>,
    /// Why it may be updated without review.
    pub(crate) unattended: Option<&'a str>,
    /// Why it has no health check.
    pub(crate) unprobed: Option<&'a str>,
    /// Exceptions from the rules that have a recorded reason, with that reason.
    pub(crate) exceptions: &'a [(Exception<'static>, &'static str)],
    /// Properties of the Compose specification that its author set as YAML.
    pub(crate) raw: &'a [(&'static str, &'static str)],
    /// Findings on it that are accepted, and why.
    pub(crate) waivers: &'a [Waiver],
    /// Where it is defined.
    pub(crate) place: Option<&'static Location<'static>>,
}

impl<'a> Facts<'a> {
    /// Gathers what the author declared; where there is nothing, what the contract of the image
    /// says.
    pub(crate) fn new(spec: Option<&'a Spec>, contract: Option<&'a Contract>) -> Self {
        let mut known = Self::default();
        known.learn(contract);
        let Some(spec) = spec else { return known };
        Self {
            context: spec.image.context(),
            role: Some(spec.role),
            is_socket_proxy: spec.docker_socket,
            is_job: spec.is_job,
            is_declared: true,
            dumps: spec.dumps.iter().map(|it| it.as_str()).collect(),
            on: &spec.networks,
            uses: spec.peers.iter().map(|it| it.as_str()).collect(),
            mounts: &spec.mounts,
            secrets: &spec.secrets,
            routes: &spec.routes,
            publishes: &spec.publishes,
            tile: spec.tile,
            creates_env: spec.creates_env,
            egress: spec.egress,
            unattended: spec.unattended.map(|it| it.1),
            unprobed: match spec.health.probe {
                Probe::Unprobed(because) => Some(because),
                Probe::Image | Probe::Command(_) | Probe::Shell(_) => None,
            },
            exceptions: &spec.exceptions,
            raw: &spec.raw,
            waivers: &spec.waivers,
            place: Some(spec.place),
            ..known
        }
    }

    /// Takes over what is known of the image; what its author declared counts more.
    pub(crate) fn learn(&mut self, contract: Option<&'a Contract>) {
        self.contract = contract;
        if !self.is_declared {
            let kind = contract.and_then(|it| it.kind.get().copied());
            self.role = kind.map(ImageKind::role);
            self.is_socket_proxy = kind == Some(ImageKind::SocketProxy);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::yaml;
    use crate::dsl::contract::{Contract, Tags, ran};
    use crate::model::project::Project;

    #[test]
    fn the_tag_of_the_settings_decides_which_contract_holds() {
        let version = |from: &str, before: &str, path: &str| Contract {
            tags: Tags::between(from, before),
            data: ran("tests").all([path]),
            ..Contract::of("app")
        };
        let catalogue = [version("1", "2", "/old"), version("2", "3", "/new")];
        let file = "name: house\nservices: { app: { image: \"app:${TAG:-1}\" } }\n";
        let project = Project::from_file(yaml::parse(file).expect("a valid file"), &catalogue);
        let data = |project: &Project<'_>| {
            let member = project.member("app").expect("it is in the file");
            member.contract().map(|it| it.data.items().to_vec())
        };
        assert_eq!(data(&project), Some(vec!["/old".to_owned()]));
        for (tag, path) in [("2", Some(vec!["/new".to_owned()])), ("3", None)] {
            let values = [("TAG".to_owned(), tag.to_owned())].into();
            assert_eq!(data(&project.clone().with_values(values)), path, "{tag}");
        }
    }
}
