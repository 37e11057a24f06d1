// An image is named without tag and digest.

use homelab_core::prelude::*;

const IMAGE: Image = Image::pinned("example/it");

fn main() {}
