//! Who can talk to whom, measured: between containers, from outside, to the outside.

mod intruder;
mod outside;
mod pairs;
mod passenger;
mod routes;
mod sockets;

use super::Scene;
use crate::report::{LaneEnds, Steps};

/// The whole house is on; every connection is tried.
pub(super) fn run(scene: &Scene, steps: &mut Steps) -> Result<(), LaneEnds> {
    steps.step("nothing but `image:` differs from the committed file", || scene.house.differs());
    steps.step("a passenger has its VPN's network, and a machine of the LAN the LAN's", || {
        passenger::run(scene)
    });
    steps.need("every profile on", || scene.everything_on())?;
    steps.step("`homelab doctor` finds no error", || scene.house.doctor());
    steps.step("between containers: predicted against measured", || pairs::run(scene));
    steps.step("from outside: predicted against measured", || outside::ways_in(scene));
    steps.step("the same on a host that is a router", || outside::on_a_router(scene));
    steps.step("to the outside: predicted against measured", || outside::ways_out(scene));
    steps.step("questions for names do not get out either", || outside::names(scene));
    steps.step("names are told to those on one network only", || intruder::names(scene));
    steps.step("no service forwards packets between its networks", || intruder::frames(scene));
    steps.step("a published port alone is no way out", || intruder::port_alone(scene));
    steps.step("only socket proxies hold the Docker socket", || sockets::holders(scene));
    steps.step("each socket proxy answers its consumer's calls and no other", || {
        sockets::calls(scene)
    });
    steps.step("the updater's socket proxy lets no body mount another path", || {
        sockets::bodies(scene)
    });
    routes::run(scene, steps);
    Ok(())
}
