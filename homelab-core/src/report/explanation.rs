//! Explains one service with everything that is known of it, or one rule by its manual.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reason;
use super::state;
use crate::compose::{MountKind, ServiceMount};
use crate::dsl::contract::Contract;
use crate::dsl::resource::Policy;
use crate::dsl::service::RoleKind;
use crate::dsl::units::MemoryRange;
use crate::model::access::{self, Access};
use crate::model::budget;
use crate::model::exposure::{self, Host, OpenPort, WayOut};
use crate::model::project::{Member, Project};
use crate::model::reach::{self, Reach};

/// What is known of a service. Role, place, reasons and policies are known of our own stack only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// Name.
    pub name: String,
    /// `file:line` of its definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Image with tag and digest.
    pub image: String,
    /// Where what is known of its image comes from.
    pub sources: Vec<String>,
    /// What it is for the house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleKind>,
    /// Profiles that switch it on; none means that it is always on.
    pub profiles: Vec<String>,
    /// Its need of memory and its limit, in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryRange>,
    /// User and group of its first process; absent when they are not numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Networks.
    pub networks: Vec<String>,
    /// Ports on which it listens, as its image says.
    pub ports_inside: Vec<String>,
    /// Services that can open a connection to it.
    pub reached_by: Vec<Reach>,
    /// Services to which it can open a connection.
    pub reaches: Vec<Reach>,
    /// Ports of the host that lead into it.
    pub ports: Vec<OpenPort>,
    /// Host names that lead to it.
    pub hosts: Vec<Host>,
    /// How it reaches the internet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way_out: Option<WayOut>,
    /// What is mounted.
    pub mounts: Vec<Mounted>,
    /// Who dumps its database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dumped_by: Option<String>,
    /// Databases that it dumps.
    pub dumps: Vec<String>,
    /// Secrets that it reads.
    pub secrets: Vec<SecretFile>,
    /// Exceptions that it has for a recorded reason.
    pub exceptions: Vec<Reason>,
    /// Why it is updated without review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unattended: Option<exposure::Unreviewed>,
    /// Rules whose findings on it are accepted.
    pub waivers: Vec<Reason>,
}

/// A mount of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mounted {
    /// Volume or path of the host.
    pub kind: MountKind,
    /// The volume's real name, or the path.
    pub source: String,
    /// Path in the container.
    pub target: String,
    /// How it is treated when the disk dies; absent when nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Keeping>,
    /// Why it is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// How a mount is treated when the disk dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keeping {
    /// Dumped by a service of the stack.
    Dump,
    /// To be copied off the host.
    Offsite,
    /// Not kept.
    Scratch,
    /// Not written to by this service.
    ReadOnly,
}

/// A secret that a service reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretFile {
    /// Path of its file in the project's folder.
    pub file: String,
    /// Owner and mode that let exactly its readers in; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// Every service that reads it.
    pub readers: Vec<String>,
}

/// The manual of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manual {
    /// Id of the rule.
    pub rule: String,
    /// What it looks for, why that hurts, how to fix it.
    pub manual: String,
}

/// Gathers what is known of a service.
pub fn gather(project: &Project<'_>, member: &Member<'_>) -> Explanation {
    let name = member.name;
    let (reached_by, rest): (Vec<_>, Vec<_>) =
        reach::matrix(project).into_iter().partition(|it| it.to == name);
    let ids = access::ids(project, member);
    let facts = member.facts();
    Explanation {
        name: name.to_owned(),
        place: facts.place.map(|it| format!("{}:{}", it.file(), it.line())),
        image: project.resolve(member.service.image.as_deref().unwrap_or_default()),
        sources: facts.contract.map(sources).unwrap_or_default(),
        role: member.role(),
        profiles: member.service.profiles.clone(),
        memory: budget::memory(project, member),
        user: ids.map(|(uid, gid)| format!("{uid}:{gid}")),
        networks: member.networks().to_vec(),
        ports_inside: reach::ports(member),
        reached_by,
        reaches: rest.into_iter().filter(|it| it.from == name).collect(),
        ports: exposure::ports(project, member),
        hosts: exposure::hosts(project, member),
        way_out: exposure::way_out(project, member),
        mounts: member.service.volumes.iter().map(|it| mounted(project, member, it)).collect(),
        dumped_by: state::dumper(project, name).map(|it| it.name.to_owned()),
        dumps: facts.dumps.iter().map(ToString::to_string).collect(),
        secrets: member.service.secrets.iter().map(|it| secret(project, &it.source)).collect(),
        exceptions: facts
            .exceptions
            .iter()
            .map(|(what, because)| Reason::new(&what.to_string(), because))
            .collect(),
        unattended: exposure::unreviewed(project, member),
        waivers: facts.waivers.iter().map(Reason::accepting).collect(),
    }
}

fn sources(contract: &Contract) -> Vec<String> {
    contract.sources().into_iter().map(str::to_owned).collect()
}

fn mounted(project: &Project<'_>, member: &Member<'_>, mount: &ServiceMount) -> Mounted {
    let declared = member.facts().mounts.iter().find(|it| it.target == mount.target);
    let (policy, because) = match declared.map(|it| it.policy) {
        Some(Policy::Dump) => (Some(Keeping::Dump), None),
        Some(Policy::Offsite) => (Some(Keeping::Offsite), None),
        Some(Policy::Scratch(because)) => (Some(Keeping::Scratch), Some(because.to_owned())),
        Some(Policy::ReadOnly) => (Some(Keeping::ReadOnly), None),
        None => (mount.read_only.then_some(Keeping::ReadOnly), None),
    };
    let source = project.resolve(&mount.source);
    Mounted {
        kind: mount.kind,
        source: match mount.kind {
            MountKind::Volume => project.file().volume_name(&source),
            MountKind::Bind => source,
        },
        target: mount.target.clone(),
        policy,
        because,
    }
}

fn secret(project: &Project<'_>, name: &str) -> SecretFile {
    let file = project.file().secrets.get(name).map_or("", |it| it.file.as_str());
    SecretFile {
        file: file.trim_start_matches("./").to_owned(),
        access: access::required(project, name).ok(),
        readers: project.readers(name).map(|it| it.name.to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{CATALOGUE, good};

    #[test]
    fn intent_is_known_of_a_stack_and_of_nothing_else() {
        let stack = good();
        let project = Project::from_stack(&stack);
        let explain = |project: &Project<'_>, name: &str| {
            let member = project.member(name).expect("the good example has it");
            gather(project, &member)
        };
        let web = explain(&project, "web");
        assert_eq!(web.mounts[0].policy, Some(Keeping::Offsite));
        assert_eq!(web.secrets[0].readers, ["db", "dump", "web"]);
        assert_eq!(explain(&project, "dump").dumps, ["db"]);
        let db = explain(&project, "db");
        assert_eq!(
            (db.mounts[0].source.as_str(), db.dumped_by.as_deref()),
            ("house_db", Some("dump"))
        );
        let why = |explanation: Explanation| {
            explanation.way_out.and_then(|it| it.because).unwrap_or_default()
        };
        assert_eq!(why(explain(&project, "fetch")), "fetches the weather");

        let bare = Project::from_file(project.file().clone(), &CATALOGUE);
        let web = explain(&bare, "web");
        assert_eq!((web.role, web.place, web.mounts[0].policy), (None, None, None));
        assert_eq!(why(explain(&bare, "fetch")), "it asks a weather service");
    }
}
