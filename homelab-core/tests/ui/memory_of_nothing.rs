// Limits are below what Docker accepts, or below what a service needs.

use homelab_core::prelude::*;

const MEMORY: MemoryRange = Memory::mib(1).up_to(Memory::mib(5));
const NONE: MemoryRange = Memory::ZERO.up_to(Memory::gib(0));
const RANGE: MemoryRange = Memory::gib(2).up_to(Memory::gib(1));
const CPUS: Cpus = Cpus::cores(0);

fn main() {}
