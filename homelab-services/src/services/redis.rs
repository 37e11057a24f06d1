//! Valkey: Immich's cache and job queue, spoken to by the Redis protocol.
//!
//! At night Immich by itself queues again only missing thumbnails and the grouping of faces
//! (`queue.service.ts` of v3.1.0). After the queue was lost, `docs/runbooks/after-a-crash.md` says
//! which buttons queue the rest. In its log a warning about `vm.overcommit_memory` is harmless.
//!
//! Upstream: <https://github.com/valkey-io/valkey-container>

use homelab_core::prelude::*;

use crate::{images, networks, profiles};

const NAME: ServiceName = ServiceName::new("redis");

const DATA: Mount<Stateless> =
    Volume::scratch("redis", "a job queue: a page of Immich's administration fills it again")
        .at("/data");

/// `redis-cli` exits with 0 even when the server answers with an error.
const HEALTH: Health = Health::shell("redis-cli ping | grep -q PONG")
    .every(Duration::from_secs(10))
    .within(Duration::from_secs(5))
    .starts_within(Duration::from_secs(10));

/// 0.86 KB a queued job (immich#19772): about 260 MB when 100,000 photos wait for search, faces and
/// text. Saving them may take as much again, and it was killed at 256 MB (immich#861).
const MEMORY: MemoryRange = Memory::mib(256).up_to(Memory::gib(1));

pub(crate) fn define() -> Service<Data> {
    Service::data(NAME, images::VALKEY, HEALTH)
        .profile(profiles::PHOTOS)
        .on(networks::BACKEND)
        .user(User::Ids(999, 999))
        .mount(DATA)
        .memory(MEMORY)
        .stops_within(Duration::from_secs(30))
}
