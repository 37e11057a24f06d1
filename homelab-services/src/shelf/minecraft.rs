//! Minecraft: a server for the household's worlds (Java Edition).
//!
//! Upstream: <https://docker-minecraft-server.readthedocs.io>

use homelab_core::prelude::*;

const NAME: ServiceName = ServiceName::new("minecraft");

const GAME: Port = Port::new(25565);

const WORLD: Mount<Precious> = Volume::precious("minecraft", Backup::Offsite).at("/data");

/// For commands, from within the container only: its port is not published.
const CONSOLE: Secret = Secret::random("minecraft-rcon-password");

/// The image's check, which calls a server unhealthy that is still making its first world.
const HEALTH: Health = Health::from_image().starts_within(Duration::from_mins(5));

/// Makes the server, published for players at this address of the host. Whoever adds it accepts
/// Minecraft's end user licence agreement.
#[track_caller]
pub fn define(image: Image, address: &EnvVar) -> Service<App, Precious> {
    Service::app(NAME, image, HEALTH)
        .publish(Publish::at(address, GAME))
        .egress("downloads the server and asks who its players are")
        // Else its entry point changes the owner of the world as root.
        .user(User::Ids(1000, 1000))
        .env("EULA", "TRUE")
        .env("MEMORY", "2G")
        .secret_env("RCON_PASSWORD_FILE", CONSOLE)
        .mount(WORLD)
        .writable_root("its entry point writes settings to its home; read-only was not tried")
        // Java needs more than its heap; half as much again is an estimate.
        .memory(Memory::mib(2560).up_to(Memory::gib(3)))
        .cpus(Cpus::cores(2))
        .pids(512)
        // It writes the world when it is stopped.
        .stops_within(Duration::from_mins(2))
}
