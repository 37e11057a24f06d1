// A port is 0.

use homelab_core::prelude::*;

const WEB: Port = Port::new(0);
const DNS: Port = Port::udp(0);

fn main() {}
