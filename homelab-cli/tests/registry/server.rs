//! A real registry on a free port of this machine, with images that are pushed by its own API.

use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

/// Ends with the test, whatever becomes of it.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: String,
}

/// For a registry that wants one: any will do.
const TOKEN: &str = "Bearer the-test";

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// How an image is listed: alone, or in an index of several architectures.
#[derive(Clone, Copy, Debug)]
pub(crate) enum As {
    Manifest,
    Index,
}

impl Server {
    /// Starts one that keeps its images in this folder; `extra` is more of its configuration.
    pub(crate) fn start(folder: &Path, extra: &str) -> Self {
        // Somebody else may take the port before the registry does: then it ends, and another
        // port is tried.
        for _ in 0..5 {
            let free = TcpListener::bind("127.0.0.1:0").expect("this machine has a loopback");
            let address = free.local_addr().expect("it was just bound").to_string();
            drop(free);
            let data = folder.join("registry").display().to_string();
            let config = format!(
                "version: 0.1\nlog:\n  accesslog:\n    disabled: true\n  level: error\nstorage:\n  \
                 filesystem:\n    rootdirectory: \"{data}\"\nhttp:\n  addr: {address}\n{extra}"
            );
            let file = folder.join("registry.yml");
            std::fs::write(&file, config).expect("the temporary folder is ours");
            let process = Command::new("docker-registry")
                .arg("serve")
                .arg(&file)
                .env("OTEL_TRACES_EXPORTER", "none")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("`docker-registry` is installed: `apt-get install docker-registry`");
            let mut server = Self { process, address };
            if server.is_up() {
                return server;
            }
        }
        unreachable!("`docker-registry` does not start: try `docker-registry serve` by hand")
    }

    fn is_up(&mut self) -> bool {
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if self.process.try_wait().expect("it is our child").is_some() {
                return false;
            }
            if TcpStream::connect(&self.address).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// Pushes an image that was made at this time, and returns the digest of what the tag is.
    ///
    /// `content` makes one image differ from another.
    pub(crate) fn push(
        &self,
        path: &str,
        tag: &str,
        content: &str,
        created: &str,
        kind: As,
    ) -> String {
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","created":"{created}","config":{{"Labels":{{"content":"{content}"}}}},"rootfs":{{"type":"layers","diff_ids":[]}}}}"#
        );
        let (digest, size) = (self.blob(path, config.as_bytes()), config.len());
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{IMAGE}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":{size}}},"layers":[]}}"#
        );
        match kind {
            As::Manifest => self.manifest(path, tag, IMAGE, &manifest),
            As::Index => {
                let (digest, size) = (digest_of(manifest.as_bytes()), manifest.len());
                self.manifest(path, &digest, IMAGE, &manifest);
                let index = format!(
                    r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{{"mediaType":"{IMAGE}","digest":"{digest}","size":{size},"platform":{{"os":"linux","architecture":"amd64"}}}}]}}"#
                );
                self.manifest(path, tag, INDEX, &index)
            }
        }
    }

    fn blob(&self, path: &str, bytes: &[u8]) -> String {
        let digest = digest_of(bytes);
        let url = format!("http://{}/v2/{path}/blobs/uploads/", self.address);
        let agent = agent();
        let begun = agent
            .post(url)
            .header("authorization", TOKEN)
            .send_empty()
            .expect("the registry lets everybody push");
        let to = begun.headers().get("location").expect("an upload has an address");
        let to = to.to_str().expect("an address is text");
        let sign = if to.contains('?') { '&' } else { '?' };
        let request = agent.put(format!("{to}{sign}digest={}", digest.replace(':', "%3A")));
        let request = request.header("authorization", TOKEN);
        let done = request.header("content-type", "application/octet-stream").send(bytes);
        assert_eq!(done.expect("the registry answers").status().as_u16(), 201);
        digest
    }

    fn manifest(&self, path: &str, reference: &str, kind: &str, text: &str) -> String {
        let url = format!("http://{}/v2/{path}/manifests/{reference}", self.address);
        let request = agent().put(url).header("authorization", TOKEN);
        let done = request.header("content-type", kind).send(text);
        assert_eq!(done.expect("the registry takes what was pushed").status().as_u16(), 201);
        digest_of(text.as_bytes())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().proxy(None).build().into()
}

pub(crate) fn digest_of(bytes: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("a text grows");
    }
    text
}
