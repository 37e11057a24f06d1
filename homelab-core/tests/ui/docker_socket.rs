// A service mounts the Docker socket, or the folder that holds it.

use homelab_core::prelude::*;

const SOCKET: Bind<Stateless> = Bind::host_read_only("/var/run/docker.sock");
const FOLDER: Bind<Stateless> = Bind::host_read_only("/run");
const DETOUR: Bind<Stateless> = Bind::host_read_only("/srv/../run");

fn main() {}
