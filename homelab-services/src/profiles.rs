//! Every profile: what a household can switch on besides the base.

use homelab_core::prelude::*;

/// Lists all profiles; every combination works.
pub(crate) const ALL: &[Profile] = &[PHOTOS, NETWORK, MONITORING, FILES, WATCHTOWER];

pub(crate) const PHOTOS: Profile =
    Profile::new("photos", "Immich with its database, cache, machine learning and dumps");

pub(crate) const NETWORK: Profile = Profile::new("network", "DNS with ad blocking");

pub(crate) const MONITORING: Profile =
    Profile::new("monitoring", "Metrics of the host and watch over the services");

pub(crate) const FILES: Profile = Profile::new("files", "File explorer in the browser");

pub(crate) const WATCHTOWER: Profile =
    Profile::new("watchtower", "Unattended updates of what `.env` lets follow its tag");
