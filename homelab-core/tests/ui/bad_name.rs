// Names hold capitals, underscores and nothing.

use homelab_core::prelude::*;

const SERVICE: ServiceName = ServiceName::new("Immich_Server");
const NETWORK: Network = Network::internal("back_end");
const VOLUME: Mount<Precious> = Volume::precious("", Backup::Offsite).at("/data");
const SECRET: Secret = Secret::random("db.password");
const PROFILE: Profile = Profile::new("photos-", "Photos.");
const ROUTE: Route = Route::host("-photos", Port::new(80));

fn main() {}
