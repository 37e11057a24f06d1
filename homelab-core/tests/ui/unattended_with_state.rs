// A service with precious state opts in to unattended updates.

use homelab_core::prelude::*;

const NAME: ServiceName = ServiceName::new("it");
const IMAGE: Image = Image::pinned(
    "example/it:1.2@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510",
);
const PROBE: Health = Health::from_image();
const DATA: Mount<Precious> = Volume::precious("it", Backup::Offsite).at("/data");
const FOLLOW: Switch = Switch::new("FOLLOW", "Follows its tag");

fn main() {
    let _ = Service::app(NAME, IMAGE, PROBE).mount(DATA).update_unattended(FOLLOW, "it is small");
}
