//! The house as a whole: project name, domain, host.

use homelab_core::prelude::*;

use crate::{env, networks, profiles};

/// The one house.
pub(crate) const SITE: Site = Site {
    project: "homelab",
    domain: env::DOMAIN,
    house: env::HOUSE_PATH,
    proxy: Some(Proxy::Caddy { tls: env::TLS_ISSUER, network: networks::PROXY }),
    egress: networks::EGRESS,
    // Any range works that nobody in the household uses. This one is no default of home routers,
    // Docker, Podman, Kubernetes, OpenVPN or WireGuard's guides. `homelab doctor` compares it with
    // the host's routes.
    subnets: Subnet::new([10, 231, 0, 0], 16),
    profiles: profiles::ALL,
    never: &[],
    networks: networks::ALL,
    variables: env::ALL,
    memory: Memory::gib(12),
    // Kernel, engine, SSH and some page cache for the database; an estimate, not a measurement. The
    // kernel keeps a part of the 12 GiB for itself before anybody else sees them.
    reserve: Memory::mib(1280),
    cores: 4,
};
