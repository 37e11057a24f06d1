//! Frigate: records the household's cameras, and recognises whom they see.
//!
//! By hand: the administrator's first password is in the log. Cameras are added on its page or in
//! `/config/config.yaml`, with `{FRIGATE_RTSP_PASSWORD}` in their addresses; a detector of the type
//! `edgetpu` with `device: usb` uses the Coral. After the Coral's very first use its number on the bus
//! changes: restart the service once. More than two cameras at 720p need more shared memory.
//!
//! Upstream: <https://docs.frigate.video/frigate/installation>, which has the sizes of cache and shared
//! memory. It names no figure for the rest: the need and the limit are estimates, with the cache in them.

use homelab_core::prelude::*;

const NAME: ServiceName = ServiceName::new("frigate");

/// With accounts; 5000 is the same page without them.
const WEB: Port = Port::new(8971);

/// Frigate also writes its own log there, up to 40 MB.
const FRAMES: Memory = Memory::mib(192);

const SETTINGS: Mount<Precious> = Volume::precious("frigate", Backup::Offsite).at("/config");

/// The image reads it from a file of its own name.
const CAMERAS: Secret =
    Secret::given("frigate-rtsp-password", "the password that the cameras ask for their pictures");

/// It has accounts, which phones and Home Assistant use.
const ROUTE: Route = Route::host("cameras", WEB)
    .login(Login::BuiltIn)
    .https_unchecked("it makes a certificate of its own, and nobody else is on that network");

/// What the household decides.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// `ghcr.io/blakeblackshear/frigate`.
    pub image: Image,
    /// The folder of the host for recordings.
    pub recordings: EnvVar,
    /// The render node that decodes, usually `/dev/dri/renderD128`.
    pub decoder: EnvVar,
    /// The time zone of recordings.
    pub time_zone: EnvVar,
}

/// Makes the service at `https://cameras.<domain>`, with a Coral on USB.
#[track_caller]
pub fn define(settings: &Settings) -> Service<App, Precious> {
    Service::app(NAME, settings.image, Health::from_image().starts_within(Duration::from_mins(5)))
        .route(ROUTE)
        .egress("fetches the cameras' pictures and models of recognition")
        .device(&settings.decoder, "/dev/dri/renderD128")
        .own_device_at("/dev/bus/usb", "a Coral has another number after its first use")
        .env("TZ", settings.time_zone)
        .secret_at(CAMERAS, "FRIGATE_RTSP_PASSWORD")
        .mount(SETTINGS)
        .mount(
            Bind::env_scratch(&settings.recordings, "recordings are kept for days only")
                .at("/media/frigate"),
        )
        .accept("data-mounted", "/media/frigate", "a disk that dies takes a few days along")
        .tmpfs(Tmpfs::at("/tmp/cache").size(Memory::gib(1)))
        .shared_memory(FRAMES)
        .capability(Capability::Chown, "its init gives the folder of logs to their writer")
        .capability(Capability::Setgid, "its writers of logs become another user")
        .capability(Capability::Setuid, "its writers of logs become another user")
        .writable_root("it writes the settings of nginx at the start")
        .memory(Memory::gib(2).up_to(Memory::gib(4)))
        .cpus(Cpus::cores(2))
        .pids(1024)
        .stops_within(Duration::from_secs(30))
}
