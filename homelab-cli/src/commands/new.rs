//! `homelab new`: the repository of another household.

mod skeleton;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use homelab_core::dsl::name::ServiceName;
use homelab_core::dsl::units::Memory;

use self::skeleton::{Libraries, Values};
use crate::error::Error;
use crate::exit;
use crate::git;
use crate::house_folder::HouseFolder;
use crate::ui::Ui;

/// Write the repository of another household
///
/// A workspace with the proxy and one service, the programs `homelab` and `cargo xtask` for it, and
/// the workflows that check and deploy it. Run it in a clone of this repository, whose libraries it
/// will use: by their path, or with `--git` from where others find this clone's commit.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder to make; its name is the project's, unless `--name` says another one
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Name of the Compose project: lowercase letters, digits and single dashes
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Address from which cargo fetches the libraries, instead of this clone's path
    #[arg(long, value_name = "URL")]
    git: Option<String>,
}

pub(crate) fn run(ui: &mut Ui, house: &HouseFolder, args: &Args) -> Result<u8, Error> {
    let folder = &args.folder;
    let from_folder = || Some(folder.file_name()?.to_string_lossy().into_owned());
    let name = args.name.clone().or_else(from_folder).unwrap_or_default();
    if let Err(problem) = ServiceName::parse(name.clone().leak()) {
        return Err(Error::NewName { because: problem.to_string() });
    }
    let is_free = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if !is_free {
        return Err(Error::Taken(folder.clone()));
    }
    if !house.path("homelab-core/Cargo.toml").is_file() {
        return Err(Error::NoLibraries(house.folder().to_owned()));
    }
    let libraries = libraries(house, args)?;
    let host = &house.host;
    let memory = host.memory().map_or(8192, Memory::as_mib) / 1024;
    let cores = host.cores().unwrap_or(4);
    let values = Values { project: &name, libraries: &libraries, memory: memory.max(2), cores };
    for file in skeleton::files(&values) {
        write(&folder.join(file.path), &file.text, file.mode)?;
    }
    ui.done("created", folder.display());
    ui.note(format_args!(
        "\nnext:\n  cd {}\n  cargo xtask gen\n`README.md` there says how it goes on",
        folder.display()
    ));
    Ok(exit::FINE)
}

/// Where it finds the libraries of this clone.
fn libraries(house: &HouseFolder, args: &Args) -> Result<Libraries, Error> {
    if let Some(url) = &args.git {
        let commit = git::commit(house.folder())?;
        return Ok(Libraries::Git { url: url.clone(), commit });
    }
    fs::create_dir_all(&args.folder)
        .map_err(|source| Error::Write { path: args.folder.clone(), source })?;
    let real = |path: &Path| {
        path.canonicalize().map_err(|source| Error::Read { path: path.to_owned(), source })
    };
    Ok(Libraries::Path(relative(&real(&args.folder)?, &real(house.folder())?)))
}

/// The way from one folder to another, both absolute and without detours.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let plain = |path: &Path| -> Vec<_> {
        let parts = path.components().filter(|it| matches!(it, Component::Normal(_)));
        parts.map(|it| it.as_os_str().to_owned()).collect()
    };
    let (from, to) = (plain(from), plain(to));
    let same = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = from[same..].iter().map(|_| PathBuf::from(".."));
    up.chain(to[same..].iter().map(PathBuf::from)).collect()
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    let fail = |source| Error::Write { path: path.to_owned(), source };
    fs::create_dir_all(path.parent().unwrap_or(path)).map_err(fail)?;
    fs::write(path, text).map_err(fail)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_between_folders_goes_up_and_down() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to));
        assert_eq!(way("/a/mine", "/a/homelab"), Path::new("../homelab"));
        assert_eq!(way("/a/homelab/x/mine", "/a/homelab"), Path::new("../.."));
        assert_eq!(way("/a", "/b/c"), Path::new("../b/c"));
    }
}
