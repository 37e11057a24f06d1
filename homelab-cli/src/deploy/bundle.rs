//! A bundle is what is sent to a host: an archive of a release's manifest and files.

use std::io::Read as _;
use std::path::Path;

use homelab_core::compose::File;
use homelab_core::compose::limits;
use homelab_core::release::Id;
use indexmap::IndexMap;

use super::files;
use super::place::HousePlace;
use super::release::{self, MANIFEST, Manifest};
use crate::bytes;
use crate::error::Error;
use crate::file;
use crate::git;
use crate::released::{self, COMPOSE};

/// Bytes of a bundle; generated files need far less.
pub(crate) const LIMIT: u64 = 16 << 20;

/// Number of files in a bundle, with its manifest. Today there are 7.
const FILES: usize = 512;

/// Bytes of one of its files, and of its manifest, too.
const FILE: usize = 1 << 20;

/// A release as it travels.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub(crate) manifest: Manifest,
    contents: IndexMap<String, Vec<u8>>,
    /// Its Compose file.
    pub(crate) file: File,
    /// Files that differ from those of the commit.
    pub(crate) uncommitted: Vec<String>,
}

impl Bundle {
    /// The generated files of a checkout as they are committed; `dirty` takes those of the work tree.
    pub(crate) fn of_checkout(folder: &Path, dirty: bool) -> Result<Self, Error> {
        let commit = git::commit(folder)?;
        let committed = git::committed(folder, &commit)?;
        if !dirty && let Some(path) = git::changed(folder)? {
            return Err(Error::Dirty(path));
        }
        released::has_no_override(folder)?;
        let contents = if dirty { work_tree(folder)? } else { committed.clone() };
        let has_file = contents.contains_key(COMPOSE);
        has_file.then_some(()).ok_or_else(|| Error::NotCloned(folder.join(COMPOSE)))?;
        let uncommitted = uncommitted(&committed, &contents);
        let id = Id::of(&commit, &release::content(&contents), !uncommitted.is_empty())?;
        let bundle = Self::of_contents(id, &commit, contents).and_then(|bundle| {
            // What this program has not generated is a mistake here, and may be newer elsewhere.
            released::has_no_unknown_key(&bundle.contents[COMPOSE]).map(|()| bundle)
        });
        let bundle = bundle.map_err(|error| {
            let Error::Bundle(because) = error else { return error };
            let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
            Error::Checkout { folder, because }
        })?;
        bundle.manifest.matches(&bundle.contents)?;
        Ok(Self { uncommitted, ..bundle })
    }

    /// A release of these files.
    pub(super) fn of_contents(
        id: Id,
        commit: &str,
        contents: IndexMap<String, Vec<u8>>,
    ) -> Result<Self, Error> {
        let file = compose(&contents)?;
        let manifest = Manifest::of(id, commit, &contents, &file);
        Ok(Self { manifest, contents, file, uncommitted: Vec::new() })
    }

    /// The contents of one of its files.
    pub(crate) fn contents(&self, path: &str) -> Option<&[u8]> {
        self.contents.get(path).map(Vec::as_slice)
    }

    /// The bytes of the bundle; the same files give the same bytes.
    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        let manifest = serde_json::to_vec_pretty(&self.manifest)
            .expect("a manifest is a struct with string keys, which JSON can hold");
        let files = self.contents.iter().map(|(path, it)| (path.as_str(), it.as_slice()));
        for (path, bytes) in [(MANIFEST, manifest.as_slice())].into_iter().chain(files) {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_mtime(0);
            header.set_size(bytes.len() as u64);
            let added = archive.append_data(&mut header, path, bytes);
            added.expect("a vector takes every byte, and a path of a release is short");
        }
        archive.into_inner().expect("a vector takes every byte")
    }

    /// Reads a bundle that was sent, and checks it; `digest` is what the sender announced.
    pub(crate) fn unpack(packed: &[u8], digest: &str) -> Result<Self, Error> {
        let found = bytes::digest(packed);
        if found != digest {
            let size = packed.len();
            return Err(Error::Bundle(format!(
                "it is `{found}` ({size} bytes), announced was `{digest}`: it was cut or changed on its way"
            )));
        }
        let broken = |it: std::io::Error| Error::Bundle(format!("it is no archive: {it}"));
        let mut contents = IndexMap::new();
        for entry in tar::Archive::new(packed).entries().map_err(broken)? {
            let entry = entry.map_err(broken)?;
            let path = entry.path().map_err(broken)?.to_string_lossy().into_owned();
            if !entry.header().entry_type().is_file() {
                return Err(Error::Bundle(format!("`{path}` is not a file")));
            }
            let mut bytes = Vec::new();
            entry.take(FILE as u64 + 1).read_to_end(&mut bytes).map_err(broken)?;
            limits::at_most(FILE, bytes.len(), "bytes")
                .map_err(|it| Error::Bundle(format!("`{path}`: {it}")))?;
            limits::at_most(FILES, contents.len() + 1, "files")
                .map_err(|it| Error::Bundle(it.to_string()))?;
            if contents.insert(path.clone(), bytes).is_some() {
                return Err(Error::Bundle(format!("`{path}` is in it twice")));
            }
        }
        let manifest = contents.shift_remove(MANIFEST);
        let manifest = manifest.ok_or_else(|| Error::Bundle("it has no manifest".to_owned()))?;
        let manifest: Manifest = serde_json::from_slice(&manifest)
            .map_err(|it| Error::Bundle(format!("its manifest is not valid: {it}")))?;
        manifest.matches(&contents)?;
        let file = compose(&contents)?;
        let own = Manifest::of(manifest.release.clone(), &manifest.commit, &contents, &file);
        if own != manifest {
            return Err(Error::Bundle("its manifest names other images".to_owned()));
        }
        manifest.is_named_by(&contents)?;
        Ok(Self { manifest, contents, file, uncommitted: Vec::new() })
    }

    /// Writes the release to the host, first under a temporary name, so that a release is whole or missing.
    ///
    /// If the release is there already, only files that somebody edited are written again: it may be the one
    /// that runs, and files of the host lie beside its own.
    pub(crate) fn stage(&self, place: &HousePlace) -> Result<(), Error> {
        let id = &self.manifest.release;
        let folder = place.release(id);
        let unfinished = place.releases().join(".unfinished");
        files::remove_folder(&unfinished)?;
        let manifest = serde_json::to_vec_pretty(&self.manifest)
            .expect("a manifest is a struct with string keys, which JSON can hold");
        if folder.exists() {
            match Manifest::load(place, id) {
                Ok(there) if there == self.manifest => {}
                Ok(_) => return Err(Error::OtherContent(id.to_string())),
                Err(_) => files::write(&folder.join(MANIFEST), &manifest, 0o644)?,
            }
            for path in altered(place, &self.manifest) {
                write_below(&folder, &path, &self.contents[&path])?;
            }
            return Ok(());
        }
        files::make_folder(&unfinished)?;
        for (path, bytes) in self.contents.iter().chain([(&MANIFEST.to_owned(), &manifest)]) {
            write_below(&unfinished, path, bytes)?;
        }
        files::rename(&unfinished, &folder)
    }
}

/// The Compose file among these.
fn compose(contents: &IndexMap<String, Vec<u8>>) -> Result<File, Error> {
    released::compose(contents.get(COMPOSE).map_or(&[], Vec::as_slice))
}

fn write_below(folder: &Path, path: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = folder.join(path);
    files::make_folder(path.parent().unwrap_or(folder))?;
    files::write(&path, bytes, 0o644)
}

/// The generated files of a checkout as they lie there.
fn work_tree(folder: &Path) -> Result<IndexMap<String, Vec<u8>>, Error> {
    let mut contents = IndexMap::new();
    let mut paths = vec![COMPOSE.to_owned(), ".env.example".to_owned()];
    let is_file = |path: &str| folder.join(path).symlink_metadata().is_ok_and(|it| it.is_file());
    let below = files_below(folder, "config")?.into_iter();
    paths.extend(below.filter(|it| release::is_allowed(it) && is_file(it)));
    for path in paths {
        if let Some(bytes) = files::read(&folder.join(&path))? {
            contents.insert(path, bytes);
        }
    }
    Ok(contents)
}

/// The paths at which two sets of files differ, each with how.
fn uncommitted(old: &git::Contents, new: &git::Contents) -> Vec<String> {
    let differs = |(path, bytes): (&String, &Vec<u8>)| match old.get(path) {
        None => Some(format!("{path} (new)")),
        Some(before) if before != bytes => Some(format!("{path} (changed)")),
        Some(_) => None,
    };
    let gone = old.keys().filter(|path| !new.contains_key(*path));
    new.iter().filter_map(differs).chain(gone.map(|path| format!("{path} (missing)"))).collect()
}

/// Files of a release that are not what its manifest says.
pub(crate) fn altered(place: &HousePlace, manifest: &Manifest) -> Vec<String> {
    let folder = place.release(&manifest.release);
    let is_there =
        |path: &str, hash: &str| release::is_file_with(&folder.join(path), hash).unwrap_or(false);
    let altered = manifest.files.iter().filter(|(path, hash)| !is_there(path, hash));
    altered.map(|(path, _)| path.clone()).collect()
}

/// Paths of everything below a folder except folders, relative to `root`, sorted.
pub(crate) fn files_below(root: &Path, folder: &str) -> Result<Vec<String>, Error> {
    let path = root.join(folder);
    let fail = |source| Error::Read { path: path.clone(), source };
    let mut found = Vec::new();
    let Some(entries) = file::if_there(&path, std::fs::read_dir(&path))? else { return Ok(found) };
    for entry in entries {
        let entry = entry.map_err(fail)?;
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(fail)?;
        if kind.is_dir() {
            found.extend(files_below(root, &name)?);
        } else {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use homelab_core::release::resolve;

    use super::super::place::tests::host;
    use super::super::preflight;
    use super::super::wanted::Wanted;
    use super::*;
    use crate::bytes::digest;

    const COMPOSE_FILE: &[u8] = b"name: house\nservices:\n  a:\n    image: \"a:1\"\n";

    fn bundle() -> Bundle {
        bundle_with(COMPOSE_FILE)
    }

    fn bundle_with(compose: &[u8]) -> Bundle {
        let contents = IndexMap::from([
            (COMPOSE.to_owned(), compose.to_vec()),
            ("config/a/b.yml".to_owned(), b"b: 1\n".to_vec()),
        ]);
        let commit = "0123456789abcdef";
        let id = Id::of(commit, &release::content(&contents), false).expect("both are digits");
        Bundle::of_contents(id, commit, contents).expect("a valid file")
    }

    fn refusal(bytes: &[u8]) -> String {
        Bundle::unpack(bytes, &digest(bytes)).expect_err("it is not whole").to_string()
    }

    #[test]
    fn it_comes_back_as_it_went() {
        let packed = bundle().pack();
        let back = Bundle::unpack(&packed, &digest(&packed)).expect("it is whole");
        assert_eq!(back.manifest, bundle().manifest);
        assert_eq!(back.contents, bundle().contents);
        assert_eq!(back.manifest.images["a"], "a:1");
    }

    /// As a newer program may have made it.
    #[test]
    fn a_key_that_this_program_does_not_know_is_passed_on_and_told() {
        let with = |line: &str| {
            let packed = bundle_with(&[COMPOSE_FILE, line.as_bytes()].concat()).pack();
            let bundle = Bundle::unpack(&packed, &digest(&packed)).expect("it is whole");
            Wanted::anywhere(&bundle, None).expect("it can be read")
        };
        let wanted = with("    dns_opt: \"${NAME:-my}-a$$b\"\n");
        let told = "`a` has the key `dns_opt`, which this program does not know: it is not judged";
        assert_eq!(wanted.after.warnings, [told]);
        let text = resolve::text(&wanted.after.file).replace('"', "");
        assert!(text.contains("dns_opt: my-a$$b\n"), "{text}");
        let rules = |wanted: &Wanted| {
            let found = preflight::refusals(wanted).into_iter().map(|it| it.rule);
            found.filter(|it| it == "powerful-key").count()
        };
        assert_eq!((rules(&wanted), rules(&with("    provider: { type: sh }\n"))), (0, 1));
        // What a host has, a plan changes when the key does.
        let other = with("    dns_opt: other\n");
        assert_ne!(
            wanted.after.stamps, other.after.stamps,
            "a container shows which it was made with"
        );
        let plan = other.against(&wanted);
        assert!(format!("{:?}", plan.services).contains("dns_opt"), "{:?}", plan.services);
    }

    #[test]
    fn what_was_cut_or_changed_is_refused() {
        let packed = bundle().pack();
        let announced = digest(&packed);
        for bytes in [&packed[..packed.len() / 2], &[], &packed[1..]] {
            let error = Bundle::unpack(bytes, &announced).expect_err("it is another one");
            assert!(error.to_string().contains("cut or changed"), "{error}");
        }
        // Somebody who also announces the new hash still cannot change a file behind the manifest.
        let text = String::from_utf8_lossy(&packed).replace("b: 1", "b: 2");
        assert!(refusal(text.as_bytes()).contains("not the file that was sent"));
        let cut = refusal(&packed[..1024]);
        assert!(cut.contains("`compose.yaml` is missing"), "{cut}");
    }

    #[test]
    fn nothing_lies_outside_of_a_release() {
        let mut it = bundle();
        it.contents.insert("secrets/x".to_owned(), Vec::new());
        assert!(refusal(&it.pack()).contains("not in its manifest"));
        it.manifest.files.insert("secrets/x".to_owned(), bytes::sha256(b""));
        assert!(refusal(&it.pack()).contains("which no release has"));
        let mut it = bundle();
        it.manifest.images["a"] = "b:1".to_owned();
        assert!(refusal(&it.pack()).contains("other images"));
        let mut it = bundle();
        it.manifest.format = 1;
        assert!(refusal(&it.pack()).contains("its format is 1, expected 2"));
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let with = |path: &str, bytes: Vec<u8>| {
            let mut it = bundle();
            it.contents.insert(path.to_owned(), bytes);
            refusal(&it.pack())
        };
        let large = with("config/x", vec![0; FILE + 1]);
        assert!(large.contains("`config/x`: it has 1048577 bytes or more"), "{large}");
        let mut it = bundle();
        it.contents.extend((0..FILES).map(|it| (format!("config/{it}"), Vec::new())));
        let many = refusal(&it.pack());
        assert!(many.contains("it has 513 files or more, expected at most 512"), "{many}");
        let mut it = bundle();
        it.manifest.commit = "0".repeat(FILE);
        let manifest = refusal(&it.pack());
        assert!(manifest.contains("`release.json`: it has 1048577 bytes"), "{manifest}");
        // 2,000 aliases of a third of a megabyte.
        let long = "x".repeat(300_000);
        let bomb = format!("x: &a {long}\ny: [{}]\n", "*a, ".repeat(2_000));
        let mut it = bundle();
        it.manifest.files.insert(COMPOSE.to_owned(), bytes::sha256(bomb.as_bytes()));
        it.contents.insert(COMPOSE.to_owned(), bomb.into_bytes());
        let bomb = refusal(&it.pack());
        assert!(bomb.contains("bytes of text or more, expected at most 1048576"), "{bomb}");
    }

    #[test]
    fn a_release_is_staged_whole_and_repaired() {
        let (_folder, place) = host();
        let it = bundle();
        it.stage(&place).expect("there is room");
        it.stage(&place).expect("twice is once");
        assert!(altered(&place, &it.manifest).is_empty());
        // The values with which it became healthy are the host's.
        let applied = place.applied(&it.manifest.release);
        std::fs::write(&applied, "A=1").expect("it is ours");
        let folder = place.release(&it.manifest.release);
        std::fs::write(folder.join("config/a/b.yml"), "edited").expect("it is ours");
        assert_eq!(altered(&place, &it.manifest), ["config/a/b.yml"]);
        it.stage(&place).expect("there is room");
        std::fs::write(folder.join(MANIFEST), "{").expect("it is ours");
        it.stage(&place).expect("there is room");
        assert!(altered(&place, &it.manifest).is_empty());
        assert_eq!(Manifest::load(&place, &it.manifest.release).expect("it is whole"), it.manifest);
        assert_eq!(std::fs::read(&applied).expect("it is kept"), b"A=1");
        assert!(!place.releases().join(".unfinished").exists());
    }

    #[test]
    fn other_content_under_a_known_name_is_refused_and_replaces_nothing() {
        let (_folder, place) = host();
        let it = bundle();
        it.stage(&place).expect("there is room");
        let mut other = it.contents.clone();
        other.insert(COMPOSE.to_owned(), b"name: evil\nservices: {}\n".to_vec());
        let id = it.manifest.release.clone();
        let evil = Bundle::of_contents(id, &it.manifest.commit, other).expect("a valid file");
        let error = refusal(&evil.pack());
        assert!(error.contains("it is named `0123456789ab-"), "{error}");
        // Not even when two hashes begin alike.
        let error = evil.stage(&place).expect_err("the name is taken").to_string();
        assert!(error.contains("is on this host with other files"), "{error}");
        let compose = place.release(&it.manifest.release).join(COMPOSE);
        assert_eq!(std::fs::read(compose).expect("it is there"), COMPOSE_FILE);
    }
}
