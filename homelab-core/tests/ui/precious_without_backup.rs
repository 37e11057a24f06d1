// A precious volume does not say how it is backed up.

use homelab_core::prelude::*;

const DATA: Mount<Precious> = Volume::precious("db").at("/var/lib/postgresql/data");

fn main() {}
