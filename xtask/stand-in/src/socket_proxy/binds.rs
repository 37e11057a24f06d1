//! Which folders of the host a body may mount.
//!
//! As upstream (`bindmount.go` at 1.13.1, bc6606a): a body that is no JSON is refused, an empty one
//! too; binds are looked for in `HostConfig` only; `..` is resolved before a folder is compared, a
//! link is not; `VolumesFrom` is refused; a volume counts where the driver `local` binds a folder.
//! The names of fields have no case, as in Go, and so for the engine.
//!
//! Unlike upstream: bodies for Swarm's services and for volumes are not read, which nobody here
//! may send; of a field that occurs twice the last counts, and is not merged with the first.

use std::collections::BTreeMap;

use anyhow::bail;
use serde::Deserialize;
use serde_json::Value;

/// The folders that may be mounted; none means all.
#[derive(Debug)]
pub(super) struct Binds(Vec<String>);

#[derive(Debug, Deserialize)]
struct Create {
    hostconfig: Option<HostConfig>,
}

#[derive(Debug, Deserialize)]
struct HostConfig {
    binds: Option<Vec<Option<String>>>,
    mounts: Option<Vec<Option<Mount>>>,
    volumesfrom: Option<Vec<Option<String>>>,
}

#[derive(Debug, Deserialize)]
struct Mount {
    #[serde(rename = "type")]
    kind: Option<String>,
    source: Option<String>,
    volumeoptions: Option<VolumeOptions>,
}

#[derive(Debug, Deserialize)]
struct VolumeOptions {
    driverconfig: Option<Driver>,
}

#[derive(Debug, Deserialize)]
struct Driver {
    name: Option<String>,
    options: Option<BTreeMap<String, Option<String>>>,
}

impl Binds {
    /// From a list with commas; an empty one restricts nothing.
    pub(super) fn parse(list: &str) -> anyhow::Result<Self> {
        let mut folders = Vec::new();
        for folder in list.split(',').filter(|_| !list.is_empty()) {
            if !folder.starts_with('/') {
                bail!("bind mount directory must start with /: {folder:?}");
            }
            folders.push(clean(folder));
        }
        Ok(Self(folders))
    }

    /// Whether the body for this path is read.
    pub(super) fn concern(&self, method: &str, path: &str) -> bool {
        let parts: Vec<_> = path.split('/').skip(1).collect();
        let version = parts.first().and_then(|it| it.strip_prefix('v'));
        let is_number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
        let parts = match version {
            Some(version) if version.split('.').all(is_number) => &parts[1..],
            _ => &parts[..],
        };
        let is_read =
            matches!(parts, ["containers", "create", ..] | ["containers", _, "update", ..]);
        method == "POST" && !self.0.is_empty() && is_read
    }

    /// Refuses a body that mounts another folder.
    pub(super) fn check(&self, body: &[u8]) -> anyhow::Result<()> {
        let create: Option<Create> =
            serde_json::from_value(lower_case(serde_json::from_slice(body)?))?;
        let Some(host) = create.and_then(|it| it.hostconfig) else { return Ok(()) };
        if host.volumesfrom.is_some_and(|it| !it.is_empty()) {
            bail!("volumes-from is not allowed");
        }
        for bind in host.binds.into_iter().flatten() {
            let bind = bind.unwrap_or_default();
            let Some((source, _)) = bind.split_once(':') else {
                bail!("invalid bind mount format: {bind}");
            };
            self.source(source)?;
        }
        for mount in host.mounts.into_iter().flatten().flatten() {
            match mount.kind.as_deref() {
                Some("bind") => self.source(&mount.source.unwrap_or_default())?,
                Some("volume") => {
                    let driver = mount.volumeoptions.and_then(|it| it.driverconfig);
                    let device = driver.map(Driver::bound).unwrap_or_default();
                    if !device.is_empty() && !device.starts_with('/') {
                        bail!("local volume driver bind device must be an absolute path: {device}");
                    }
                    self.source(&device)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What is no absolute path is the name of a volume.
    fn source(&self, source: &str) -> anyhow::Result<()> {
        if !source.starts_with('/') {
            return Ok(());
        }
        let source = clean(source);
        let is_in = |folder: &String| {
            folder == "/"
                || source
                    .strip_prefix(folder)
                    .is_some_and(|it| it.is_empty() || it.starts_with('/'))
        };
        if !self.0.iter().any(is_in) {
            bail!("bind mount source directory not allowed: {source}");
        }
        Ok(())
    }
}

impl Driver {
    /// The folder that a local volume binds.
    fn bound(self) -> String {
        let name = self.name.unwrap_or_default();
        let mut options = self.options.unwrap_or_default();
        let mut option = |name: &str| options.remove(name).flatten().unwrap_or_default();
        let is_bind = option("o").split(',').any(|it| matches!(it.trim(), "bind" | "rbind"));
        if is_bind && matches!(name.as_str(), "" | "local") {
            option("device")
        } else {
            String::new()
        }
    }
}

/// Go's `filepath.Clean` of an absolute path.
fn clean(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn lower_case(mut value: Value) -> Value {
    if let Value::Array(list) = &mut value {
        *list = std::mem::take(list).into_iter().map(lower_case).collect();
    } else if let Value::Object(fields) = &mut value {
        let lower = |(name, it): (String, Value)| (name.to_ascii_lowercase(), lower_case(it));
        *fields = std::mem::take(fields).into_iter().map(lower).collect();
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binds(list: &str) -> Binds {
        Binds::parse(list).expect("fixture")
    }

    #[test]
    fn only_creation_and_update_of_containers_are_read() {
        let some = binds("/srv");
        for path in ["/containers/create", "/v1.41/containers/create", "/v1.41/containers/x/update"]
        {
            assert!(some.concern("POST", path), "{path}");
            assert!(!some.concern("GET", path), "{path}");
            assert!(!binds("").concern("POST", path), "an empty list restricts nothing");
        }
        for path in ["/containers/x/start", "/images/create", "/v1.41/networks/x/connect", "/", ""]
        {
            assert!(!some.concern("POST", path), "{path}");
        }
    }

    #[test]
    fn a_folder_and_what_is_below_it_may_be_mounted() {
        let verdict = |list: &str, source: &str| {
            let body =
                serde_json::json!({ "HostConfig": { "Binds": [format!("{source}:/x:ro")] } });
            binds(list).check(body.to_string().as_bytes()).is_ok()
        };
        let house = "/srv//house/./config/homer/";
        for source in ["/srv/house/config/homer", "/srv/house/config/homer/a/../b", "a-volume"] {
            assert!(verdict(house, source), "{source}");
        }
        for source in [
            "/",
            "/srv/house/config",
            "/srv/house/config/homer2",
            "/srv/house/config/homer/../../secrets",
            "/srv/house/config/homer/../../../../..",
        ] {
            assert!(!verdict(house, source), "{source}");
            assert!(verdict("/dev/null,/", source), "{source}");
        }
        assert!(Binds::parse("/srv,config").is_err());
    }

    #[test]
    fn every_way_to_mount_in_the_host_config_is_seen() {
        let some = binds("/srv/homer");
        let volume = |options: &str| {
            format!(
                r#"{{"HostConfig":{{"Mounts":[{{"Type":"volume","VolumeOptions":{{"DriverConfig":{options}}}}}]}}}}"#
            )
        };
        for body in [
            r#"{"HostConfig":{"Binds":["/:/x"]}}"#,
            r#"{"hostconfig":{"BINDS":["/:/x"]}}"#,
            r#"{"HostConfig":{"Binds":["/srv/homer"]}}"#,
            r#"{"HostConfig":{"Binds":["/srv/homer:/x","/etc:/y"]}}"#,
            r#"{"HostConfig":{"Mounts":[{"Type":"bind","Source":"/","Target":"/x"}]}}"#,
            r#"{"HostConfig":{"Mounts":[null,{"Type":"bind","Source":"/etc"}]}}"#,
            r#"{"HostConfig":{"VolumesFrom":["homelab-caddy-1"]}}"#,
            &volume(r#"{"Options":{"type":"none","o":"rw, bind","device":"/etc"}}"#),
            &volume(r#"{"Name":"local","Options":{"o":"rbind","device":"etc"}}"#),
            // No JSON, or not of this form.
            "",
            "{",
            "[]",
            r#"{"HostConfig":"x"}"#,
            r#"{"HostConfig":{"Binds":"/:/x"}}"#,
        ] {
            assert!(some.check(body.as_bytes()).is_err(), "{body}");
        }
        for body in [
            "{}",
            "null",
            r#"{"Image":"x","HostConfig":null}"#,
            r#"{"HostConfig":{"Binds":null,"Mounts":[],"VolumesFrom":null}}"#,
            r#"{"HostConfig":{"Mounts":[{"Type":"bind","Source":"/srv/homer"}]}}"#,
            r#"{"HostConfig":{"Mounts":[{"Type":"tmpfs","Target":"/x"}]}}"#,
            &volume("null"),
            // What upstream lets through, too: it is no sandbox.
            r#"{"HostConfig":{"Privileged":true,"PidMode":"host","CapAdd":["ALL"]}}"#,
            r#"{"Binds":["/:/x"]}"#,
            &volume(r#"{"Options":{"type":"ext4","o":"","device":"/dev/sda1"}}"#),
            &volume(r#"{"Name":"other","Options":{"o":"bind","device":"/"}}"#),
        ] {
            assert!(some.check(body.as_bytes()).is_ok(), "{body}");
        }
    }
}
