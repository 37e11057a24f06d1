//! Every application of the shelf, as a household would add it.

use homelab_core::prelude::{EnvVar, Image, Stack};
use homelab_core::testing;
use homelab_services::shelf;

const DOMAIN: EnvVar = testing::DOMAIN;

/// The applications by name.
pub(crate) const ALL: &[(&str, fn(&mut Stack))] = &[("vaultwarden", vaultwarden)];

/// Returns a small house with a proxy that knows the images of the shelf, and one application.
pub(crate) fn house(add: fn(&mut Stack)) -> Stack {
    let stack = testing::house().stack;
    let catalogue = [stack.catalogue().to_vec(), homelab_services::contracts()].concat();
    let mut stack = stack.knowing(catalogue);
    add(&mut stack);
    stack
}

/// An image of the shelf. These digests are of no image: the household pins those that it has seen.
const fn image(repository: &'static str, tag: &'static str) -> Image {
    const DIGEST: &str = "sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510";
    Image::released(repository, tag, DIGEST)
}

fn vaultwarden(stack: &mut Stack) {
    let image = image("vaultwarden/server", "1.37.4");
    stack.add(shelf::vaultwarden::define(image, "passwords", &DOMAIN));
}
