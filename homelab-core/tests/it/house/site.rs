//! What random houses share: images with their contracts, networks, variables, the host.

use std::sync::LazyLock;

use homelab_core::prelude::*;

pub(crate) const IMAGE: Image = Image::pinned(
    "example/app:1.2@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510",
);
pub(super) const EDGE_IMAGE: Image = Image::released("example/edge", "1", IMAGE.digest());
pub(super) const SOCKET_IMAGE: Image = Image::released("example/socket", "1", IMAGE.digest());
pub(super) const DATA_IMAGE: Image = Image::released("example/db", "1", IMAGE.digest());
pub(super) const AGENT_IMAGE: Image = Image::released("example/agent", "1", IMAGE.digest());
pub(super) const DUMPER_IMAGE: Image = Image::released("example/dumper", "1", IMAGE.digest());

pub(super) const HOUSE: EnvVar = EnvVar::new("HOUSE", Kind::Path, "The folder.").or("/srv/house");
pub(super) const DOMAIN: EnvVar = EnvVar::new("DOMAIN", Kind::Hostname, "Domain.").or("home.arpa");
pub(super) const TLS: EnvVar = EnvVar::new("TLS", Kind::TlsIssuer, "Issuer.").or("internal");
pub(super) const LAN: EnvVar =
    EnvVar::new("LAN", Kind::Ipv4, "The house's address.").or("192.168.1.2");
pub(super) const FOLLOW: Switch = Switch::new("FOLLOW", "Follows its tag");
pub(crate) const ROOT: EnvVar = EnvVar::new("DATA_ROOT", Kind::Path, "Where data lives.");
pub(super) const PROXY: Network = Network::bridge("proxy");
pub(super) const EGRESS: Network = Network::bridge("egress");
pub(super) const PROFILES: [Profile; 2] =
    [Profile::new("photos", "Photos and their database."), Profile::new("files", "Files.")];
pub(super) const LOGIN: Secret = Secret::proxy_login("login");
pub(super) const WEB: Port = Port::new(8080);
pub(super) const PROBE: Health = Health::command(&["CMD", "probe"]);

/// What all services together may use: more than eight good ones ask for.
pub(super) const MEMORY: Memory = Memory::gib(4);
pub(super) const RESERVE: Memory = Memory::mib(512);

/// Ports that published services listen on, one for each of eight.
pub(super) const PUBLISHED: [Port; 8] = [
    Port::new(2200),
    Port::udp(2201),
    Port::new(2202),
    Port::udp(2203),
    Port::new(2204),
    Port::udp(2205),
    Port::new(2206),
    Port::udp(2207),
];

/// The images of the random houses.
pub(crate) static CATALOGUE: LazyLock<Vec<Contract>> = LazyLock::new(|| {
    let by = ran("tests");
    let listens = |repository: &str, ports: &[Port]| Contract {
        ports: by.all(ports.iter().copied()),
        ..Contract::of(repository)
    };
    vec![
        Contract {
            ships_health: by.is(true),
            ..listens("example/app", &[&[WEB][..], &PUBLISHED].concat())
        },
        listens("example/edge", &[Port::new(443)]),
        listens("example/socket", &[Port::new(2375)]),
        listens("example/db", &[Port::new(5432)]),
        Contract {
            egress: by.is(Egress::required("the weather comes from the internet")),
            ..Contract::of("example/agent")
        },
        Contract::of("example/dumper"),
    ]
});

/// Names are literals in definitions, so those of a random house live as long as the tests.
pub(crate) fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// A site that declares these; profiles, networks and variables are all that differs.
pub(crate) fn site(profiles: &[Profile], networks: &[Network], variables: &[EnvVar]) -> Site {
    Site {
        project: "house",
        domain: DOMAIN,
        house: HOUSE,
        proxy: Some(Proxy::Caddy { tls: TLS, network: PROXY }),
        egress: EGRESS,
        subnets: Subnet::new([10, 231, 0, 0], 16),
        profiles: Box::leak(profiles.into()),
        never: &[],
        networks: Box::leak(networks.into()),
        variables: Box::leak(variables.into()),
        memory: MEMORY,
        reserve: RESERVE,
        cores: 4,
    }
}
