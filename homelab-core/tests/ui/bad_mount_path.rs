// Paths in a container are relative, or lead elsewhere.

use homelab_core::prelude::*;

const DATA: Mount<Precious> = Volume::precious("data", Backup::Offsite).at("data");
const CONFIG: Mount<Stateless> = Bind::config("config/app.toml").at("app.toml");
const TEMPORARY: Tmpfs = Tmpfs::at("tmp");
const DETOUR: Mount<Precious> = Volume::precious("data", Backup::Offsite).at("/sync/../etc");
const DOUBLE: Tmpfs = Tmpfs::at("/tmp//x");
const HOST: Bind<Stateless> = Bind::host_read_only("proc");
const FILE: Bind<Stateless> = Bind::config("/etc/app.toml");

fn main() {}
