//! Writes the page about every way in and out.

use super::{profile_names, table};
use crate::model::exposure::{Creator, Exposure, Host};

/// Writes the page.
pub fn markdown(exposure: &Exposure) -> String {
    let ports: Vec<_> = exposure
        .ports
        .iter()
        .map(|port| {
            vec![
                match &port.network {
                    Some(network) => format!("`{}`, its own on `{network}`", port.address),
                    None => format!("`{}`", port.address),
                },
                format!("`{}/{}`", port.port, port.protocol),
                format!("`{}`", port.service),
                profile_names(&port.profiles),
                port.because.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let hosts: Vec<_> = exposure.hosts.iter().map(host).collect();
    let ways_out: Vec<_> = exposure
        .ways_out
        .iter()
        .map(|way| {
            vec![
                format!("`{}`", way.service),
                profile_names(&way.profiles),
                way.networks.join(", "),
                way.because.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let unreviewed: Vec<_> = exposure
        .unreviewed
        .iter()
        .map(|follower| {
            vec![
                format!("`{}`", follower.service),
                format!("`{}`", follower.follows),
                follower.to_string(),
                follower.because.clone().unwrap_or_default(),
            ]
        })
        .collect();
    format!(
        "# Exposure\n\nVariables have their defaults here; \
         `homelab exposure` prints the page for the `.env` of a host.\n\n\
         ## Ways in: ports\n\n\
         `all` is every address of the host, `0.0.0.0` every one of IPv4; an address of its own makes \
         a service a machine of the household's network, which all but the host reach. \
         Before Docker Engine 28 a neighbour who adds a route also reaches published ports \
         at the containers' own addresses, whatever the address here.\n\n{}\n## Ways in: host names\n\n\
         A public certificate puts the name into public logs, where strangers find it; \
         whether they reach it, the router decides.\n\n{}\n## Ways out\n\n\
         Who gets out reaches the household's network as well, and the ports above at the host's addresses. \
         These services can open connections to programs on the host, and the host to every port of \
         theirs: {}. No setting of Compose closes that on a network that leads out.\n\n{}\n\
         ## Updates that nobody reviews\n\n\
         Every other image stays at its digest until a change is merged.\n\n{}\n{}",
        table::render(&["Address", "Port", "Service", "Profile", "Because"], &ports),
        table::render(
            &["Host", "Leads to", "Profile", "Certificate", "Who asks for the login", "Closed"],
            &hosts
        ),
        code(&exposure.reach_host),
        table::render(&["Service", "Profile", "By network", "What for"], &ways_out),
        table::render(&["Service", "Follows", "Now", "Because"], &unreviewed),
        creators(&exposure.creators),
    )
}

fn host(host: &Host) -> Vec<String> {
    let ports: Vec<_> = host.ports.iter().map(ToString::to_string).collect();
    vec![
        format!("`{}`", host.place()),
        format!("`{}:{}`", host.service, ports.join(",")),
        profile_names(&host.profiles),
        certificate(host),
        asks(host),
        closed(host),
    ]
}

fn certificate(host: &Host) -> String {
    match &host.off_until {
        Some(variable) => format!("off until `{variable}` is set"),
        None if host.is_public => "public".to_owned(),
        None => "the house's own".to_owned(),
    }
}

fn asks(host: &Host) -> String {
    let mut text = host.login.to_string();
    if !host.open.is_empty() {
        text = format!("{text}, not on {}", code(&host.open));
    }
    host.because.as_ref().map_or_else(|| text.clone(), |it| format!("{text}: {it}"))
}

/// Writes words as code, because Markdown would turn a path such as `*/setup/*` into italics.
fn code(words: &[String]) -> String {
    words.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")
}

/// Lists the paths that are always closed, then those that `.env` opens.
fn closed(host: &Host) -> String {
    let until = host.closed_until.iter();
    let until = until.map(|guarded| {
        let until = if guarded.is_open { "no more, by" } else { "until" };
        format!("{until} `{}`: {}", guarded.setting, code(&guarded.paths))
    });
    let always = (!host.closed.is_empty()).then(|| code(&host.closed));
    always.into_iter().chain(until).collect::<Vec<_>>().join("; ")
}

/// Lists the services that can create containers.
fn creators(creators: &[Creator]) -> String {
    let rows = creators.iter().map(|creator| {
        let service = format!("`{}`", creator.service);
        vec![
            service,
            profile_names(&creator.profiles),
            format!("`{}`", creator.by),
            code(&creator.paths),
        ]
    });
    let header = ["Service", "Profile", "Through", "What its containers may bind"];
    format!(
        "## Who can create containers\n\n\
         Whoever takes over one of these owns the host: its socket proxy refuses a bind of any other \
         path of the host, and does not look at privileges, capabilities, devices, namespaces, \
         named volumes and what a volume's driver mounts. Before Docker Engine 27 it does not see \
         a bind that stands beside `HostConfig` either.\n\n{}",
        table::render(&header, &rows.collect::<Vec<_>>())
    )
}
