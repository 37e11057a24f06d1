// Reasons that say nothing.

use homelab_core::prelude::*;

const PAGES: Route = Route::host("pages", Port::new(80)).login(Login::Open { because: "" });
const HOOK: Route = Route::host("hook", Port::new(80)).opens(&["/hook/*"], " ");
const GUESTS: Publish = Publish::everywhere(Port::new(80), "");
const HEALTH: Health = Health::unprobed("\t");
const CACHE: Volume<Stateless> = Volume::scratch("cache", "");

fn main() {}
