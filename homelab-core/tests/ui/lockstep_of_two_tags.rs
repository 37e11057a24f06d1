// Two images of one release have two tags.

use homelab_core::dsl::image::{Image, Lockstep};

const DIGEST: &str = "sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510";
const SERVER: Image = Image::released("example/server", "v3.2.5", DIGEST);
const WORKER: Image = Image::released("example/worker", "v3.2.4", DIGEST);

const LOCKSTEP: Lockstep = Lockstep::of(&[SERVER, WORKER]);

fn main() {}
