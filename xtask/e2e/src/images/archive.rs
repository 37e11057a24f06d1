//! Images put together as an archive for `docker load`, and as the storage of a registry: no builder, no
//! push, no network.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A file system layer: an uncompressed tar and its digest.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) tar: Tar,
    /// `sha256` of the tar in hexadecimal digits.
    pub(crate) digest: String,
}

/// Where the bytes of a layer are.
#[derive(Clone, Debug)]
pub(crate) enum Tar {
    File(PathBuf),
    Bytes(Vec<u8>),
}

/// What a layer holds at a path.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    File { path: String, mode: u32, bytes: Vec<u8> },
    Folder { path: String, mode: u32, owner: u32 },
}

impl Entry {
    fn path(&self) -> &str {
        match self {
            Self::File { path, .. } | Self::Folder { path, .. } => path,
        }
    }
}

/// An image: its name, its layers from the lowest on, and its configuration.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) reference: String,
    pub(crate) layers: Vec<Layer>,
    /// The `config` object of the image specification.
    pub(crate) config: Value,
}

impl Layer {
    /// A layer that is already a file.
    pub(crate) fn file(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let digest = digest(BufReader::with_capacity(1 << 20, file))?;
        Ok(Self { tar: Tar::File(path.to_owned()), digest })
    }

    /// A layer of these entries; of two with the same path the later one counts.
    pub(crate) fn of(entries: &[Entry]) -> anyhow::Result<Self> {
        let mut builder = tar::Builder::new(Vec::new());
        for (at, entry) in entries.iter().enumerate() {
            // The engine refuses an archive that has a path twice.
            if !entries[at + 1..].iter().any(|it| it.path() == entry.path()) {
                append(&mut builder, entry)?;
            }
        }
        let bytes = builder.into_inner()?;
        Ok(Self { digest: digest(bytes.as_slice())?, tar: Tar::Bytes(bytes) })
    }

    fn name(&self) -> String {
        format!("{}.tar", self.digest)
    }
}

impl Image {
    /// The image specification's document.
    fn document(&self) -> anyhow::Result<Vec<u8>> {
        let diff_ids: Vec<_> =
            self.layers.iter().map(|it| format!("sha256:{}", it.digest)).collect();
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Ok(serde_json::to_vec(&json!({
            "architecture": architecture,
            "os": "linux",
            "config": self.config,
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
        }))?)
    }
}

/// A short digest of what an image is made of, for its tag.
pub(crate) fn fingerprint(layers: &[Layer], config: &Value) -> anyhow::Result<String> {
    let mut text = serde_json::to_string(config)?;
    for layer in layers {
        text.push_str(&layer.digest);
    }
    Ok(digest(text.as_bytes())?[..12].to_owned())
}

/// Writes the archive; layers that images share are in it once.
pub(crate) fn write<'a>(
    images: impl Iterator<Item = &'a Image>,
    path: &Path,
) -> anyhow::Result<()> {
    let mut out = tar::Builder::new(BufWriter::with_capacity(1 << 20, File::create(path)?));
    let mut written = Vec::new();
    let mut manifest = Vec::new();
    for image in images {
        let document = image.document()?;
        let config = format!("{}.json", digest(document.as_slice())?);
        add(&mut out, &config, 0o644, &document)?;
        for layer in &image.layers {
            let name = layer.name();
            if written.contains(&name) {
                continue;
            }
            match &layer.tar {
                Tar::Bytes(bytes) => add(&mut out, &name, 0o644, bytes)?,
                Tar::File(file) => out.append_path_with_name(file, &name)?,
            }
            written.push(name);
        }
        let layers: Vec<_> = image.layers.iter().map(Layer::name).collect();
        manifest.push(json!({ "Config": config, "RepoTags": [image.reference], "Layers": layers }));
    }
    add(&mut out, "manifest.json", 0o644, &serde_json::to_vec(&manifest)?)?;
    out.into_inner()?.flush()?;
    Ok(())
}

/// Writes an image where a registry keeps it, as `name` with a tag; the digest of its manifest.
///
/// Layers stay uncompressed, so that neither a push nor a pull has to work on them.
pub(crate) fn store(image: &Image, root: &Path, name: &str, tag: &str) -> anyhow::Result<String> {
    let store = Store { root: &root.join("docker/registry/v2"), name };
    let blob = |kind: &str, size: u64, digest: &str| {
        let kind = format!("application/vnd.docker.{kind}");
        json!({ "mediaType": kind, "size": size, "digest": format!("sha256:{digest}") })
    };
    let mut layers = Vec::new();
    for layer in &image.layers {
        let path = store.blob(&layer.digest)?;
        match &layer.tar {
            Tar::Bytes(bytes) => fs::write(&path, bytes)?,
            Tar::File(_) if path.exists() => {}
            Tar::File(file) => drop(fs::copy(file, &path)?),
        }
        store.link("_layers", &layer.digest)?;
        let size = fs::metadata(&path)?.len();
        layers.push(blob("image.rootfs.diff.tar", size, &layer.digest));
    }
    let document = image.document()?;
    let config = digest(document.as_slice())?;
    fs::write(store.blob(&config)?, &document)?;
    store.link("_layers", &config)?;
    let kind = "application/vnd.docker.distribution.manifest.v2+json";
    let config = blob("container.image.v1+json", document.len() as u64, &config);
    let manifest =
        json!({ "schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers });
    let manifest = serde_json::to_vec(&manifest)?;
    let digest = digest(manifest.as_slice())?;
    fs::write(store.blob(&digest)?, &manifest)?;
    for kind in ["_manifests/revisions", &format!("_manifests/tags/{tag}/index")] {
        store.link(kind, &digest)?;
    }
    store.write(&format!("_manifests/tags/{tag}/current"), &digest)?;
    Ok(digest)
}

/// A repository in the storage of a registry.
struct Store<'a> {
    root: &'a Path,
    name: &'a str,
}

impl Store<'_> {
    /// Where the bytes with a digest are.
    fn blob(&self, digest: &str) -> io::Result<PathBuf> {
        let folder = self.root.join("blobs/sha256").join(&digest[..2]).join(digest);
        fs::create_dir_all(&folder)?;
        Ok(folder.join("data"))
    }

    /// Says that the repository has the bytes with a digest.
    fn link(&self, kind: &str, digest: &str) -> io::Result<()> {
        self.write(&format!("{kind}/sha256/{digest}"), digest)
    }

    fn write(&self, folder: &str, digest: &str) -> io::Result<()> {
        let folder = self.root.join("repositories").join(self.name).join(folder);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("link"), format!("sha256:{digest}"))
    }
}

fn append(builder: &mut tar::Builder<Vec<u8>>, entry: &Entry) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mtime(0);
    match entry {
        Entry::File { path, mode, bytes } => add(builder, path, *mode, bytes),
        Entry::Folder { path, mode, owner } => {
            header.set_entry_type(tar::EntryType::Directory);
            header.set_mode(*mode);
            header.set_uid(u64::from(*owner));
            header.set_gid(u64::from(*owner));
            header.set_size(0);
            builder.append_data(&mut header, path.trim_start_matches('/'), io::empty())
        }
    }
}

fn add(
    builder: &mut tar::Builder<impl Write>,
    path: &str,
    mode: u32,
    bytes: &[u8],
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mtime(0);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(bytes.len() as u64);
    builder.append_data(&mut header, path.trim_start_matches('/'), bytes)
}

/// `sha256` in hexadecimal digits.
pub(crate) fn digest(mut from: impl io::Read) -> anyhow::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
    }
    let mut digits = String::new();
    for byte in hasher.finalize() {
        let _ = write!(digits, "{byte:02x}");
    }
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_has_shared_layers_once() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let base = Layer::of(&[Entry::Folder { path: "/tmp".to_owned(), mode: 0o1777, owner: 0 }]);
        let base = base.expect("a layer");
        let file = |text: &str| Entry::File {
            path: "/etc/who".to_owned(),
            mode: 0o644,
            bytes: text.as_bytes().to_vec(),
        };
        let image = |name: &str| Image {
            reference: format!("{name}:1"),
            layers: vec![base.clone(), Layer::of(&[file(name)]).expect("a layer")],
            config: json!({}),
        };
        let path = folder.path().join("images.tar");
        write([image("a"), image("b")].iter(), &path).expect("an archive");
        let mut archive = tar::Archive::new(File::open(path).expect("the archive"));
        let names: Vec<_> = archive
            .entries()
            .expect("entries")
            .map(|it| it.expect("an entry").path().expect("a path").display().to_string())
            .collect();
        let ends_with = |end: &str| names.iter().filter(|it| it.ends_with(end)).count();
        assert_eq!((ends_with(".tar"), ends_with(".json")), (3, 3), "{names:?}");
        assert_eq!(names.last().map(String::as_str), Some("manifest.json"));
    }
}
