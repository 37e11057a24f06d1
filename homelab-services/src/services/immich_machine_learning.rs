//! Immich machine learning: search by content, faces, text in pictures.
//!
//! The pinned image computes on the processor. Images with `-openvino` or `-cuda` behind their tag
//! use a GPU; they are other pins, which a household with such a GPU puts here.
//!
//! Upstream: <https://docs.immich.app/install/environment-variables#machine-learning>

use homelab_core::compose::yaml;
use homelab_core::dsl::house::ConfigFile;
use homelab_core::prelude::*;

use crate::{env, images, profiles};

const NAME: ServiceName = ServiceName::new("immich-machine-learning");

/// Upstream's default.
pub(crate) const API: Port = Port::new(3003);

const MODELS: Mount<Stateless> =
    Volume::scratch("immich-models", "models are downloaded again").at("/cache");

/// The image's check, with time to load a model on a slow disk.
const HEALTH: Health = Health::from_image().starts_within(Duration::from_mins(1));

/// With the default models for search, faces and text loaded it was killed at 2 GiB and has worked
/// with 2 GiB reserved and 4 at most since (adampetrovic/home-ops#2464).
const MEMORY: MemoryRange = Memory::gib(2).up_to(Memory::gib(4));

pub(crate) fn define() -> Service<Agent> {
    Service::agent(NAME, images::IMMICH_MACHINE_LEARNING, HEALTH)
        .profile(profiles::PHOTOS)
        .egress("downloads its models from Hugging Face and modelscope.cn on first use")
        .switched_by(&env::IMMICH_ML)
        .env("TZ", env::TZ)
        .env("MACHINE_LEARNING_WORKERS", 1)
        // As many as its processors; by default it starts as many as the host has
        // (`immich_ml/config.py` of v3.1.0), each with memory of its own.
        .env("MACHINE_LEARNING_REQUEST_THREADS", 2)
        .env("MACHINE_LEARNING_CACHE_FOLDER", "/cache")
        .env("MPLCONFIGDIR", "/tmp/matplotlib")
        .env("HOME", "/tmp")
        .mount(MODELS)
        .tmpfs(Tmpfs::at("/tmp"))
        .tmpfs(Tmpfs::at("/run"))
        .memory(MEMORY)
        .cpus(Cpus::cores(2))
        .pids(512)
        .stops_within(Duration::from_secs(30))
}

/// One of two files, by the value of `IMMICH_ML`, tells Immich's server whether to ask this service.
pub(crate) fn switch_file(is_on: bool, header: &str) -> ConfigFile {
    let path = if is_on {
        "config/immich/machine-learning-1.env"
    } else {
        "config/immich/machine-learning-0.env"
    };
    let text = format!("{}IMMICH_MACHINE_LEARNING_ENABLED={is_on}\n", yaml::comment(header));
    ConfigFile { path, text }
}
