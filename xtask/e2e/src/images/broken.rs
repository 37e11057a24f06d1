//! Stand-ins that break the contract of their image, each in one way, for the lane `observe`.

use super::archive::Entry;
use super::table::{PROGRAM, StandIn};

/// The services whose stand-ins break something, and the claims that the suite has to name then.
pub(crate) const BROKEN: &[(&str, &[&str])] = &[
    ("adguardhome", &["anonymous volumes"]),
    ("filebrowser", &["ships_health"]),
    ("homer", &["egress"]),
    ("jellyfin", &["read_only", "writes"]),
    ("netdata", &["docker calls"]),
    ("redis", &["user"]),
    ("syncthing", &["runs as"]),
    ("uptime-kuma", &["ports"]),
    ("watchtower", &["memory"]),
];

/// A port, a path, a name and a call that no contract and no rule of the house allows.
const PORT: &str = "3999";
const FOLDER: &str = "/var/elsewhere";
const NAME: &str = "updates.example.com";
const CALL: &str = "/v1.41/secrets";

/// The stand-in as the lane `observe` gets it.
pub(super) fn of(mut it: StandIn) -> StandIn {
    match it.promise.service.as_str() {
        "adguardhome" => it.volumes.push("/var/forgotten"),
        "filebrowser" => it.health = None,
        "homer" => misbehave(&mut it, "ask", NAME),
        "jellyfin" => {
            misbehave(&mut it, "write", "/var/elsewhere/file");
            it.files.push(Entry::Folder { path: FOLDER.to_owned(), mode: 0o777, owner: 0 });
        }
        "netdata" => misbehave(&mut it, "call", CALL),
        "redis" => "1001:1001".clone_into(&mut it.user),
        "syncthing" => {
            for entry in &mut it.files {
                if let Entry::File { path, bytes, .. } = entry
                    && path.ends_with("docker-entrypoint.sh")
                {
                    *bytes = replaced(bytes);
                }
            }
        }
        "uptime-kuma" => misbehave(&mut it, "listen", PORT),
        "watchtower" => misbehave(&mut it, "hold", "memory"),
        _ => {}
    }
    it
}

/// The script of Syncthing's image, for another user than it is told.
fn replaced(script: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(script).replace("set -eu\n", "set -eu\nPUID=1001\n").into_bytes()
}

/// Does it beside the image's program.
fn misbehave(it: &mut StandIn, deed: &'static str, value: &'static str) {
    it.entrypoint.splice(..0, [PROGRAM, "misdeed", deed, value]);
}
