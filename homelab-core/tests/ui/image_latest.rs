// An image follows `latest`.

use homelab_core::prelude::*;

const IMAGE: Image = Image::pinned(
    "example/it:latest@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510",
);

fn main() {}
