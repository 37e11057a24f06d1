// A service is defined, but not added to the stack.

#![deny(unused_must_use)]

use homelab_core::prelude::*;

const NAME: ServiceName = ServiceName::new("it");
const IMAGE: Image = Image::pinned(
    "example/it:1.2@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510",
);
const PROBE: Health = Health::from_image();

fn define(_stack: &mut Stack) {
    Service::app(NAME, IMAGE, PROBE).memory(Memory::mib(2048).up_to(Memory::gib(4)));
}

fn main() {}
