//! The registry of the lane: stand-ins under the names of the real images, with a certificate for the
//! real registries' hosts that only this lane's engine trusts.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use homelab_core::model::project::split_image;

use crate::images::{Images, registry_and_path};
use crate::run::{self, output, program};

/// Where it listens.
pub(crate) const ADDRESS: &str = "127.0.0.1:5443";

/// The authorities that the lane's host trusts.
const TRUSTED: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Its settings and its certificate, in the lane's memory.
const FOLDER: &str = "/run/registry";

/// Starts it and makes the engine trust it; it ends with the lane.
pub(crate) fn start(slot: &Path, images: &Images) -> anyhow::Result<Child> {
    let hosts: BTreeSet<_> = images
        .observed
        .iter()
        .map(|(_, it)| registry_and_path(split_image(it).repository).0)
        .collect();
    fs::create_dir_all(FOLDER)?;
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|it| format!("{FOLDER}/{it}"));
    let names: Vec<_> = hosts.iter().map(|it| format!("DNS:{it}")).collect();
    let names = format!("subjectAltName={}", names.join(","));
    let words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
    let mut openssl = program("openssl", &words);
    openssl.args(["-subj", "/CN=the lane's registry", "-addext", &names]);
    output(openssl.args(["-keyout", &key, "-out", &certificate]))?;
    // Of Docker Hub the engine trusts nothing but what the host does, which it reads at its first pull.
    let mut trusted = fs::OpenOptions::new().append(true).open(TRUSTED)?;
    trusted.write_all(&fs::read(&certificate)?)?;
    let config = format!("{FOLDER}/config.yml");
    let text = format!(
        "version: 0.1\nlog: {{ level: warn }}\n\
         http: {{ addr: \"{ADDRESS}\", tls: {{ certificate: {certificate}, key: {key} }} }}\n\
         storage: {{ filesystem: {{ rootdirectory: {:?} }}, \
         maintenance: {{ readonly: {{ enabled: true }} }} }}\n",
        images.registry.display().to_string()
    );
    fs::write(&config, text)?;
    let log = fs::File::create(slot.join("registry.log"))?;
    let mut command = Command::new("docker-registry");
    command.args(["serve", &config]).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let child = command.spawn().context("cannot run docker-registry")?;
    run::until(Duration::from_secs(20), || {
        TcpStream::connect(ADDRESS).context("the registry does not answer")
    })?;
    Ok(child)
}
