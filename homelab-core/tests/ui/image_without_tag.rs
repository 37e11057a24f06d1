// An image has a digest, but no tag that tells a person the release.

use homelab_core::prelude::*;

const IMAGE: Image = Image::pinned(
    "localhost:5000/it@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510",
);

fn main() {}
