//! Reads capabilities, security options and devices.

use serde_json::Value;

use super::json::{list, text, texts, truth};
use super::same;
use crate::compose::Service;

pub(super) fn capabilities(container: &Value, pointer: &str, wanted: &[String]) -> Vec<String> {
    let plain = |name: &String| {
        let upper = name.to_ascii_uppercase();
        upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
    };
    same(wanted, texts(container, pointer).iter().map(plain).collect(), plain)
}

/// `SELinux` cannot label a container that sees the host's processes or memory, so the engine adds
/// an option of its own.
pub(super) fn options(container: &Value, wanted: &Service) -> Vec<String> {
    let mode = |pointer| text(container, pointer) == "host";
    let adds = mode("/HostConfig/PidMode")
        || mode("/HostConfig/IpcMode")
        || truth(container, "/HostConfig/Privileged");
    let mut found = texts(container, "/HostConfig/SecurityOpt");
    if adds && !wanted.security_opt.iter().any(|it| option(it).starts_with("label=")) {
        found.retain(|it| option(it) != "label=disable");
    }
    same(&wanted.security_opt, found, |it| option(it))
}

/// Writes both spellings as `key=value`. Compose passes the content of a file of rules to the
/// engine, and a content cannot be compared with a path.
fn option(text: &str) -> String {
    let Some((key, value)) = text.split_once([':', '=']) else {
        return if text == "no-new-privileges" {
            "no-new-privileges=true".to_owned()
        } else {
            text.to_owned()
        };
    };
    if key == "seccomp" && (value.starts_with('{') || value.contains(['/', '.'])) {
        return "seccomp=rules of a file".to_owned();
    }
    format!("{key}={value}")
}

pub(super) fn devices(container: &Value, wanted: &Service) -> Vec<String> {
    let found = list(container, "/HostConfig/Devices").map(|device| {
        let (host, inside) = (text(device, "/PathOnHost"), text(device, "/PathInContainer"));
        format!("{host}:{inside}:{}", text(device, "/CgroupPermissions"))
    });
    same(&wanted.devices, found.collect(), device)
}

/// Splits `source[:target[:permissions]]`, and sorts the permissions.
#[expect(clippy::ptr_arg, reason = "it is passed where elements of lists are compared")]
fn device(text: &String) -> (String, String, Vec<char>) {
    let mut parts = text.splitn(3, ':');
    let source = parts.next().unwrap_or_default();
    let target = parts.next().unwrap_or(source);
    let mut permissions: Vec<_> =
        parts.next().filter(|it| !it.is_empty()).unwrap_or("rwm").chars().collect();
    permissions.sort_unstable();
    (source.to_owned(), target.to_owned(), permissions)
}
