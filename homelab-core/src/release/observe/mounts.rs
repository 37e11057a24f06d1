//! Reads volumes, binds, secrets and folders in memory.

use serde_json::Value;

use super::json::{entries, list, text, truth};
use super::same;
use super::words::host_path;
use crate::compose::{BindOptions, File, MountKind, Service, ServiceMount, ServiceSecret};
use crate::model::project::clean_path;

/// A mount as the engine has it.
struct Found<'a> {
    kind: MountKind,
    /// A volume's name, a bind's path.
    source: &'a str,
    target: String,
    read_only: bool,
    /// Whether the engine makes the source of a bind when it is missing.
    creates: bool,
}

/// Returns volumes and secrets.
pub(super) fn volumes(
    container: &Value,
    image: Option<&Value>,
    wanted: &Service,
    file: &File,
) -> (Vec<ServiceMount>, Vec<ServiceSecret>) {
    let mut found: Vec<Found<'_>> = all(container).collect();
    found.sort_by(|a, b| a.target.cmp(&b.target));
    let (mut volumes, mut secrets) = (Vec::new(), Vec::new());
    for own in &wanted.volumes {
        let target = clean_path(&own.target);
        if let Some(at) = found.iter().position(|it| it.target == target) {
            volumes.push(found.remove(at).told(Some(own), file));
        }
    }
    for it in found {
        if let Some(secret) = it.secret(wanted, file) {
            secrets.push(secret);
        } else if !it.is_of(image) {
            volumes.push(it.told(None, file));
        }
    }
    (volumes, same(&wanted.secrets, secrets, Clone::clone))
}

fn all(container: &Value) -> impl Iterator<Item = Found<'_>> {
    list(container, "/Mounts").filter(|it| text(it, "/Type") != "tmpfs").map(|mount| {
        let target = clean_path(text(mount, "/Destination"));
        let (kind, source) = match text(mount, "/Type") {
            "volume" => (MountKind::Volume, text(mount, "/Name")),
            _ => (MountKind::Bind, text(mount, "/Source")),
        };
        // The engine makes the missing source of a bind in the short form, but not in the long
        // form.
        let mut long = list(container, "/HostConfig/Mounts");
        let long = long.find(|it| clean_path(text(it, "/Target")) == target);
        let creates = long.is_none_or(|it| truth(it, "/BindOptions/CreateMountpoint"));
        let read_only = mount.get("RW").and_then(Value::as_bool) == Some(false);
        Found { kind, source, target, read_only, creates }
    })
}

impl Found<'_> {
    /// Writes the mount as the file would; `own` is the file's mount at the same path.
    fn told(&self, own: Option<&ServiceMount>, file: &File) -> ServiceMount {
        let is_kind = |it: &&ServiceMount| it.kind == self.kind;
        let source = own.filter(is_kind).filter(|it| self.comes_from(&it.source, file));
        let creates = |bind: Option<&BindOptions>| bind.is_none_or(|it| it.create_host_path);
        let bind = match own.filter(is_kind).map(|it| &it.bind) {
            Some(bind)
                if self.kind == MountKind::Volume || creates(bind.as_ref()) == self.creates =>
            {
                bind.clone()
            }
            Some(_) => Some(BindOptions { create_host_path: self.creates }),
            None if self.kind == MountKind::Bind && !self.creates => {
                Some(BindOptions { create_host_path: false })
            }
            None => None,
        };
        ServiceMount {
            kind: self.kind,
            source: source.map_or_else(|| self.source(file), |it| it.source.clone()),
            target: own.map_or(&self.target, |it| &it.target).clone(),
            read_only: self.read_only,
            bind,
        }
    }

    fn comes_from(&self, source: &str, file: &File) -> bool {
        match self.kind {
            MountKind::Volume => self.source == file.volume_name(source),
            MountKind::Bind => host_path(self.source) == host_path(source),
        }
    }

    fn source(&self, file: &File) -> String {
        let key = match self.kind {
            MountKind::Volume => file.volumes.keys().find(|it| file.volume_name(it) == self.source),
            MountKind::Bind => None,
        };
        key.map_or(self.source, String::as_str).to_owned()
    }

    /// Returns the secret that the mount is, if it is one: one of the file's at this path, else one
    /// by its name.
    fn secret(&self, wanted: &Service, file: &File) -> Option<ServiceSecret> {
        let own = wanted.secrets.iter().find(|it| clean_path(&it.path()) == self.target).cloned();
        let by_name = || {
            let source = self.target.strip_prefix("/run/secrets/")?.to_owned();
            Some(ServiceSecret { source, target: None })
        };
        let secret = own.or_else(by_name)?;
        let source = &file.secrets.get(&secret.source)?.file;
        let is_it = self.kind == MountKind::Bind && self.read_only && self.comes_from(source, file);
        is_it.then_some(secret)
    }

    /// Whether the mount exists only because the image declares a volume. Such a volume has no
    /// name, so the engine invents one of 64 digits.
    fn is_of(&self, image: Option<&Value>) -> bool {
        let is_invented =
            self.source.len() == 64 && self.source.bytes().all(|it| it.is_ascii_hexdigit());
        let declared = |image: &Value| {
            entries(image, "/Config/Volumes").iter().any(|it| clean_path(it.0) == self.target)
        };
        self.kind == MountKind::Volume && is_invented && image.is_none_or(declared)
    }
}

pub(super) fn tmpfs(container: &Value, wanted: &Service) -> Vec<String> {
    let options = entries(container, "/HostConfig/Tmpfs").into_iter();
    let given = options.map(|(target, it)| match it.as_str().unwrap_or_default() {
        "" => target.to_owned(),
        options => format!("{target}:{options}"),
    });
    let mut found: Vec<_> = given.collect();
    let mounts = list(container, "/Mounts").filter(|it| text(it, "/Type") == "tmpfs");
    let mounts = mounts.map(|it| text(it, "/Destination").to_owned());
    let known: Vec<_> = found.iter().map(|it| folder(it).0).collect();
    found.extend(mounts.filter(|it| !known.iter().any(|known| known == it.trim_end_matches('/'))));
    same(&wanted.tmpfs, found, |it| folder(it))
}

/// Splits an entry into path and sorted options; leading zeros of a mode are dropped.
fn folder(text: &str) -> (String, Vec<String>) {
    let (target, options) = text.split_once(':').unwrap_or((text, ""));
    let options = options.split(',').filter(|it| !it.is_empty());
    let mut options: Vec<_> = options
        .map(|option| match option.strip_prefix("mode=") {
            Some(mode) => format!("mode={}", mode.trim_start_matches('0')),
            None => option.to_owned(),
        })
        .collect();
    options.sort_unstable();
    // Here, unlike for paths of the host, `/var/run` and `/run` are different folders.
    (target.trim_end_matches('/').to_owned(), options)
}
