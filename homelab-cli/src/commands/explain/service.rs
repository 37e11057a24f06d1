//! What is known of a service, as data and as text.

use homelab_core::project::{Member, Project};
use homelab_core::reach::{self, Reach, Why};
use homelab_core::resource::Policy;
use homelab_core::service::RoleKind;
use homelab_core::{access, budget};
use serde::Serialize;

use crate::error::Error;
use crate::ui::Ui;
use crate::ways::{self, OpenPort, OpenSite};

/// What is known of a service; memory in MiB.
#[derive(Debug, Serialize)]
pub(super) struct Explanation {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    image: String,
    source: Option<&'static str>,
    role: Option<RoleKind>,
    profiles: Vec<String>,
    memory: Option<homelab_core::units::Memory>,
    user: Option<String>,
    networks: Vec<String>,
    ports_inside: Vec<String>,
    reached_by: Vec<Reach>,
    reaches: Vec<Reach>,
    ports: Vec<OpenPort>,
    sites: Vec<OpenSite>,
    egress: Option<&'static str>,
    mounts: Vec<KeptMount>,
    dumps: Vec<String>,
    secrets: Vec<SecretFile>,
    exceptions: Vec<Reason>,
    unattended: Option<&'static str>,
    waivers: Vec<Reason>,
}

#[derive(Debug, Serialize)]
struct KeptMount {
    source: String,
    target: String,
    policy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct SecretFile {
    file: String,
    /// Owner and mode that its readers need; absent when there are none that serve all.
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<access::Access>,
    readers: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Reason {
    what: String,
    because: &'static str,
}

/// Gathers it.
pub(super) fn explain(project: &Project<'_>, member: &Member<'_>) -> Explanation {
    let name = member.name;
    let (to, rest): (Vec<_>, Vec<_>) =
        reach::matrix(project).into_iter().partition(|it| it.to == name);
    let ids = access::ids(project, member);
    Explanation {
        name: name.to_owned(),
        place: member.place().map(|it| format!("{}:{}", it.file(), it.line())),
        image: member.service.image.clone().unwrap_or_default(),
        source: member.contract.map(|it| it.source),
        role: member.role(),
        profiles: member.service.profiles.clone(),
        memory: budget::limit(project, member),
        user: ids.map(|(uid, gid)| format!("{uid}:{gid}")),
        networks: member.service.networks.clone(),
        ports_inside: reach::ports(member),
        reached_by: to,
        reaches: rest.into_iter().filter(|it| it.from == name).collect(),
        ports: ways::ports(project, member),
        sites: ways::sites(project, member),
        egress: member.egress_reason(),
        mounts: mounts(project, member),
        dumps: member.dumps().iter().map(ToString::to_string).collect(),
        secrets: member.service.secrets.iter().map(|it| secret(project, it)).collect(),
        exceptions: member
            .exceptions()
            .iter()
            .map(|it| Reason { what: it.what.clone(), because: it.because })
            .collect(),
        unattended: member.unattended_reason(),
        waivers: member
            .waivers()
            .iter()
            .map(|(rule, because)| Reason { what: (*rule).to_owned(), because })
            .collect(),
    }
}

fn mounts(project: &Project<'_>, member: &Member<'_>) -> Vec<KeptMount> {
    let kept = member.kept();
    let mount = |it: &homelab_core::compose::ServiceMount| {
        let policy = kept.iter().find(|kept| kept.target == it.target).map(|it| it.policy);
        let (policy, because) = match policy {
            Some(Policy::Dump) => ("dump", None),
            Some(Policy::Offsite) => ("offsite", None),
            Some(Policy::Scratch(because)) => ("scratch", Some(because)),
            Some(Policy::ReadOnly) | None => ("read-only", None),
        };
        KeptMount {
            source: project.resolve(&it.source),
            target: it.target.clone(),
            policy,
            because,
        }
    };
    member.service.volumes.iter().map(mount).collect()
}

fn secret(project: &Project<'_>, name: &str) -> SecretFile {
    let file = project.file().secrets.get(name).map_or("", |it| it.file.as_str());
    SecretFile {
        file: file.trim_start_matches("./").to_owned(),
        access: access::required(project, name).ok(),
        readers: access::readers(project, name).map(|it| it.name.to_owned()).collect(),
    }
}

/// Prints it for people: what is empty is left out.
pub(super) fn print(ui: &mut Ui, it: &Explanation) -> Result<(), Error> {
    let role = match it.role {
        Some(RoleKind::Edge) => "the reverse proxy, through which browsers come in",
        Some(RoleKind::App) => "an app that people open in a browser",
        Some(RoleKind::Data) => "a database or cache that only its users reach",
        Some(RoleKind::Agent) | None => "a helper into which nobody connects from outside",
    };
    ui.heading(&format!("{}: {role}", it.name))?;
    for (label, lines) in sections(it) {
        let mut label = label;
        for line in lines {
            ui.data(format_args!("  {label:<11} {line}"))?;
            label = "";
        }
    }
    Ok(())
}

fn sections(it: &Explanation) -> Vec<(&'static str, Vec<String>)> {
    let one = |it: &Option<String>| it.iter().cloned().collect::<Vec<_>>();
    let text = |it: Option<&'static str>| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let reasons = |list: &[Reason]| {
        list.iter().map(|it| format!("{}: {}", it.what, it.because)).collect::<Vec<_>>()
    };
    let profiles = if it.profiles.is_empty() {
        "none: it is always on".to_owned()
    } else {
        it.profiles.join(", ")
    };
    let listens =
        if it.ports_inside.is_empty() { Vec::new() } else { vec![it.ports_inside.join(", ")] };
    let meant = |it: &&Reach| it.why != Why::Neighbour;
    vec![
        ("image", vec![it.image.clone()]),
        ("facts", text(it.source)),
        ("defined", one(&it.place)),
        ("profile", vec![profiles]),
        ("memory", it.memory.iter().map(|it| format!("at most {it}")).collect()),
        ("user", one(&it.user)),
        ("host names", it.sites.iter().map(site).collect()),
        ("host ports", it.ports.iter().map(port).collect()),
        ("listens on", listens),
        ("reached by", it.reached_by.iter().filter(meant).map(inward).collect()),
        ("reaches", it.reaches.iter().filter(meant).map(outward).collect()),
        ("neighbours", neighbours(it)),
        ("way out", text(it.egress)),
        ("state", it.mounts.iter().map(mount).collect()),
        ("dumps", it.dumps.clone()),
        ("secrets", it.secrets.iter().map(secret_line).collect()),
        ("exceptions", reasons(&it.exceptions)),
        ("unattended", text(it.unattended)),
        ("accepts", reasons(&it.waivers)),
    ]
}

fn site(it: &OpenSite) -> String {
    let closed = if it.closed.is_empty() {
        String::new()
    } else {
        format!("; closed: {}", it.closed.join(" "))
    };
    let because = it.because.as_ref().map_or_else(String::new, |it| format!(": {it}"));
    format!("https://{}: {}{because}{closed}", it.host, it.login.sentence())
}

fn port(it: &OpenPort) -> String {
    let because = it.because.as_ref().map_or_else(String::new, |it| format!(": {it}"));
    let address = if it.address == "all" { "all addresses" } else { &it.address };
    format!("{}/{} on {address}{because}", it.port, it.protocol)
}

fn inward(it: &Reach) -> String {
    format!("{} over {} ({})", it.from, it.via.join(", "), why(it.why))
}

fn outward(it: &Reach) -> String {
    let ports =
        if it.ports.is_empty() { String::new() } else { format!(" on {}", it.ports.join(", ")) };
    format!("{}{ports} over {} ({})", it.to, it.via.join(", "), why(it.why))
}

const fn why(why: Why) -> &'static str {
    match why {
        Why::Route => "its route",
        Why::Uses => "uses it",
        Why::Neighbour => "only shares the network",
    }
}

/// Who could talk to it only because both are on a network, one line a network.
fn neighbours(it: &Explanation) -> Vec<String> {
    let others = |network: &String| {
        let neighbours = it.reached_by.iter().filter(|it| it.why == Why::Neighbour);
        let names = neighbours.filter(|it| it.via.contains(network)).map(|it| it.from.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    let lines = it.networks.iter().map(|it| (it, others(it)));
    lines.filter(|it| !it.1.is_empty()).map(|(it, names)| format!("on {it}: {names}")).collect()
}

fn mount(it: &KeptMount) -> String {
    let policy = match it.policy {
        "dump" => "dumped on a schedule".to_owned(),
        "offsite" => "belongs in the copy that leaves the house".to_owned(),
        "scratch" => format!("not kept: {}", it.because.unwrap_or_default()),
        _ => "only read".to_owned(),
    };
    format!("{} at {}: {policy}", it.source, it.target)
}

fn secret_line(it: &SecretFile) -> String {
    let access = match &it.access {
        Some(it) => format!("owner {}:{}, mode {:04o}", it.uid, it.gid, it.mode),
        None => "no owner serves all its readers".to_owned(),
    };
    format!("{} ({access}), read by {}", it.file, it.readers.join(", "))
}
