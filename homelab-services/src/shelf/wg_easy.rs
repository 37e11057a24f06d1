//! wg-easy: a way into the house by a VPN, with a panel for its clients.
//!
//! Upstream: <https://wg-easy.github.io/wg-easy/latest/>. It names no figure for memory: need and limit
//! are estimates.

use homelab_core::prelude::*;

const NAME: ServiceName = ServiceName::new("wg-easy");

const PANEL: Port = Port::new(51821);
const TUNNEL: Port = Port::udp(51820);

const CLIENTS: Mount<Precious> = Volume::precious("wg-easy", Backup::Offsite).at("/etc/wireguard");

/// Makes the service, with its panel behind the proxy's login, and the tunnel published on every
/// address, because clients come from outside. Upstream also asks for the capability to load
/// modules of the kernel; here the host loads `wireguard` itself (`/etc/modules-load.d`).
#[track_caller]
pub fn define(image: Image, host: &'static str) -> Service<App, Precious> {
    Service::app(NAME, image, Health::from_image().starts_within(Duration::from_mins(1)))
        .route(Route::host(host, PANEL))
        .publish(Publish::everywhere(TUNNEL, "clients come from outside"))
        .egress("clients reach the internet through it")
        .capability(Capability::NetAdmin, "it makes the tunnel and the rules for its clients")
        .forwards_packets("it forwards what its clients send")
        .sysctl("net.ipv4.conf.all.src_valid_mark", 1)
        .env("DISABLE_IPV6", true)
        .mount(CLIENTS)
        // `src/server/database/sqlite.ts` of version 15.
        .sqlite("/etc/wireguard/wg-easy.db")
        .writable_root(
            "it writes rules and settings below `/run` and `/etc`; read-only was not tried",
        )
        .memory(Memory::mib(128).up_to(Memory::mib(384)))
}
