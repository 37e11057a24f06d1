// Limits are below what Docker accepts.

use homelab_core::prelude::*;

const MEMORY: Memory = Memory::mib(1);
const NONE: Memory = Memory::gib(0);
const CPUS: Cpus = Cpus::cores(0);

fn main() {}
