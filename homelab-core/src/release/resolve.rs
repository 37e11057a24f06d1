//! A Compose file as an engine gets it: no variable, no service that is off, real names, absolute paths.

use indexmap::IndexMap;
use serde_yaml::Value;

use crate::compose::dotenv;
use crate::compose::interpolate;
use crate::compose::limits;
use crate::compose::unjudged;
use crate::compose::yaml::{self, Spacing};
use crate::compose::{File, MountKind, Service};
use crate::lower::escape_all;

/// Where and how a file is used.
pub struct Setting<'a> {
    /// Values of `.env`.
    pub values: &'a IndexMap<String, String>,
    /// Profiles that are on.
    pub profiles: &'a [&'a str],
    /// The project's folder, absolute: `./…` in the file is below it.
    pub folder: &'a str,
    /// The text of an environment file, by its path as the file says it; `None` when there is none.
    pub read: &'a dyn Fn(&str) -> Option<String>,
}

impl std::fmt::Debug for Setting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setting").field("profiles", &self.profiles).finish_non_exhaustive()
    }
}

/// Why a file cannot be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A string of the file cannot be interpolated.
    Interpolation(interpolate::Error),
    /// An environment file does not exist; its path.
    EnvFile(String),
    /// A string became something that does not fit in its place.
    Shape(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Interpolation(error) => error.fmt(f),
            Self::EnvFile(path) => write!(f, "the environment file `{path}` does not exist"),
            Self::Shape(what) => write!(f, "the file is not valid with these values: {what}"),
        }
    }
}

impl std::error::Error for Error {}

/// Resolves a file.
///
/// Services that are off, by profile or by `replicas: 0`, are not in the result. Environment files are
/// merged below `environment`. Names of networks and volumes, secrets' files and the sources of
/// binds are what the engine sees. Dollars are plain: [`text`] makes a file for Compose of it.
///
/// # Errors
///
/// Like Compose: a required variable without value, also of a service that is off; invalid
/// syntax; an environment file of a service that is on and that is missing or cannot be read.
/// And what is larger than one of the [`limits`].
pub fn resolve(file: &File, setting: &Setting<'_>) -> Result<File, Error> {
    let shape = |it: serde_yaml::Error| Error::Shape(it.to_string());
    let mut value = serde_yaml::to_value(file).map_err(shape)?;
    let mut size = 0;
    interpolate_all(&mut value, setting.values, &mut size)?;
    let mut unjudged = Vec::new();
    for service in file.services.values() {
        let mut keys = Value::Mapping(service.unjudged.clone());
        interpolate_all(&mut keys, setting.values, &mut size)?;
        unjudged.push(keys.as_mapping().cloned().unwrap_or_default());
    }
    let mut file: File = serde_yaml::from_value(value).map_err(shape)?;
    for (service, keys) in file.services.values_mut().zip(unjudged) {
        service.unjudged = keys;
    }
    file.services.retain(|_, it| is_on(it, setting.profiles));
    for service in file.services.values_mut() {
        merge_env_files(service, setting)?;
        for mount in service.volumes.iter_mut().filter(|it| it.kind == MountKind::Bind) {
            mount.source = absolute(setting.folder, &mount.source);
        }
        for port in &mut service.ports {
            // The engine reads `0443` as 443.
            if let Ok(number) = port.published.parse::<u16>() {
                port.published = number.to_string();
            }
        }
    }
    for (key, network) in &mut file.networks {
        network.name.get_or_insert_with(|| format!("{}_{key}", file.name));
    }
    for (key, volume) in &mut file.volumes {
        volume.name.get_or_insert_with(|| format!("{}_{key}", file.name));
    }
    for secret in file.secrets.values_mut() {
        secret.file = absolute(setting.folder, &secret.file);
    }
    Ok(file)
}

/// A resolved file as a text for Compose, which then finds nothing in it to decide: no variable, no
/// profile, no environment file, no relative path. So Compose starts what was judged, whatever its own
/// environment is and however it would have read the file that was sent.
///
pub fn text(file: &File) -> String {
    let mut file = file.clone();
    let on: Vec<_> = file.services.keys().cloned().collect();
    for service in file.services.values_mut() {
        service.profiles.clear();
        // A deploy has built it, or nothing does.
        service.build = None;
        service.depends_on.retain(|name, _| on.contains(name));
    }
    let mut value = unjudged::data(&file);
    escape_all(&mut value);
    yaml::render(&value, "", Spacing::Dense)
}

/// `size` is that of the strings so far: a long value may stand in many of them.
fn interpolate_all(
    value: &mut Value,
    values: &IndexMap<String, String>,
    size: &mut usize,
) -> Result<(), Error> {
    match value {
        Value::String(text) => {
            let resolved = interpolate::resolve(text, &|it| values.get(it).cloned());
            *text = resolved.map_err(Error::Interpolation)?;
            *size += text.len();
            limits::at_most(limits::TEXT, *size, "bytes of text")
                .map_err(|it| Error::Interpolation(it.into()))?;
        }
        Value::Sequence(list) => {
            for it in list {
                interpolate_all(it, values, size)?;
            }
        }
        Value::Mapping(map) => {
            for it in map.values_mut() {
                interpolate_all(it, values, size)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Tagged(_) => {}
    }
    Ok(())
}

fn is_on(service: &Service, profiles: &[&str]) -> bool {
    let own = &service.profiles;
    let enabled = own.is_empty() || own.iter().any(|it| profiles.contains(&it.as_str()));
    let replicas = service.deploy.as_ref().and_then(|it| it.replicas.as_deref());
    enabled && replicas != Some("0")
}

/// `environment` wins over the files, a later file over an earlier one.
fn merge_env_files(service: &mut Service, setting: &Setting<'_>) -> Result<(), Error> {
    let mut merged = IndexMap::new();
    for path in std::mem::take(&mut service.env_file) {
        let text = (setting.read)(&path).ok_or_else(|| Error::EnvFile(path.clone()))?;
        let read = dotenv::parse(&text);
        if let Some(fault) = read.faults.first() {
            return Err(Error::Shape(format!("`{path}`, line {}: {}", fault.line, fault.message)));
        }
        merged.extend(read.entries.into_iter().map(|(name, it)| (name, it.value)));
    }
    if !merged.is_empty() {
        merged.extend(std::mem::take(&mut service.environment));
        service.environment = merged;
    }
    Ok(())
}

/// A path of the file as the host sees it.
fn absolute(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    // A deploy is root's.
    if let Some(rest) = path.strip_prefix('~').filter(|it| it.is_empty() || it.starts_with('/')) {
        return format!("/root{rest}");
    }
    let relative = path.strip_prefix("./").unwrap_or(path);
    format!("{}/{relative}", folder.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Build;

    const FILE: &str = "
name: house
services:
  a:
    image: \"a:${TAG:-1}\"
    env_file: [\"./config/a.env\"]
    environment: { X: \"own\", COST: \"5$$\" }
    networks: [n]
    volumes:
      - { type: bind, source: ./config/a, target: /a }
      - { type: volume, source: v, target: /v }
    deploy: { replicas: \"${A:-1}\" }
  b: { image: \"b:1\", profiles: [more] }
networks: { n: {} }
volumes: { v: { name: other } }
secrets: { s: { file: ./secrets/s } }
";

    fn resolved(values: &[(&str, &str)], profiles: &[&str]) -> Result<File, Error> {
        let file: File = serde_yaml::from_str(FILE).expect("the file is valid");
        let values = values.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned()));
        let read = |path: &str| (path == "./config/a.env").then(|| "X=file\nY=file\n".to_owned());
        let values = values.collect();
        resolve(&file, &Setting { values: &values, profiles, folder: "/srv/house", read: &read })
    }

    #[test]
    fn what_compose_would_tell_the_engine() {
        let file = resolved(&[("TAG", "2")], &[]).expect("it resolves");
        assert_eq!(file.services.keys().collect::<Vec<_>>(), ["a"]);
        let a = &file.services["a"];
        assert_eq!(a.image.as_deref(), Some("a:2"));
        assert_eq!(
            a.environment.iter().map(|(key, it)| format!("{key}={it}")).collect::<Vec<_>>(),
            ["X=own", "Y=file", "COST=5$"]
        );
        assert_eq!(a.volumes[0].source, "/srv/house/config/a");
        assert_eq!(a.volumes[1].source, "v");
        assert_eq!(file.networks["n"].name.as_deref(), Some("house_n"));
        assert_eq!(file.volumes["v"].name.as_deref(), Some("other"));
        assert_eq!(file.secrets["s"].file, "/srv/house/secrets/s");
    }

    #[test]
    fn as_a_text_for_compose_it_leaves_nothing_to_decide() {
        let mut file = resolved(&[("TAG", "2")], &[]).expect("it resolves");
        file.services["a"].pid = Some("${HOME:+host}".to_owned());
        let mut built = file.clone();
        built.services["a"].build = Some(Build { context: "./config/build/a".to_owned() });
        assert_eq!(text(&built), text(&file), "Compose does not build");
        let text = text(&file);
        assert!(
            text.contains("COST: \"5$$\"\n") && text.contains("pid: \"$${HOME:+host}\"\n"),
            "{text}"
        );
        let values = [("HOME".to_owned(), "/root".to_owned())].into_iter().collect();
        let setting =
            Setting { values: &values, profiles: &[], folder: "/elsewhere", read: &|_| None };
        let again: File = serde_yaml::from_str(&text).expect("it is valid");
        assert_eq!(resolve(&again, &setting), Ok(file));
    }

    #[test]
    fn a_port_is_the_number_that_the_engine_reads() {
        let values = [("PORT".to_owned(), "0443".to_owned())].into_iter().collect();
        let setting = Setting { values: &values, profiles: &[], folder: "/", read: &|_| None };
        for (written, read) in [("$PORT", "443"), ("01234", "1234"), ("8000-8001", "8000-8001")] {
            let text = format!(
                "name: x\nservices: {{ a: {{ ports: [{{ target: 1, published: \"{written}\", protocol: tcp }}] }} }}"
            );
            let file: File = serde_yaml::from_str(&text).expect("the file is valid");
            let file = resolve(&file, &setting).expect("it resolves");
            assert_eq!(file.services["a"].ports[0].published, read);
        }
    }

    #[test]
    fn a_tilde_is_the_home_of_root() {
        assert_eq!(absolute("/srv/house", "~/.ssh"), "/root/.ssh");
        assert_eq!(absolute("/srv/house", "~"), "/root");
        assert_eq!(absolute("/srv/house", "~ada"), "/srv/house/~ada");
    }

    #[test]
    fn what_is_off_is_not_there() {
        let file = resolved(&[("A", "0")], &["more"]).expect("it resolves");
        assert_eq!(file.services.keys().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn a_missing_environment_file_is_an_error() {
        let mut file: File = serde_yaml::from_str(FILE).expect("the file is valid");
        let other = "./config/b.env".to_owned();
        file.services["a"].env_file.push(other.clone());
        let values = IndexMap::new();
        let read = |path: &str| (path != other).then(String::new);
        let setting = Setting { values: &values, profiles: &[], folder: "/", read: &read };
        assert_eq!(resolve(&file, &setting), Err(Error::EnvFile(other)));
    }
}
