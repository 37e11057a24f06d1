//! Valkey, as the cache or the queue of an application of the shelf; it speaks Redis's protocol.
//!
//! Upstream: <https://github.com/valkey-io/valkey-container>. It names no figure for memory: need and
//! limit are estimates.

use homelab_core::prelude::*;

const HEALTH: Health = Health::shell("valkey-cli ping | grep -q PONG")
    .every(Duration::from_secs(10))
    .starts_within(Duration::from_secs(10));

/// Makes the service, which keeps its data in this volume at `/data`.
#[track_caller]
pub(super) fn define(name: ServiceName, image: Image, volume: Volume<Stateless>) -> Service<Data> {
    Service::data(name, image, HEALTH)
        .user(User::Ids(999, 999))
        .mount(volume.at("/data"))
        .memory(Memory::mib(32).up_to(Memory::mib(256)))
        .stops_within(Duration::from_secs(30))
}
