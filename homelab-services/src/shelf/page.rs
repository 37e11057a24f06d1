//! A page of the household's own, in an image that the host builds.
//!
//! ```
//! use homelab_core::prelude::*;
//! use homelab_services::shelf::page;
//!
//! const SITE: ContextFile = ContextFile { path: "site/index.html", text: "<h1>Hello</h1>" };
//!
//! let image = Image::built("page", &[page::DOCKERFILE, SITE]);
//! let service = page::define(image, "hello");
//! ```
//!
//! Its need of memory is an estimate.

use homelab_core::prelude::*;

const NAME: ServiceName = ServiceName::new("page");

const WEB: Port = Port::new(8080);

const HEALTH: Health =
    Health::command(&["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"]);

/// Serves the files below `site/`.
pub const DOCKERFILE: ContextFile =
    ContextFile { path: "Dockerfile", text: include_str!("page/Dockerfile") };

/// Makes the service at `https://<host>.<domain>`, behind the proxy's login.
#[track_caller]
pub fn define(image: Image, host: &'static str) -> Service<App> {
    Service::app(NAME, image, HEALTH)
        .route(Route::host(host, WEB))
        .tmpfs(Tmpfs::at("/config"))
        .memory(Memory::mib(32).up_to(Memory::mib(64)))
}
