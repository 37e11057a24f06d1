// An image has a tag, but no digest.

use homelab_core::prelude::*;

const IMAGE: Image = Image::pinned("example/it:1.2");

fn main() {}
