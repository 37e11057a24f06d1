// Two services use each other: a handle is needed before there is one.

use homelab_core::prelude::*;

const FIRST_NAME: ServiceName = ServiceName::new("first");
const IMAGE: Image = Image::pinned(
    "example/it:1.2@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510",
);
const PROBE: Health = Health::from_image();
const SECOND_NAME: ServiceName = ServiceName::new("second");

fn define(stack: &mut Stack) {
    let first = stack.add(Service::app(FIRST_NAME, IMAGE, PROBE).uses(&second));
    let second = stack.add(Service::app(SECOND_NAME, IMAGE, PROBE).uses(&first));
}

fn main() {}
