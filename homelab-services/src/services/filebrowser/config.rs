//! FileBrowser Quantum's `config.yaml`, as far as it differs from the defaults of 1.5.

use homelab_core::compose::yaml::{self, Spacing};
use homelab_core::dsl::house::ConfigFile;
use schemars::JsonSchema;
use serde::Serialize;

use super::{CONFIG_FILE, WEB};

/// Makes the configuration, as far as it differs from the defaults of 1.5; unknown keys are fatal.
#[derive(JsonSchema, Serialize)]
struct Config {
    server: Server,
    auth: Auth,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Server {
    port: u16,
    database: &'static str,
    cache_dir: &'static str,
    disable_update_check: bool,
    num_image_processors: u8,
    sources: [Source; 1],
}

#[derive(JsonSchema, Serialize)]
struct Source {
    path: &'static str,
    name: &'static str,
    config: SourceConfig,
}

/// A single source is on by default, but with a second one none would be; so this says it.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceConfig {
    default_enabled: bool,
}

#[derive(JsonSchema, Serialize)]
struct Auth {
    methods: Methods,
}

#[derive(JsonSchema, Serialize)]
struct Methods {
    noauth: bool,
}

/// The file that is mounted; `header` is the comment that it begins with.
pub(crate) fn file(header: &str) -> ConfigFile {
    ConfigFile { path: CONFIG_FILE, text: yaml::render(&config(), header, Spacing::Sections) }
}

/// It has no login of its own, because it cannot read a password from a file, its default is
/// `admin`/`admin`, and the proxy asks anyway.
fn config() -> Config {
    Config {
        server: Server {
            port: WEB.number(),
            database: "/home/filebrowser/data/database.db",
            // On disk: upstream warns against keeping it in memory.
            cache_dir: "/home/filebrowser/data/tmp",
            disable_update_check: true,
            // Half the default: previews of large pictures take it to its memory limit (issue 1641).
            num_image_processors: 2,
            sources: [Source {
                path: "/srv",
                name: "Files",
                config: SourceConfig { default_enabled: true },
            }],
        },
        auth: Auth { methods: Methods { noauth: true } },
    }
}

/// Returns the JSON Schema of [`config`].
pub(crate) fn schema() -> schemars::Schema {
    schemars::schema_for!(Config)
}
