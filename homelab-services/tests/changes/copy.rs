//! A copy of the work tree below `target`, with a folder of its own for what is built.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

pub(crate) struct Copy {
    pub(crate) root: PathBuf,
    target: PathBuf,
}

impl Copy {
    /// The work tree as it is now, with what git does not know yet, as one commit of a repository.
    pub(crate) fn new() -> Self {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let built = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it is below `target`");
        let folder = built.join("changes");
        let copy = Self { root: folder.join("house"), target: folder.join("target") };
        seed(built, &copy.target);
        let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let listed = succeeds(Command::new("git").args(list).current_dir(&tree));
        let files: BTreeSet<_> = listed.split_terminator('\0').map(PathBuf::from).collect();
        let files = files.into_iter().filter(|it| tree.join(it).is_file()).collect();
        let _ = fs::remove_dir_all(copy.root.join(".git"));
        synchronise(&tree, &copy.root, &files);
        copy.git(&["init", "--quiet", "--initial-branch", "main"]);
        copy.git(&["add", "--all"]);
        copy.git(&["commit", "--quiet", "--message", "the house before"]);
        copy
    }

    pub(crate) fn cargo(&self, words: &[&str]) -> String {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut command = Command::new(cargo);
        // What cargo tells this test of its package would be another reason to build for some crates.
        let ours = ["CARGO_PKG_", "CARGO_MANIFEST_"];
        for (name, _) in std::env::vars().filter(|it| ours.iter().any(|our| it.0.starts_with(our)))
        {
            command.env_remove(name);
        }
        command.args(words).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        let start = Instant::now();
        let said = succeeds(command.env_remove("INSTA_UPDATE"));
        say(&format!("  cargo {}: {} s", words.join(" "), start.elapsed().as_secs()));
        said
    }

    pub(crate) fn git(&self, words: &[&str]) -> String {
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        succeeds(Command::new("git").args(who).args(words).current_dir(&self.root))
    }
}

/// Not `eprintln!`, whose lines the test harness hides when the test passes.
pub(crate) fn say(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("somebody listens to the tests");
}

/// What a program prints, which must end well.
fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success(),
        "{out}\n{err}\n`{command:?}` failed in the copy of the house, {}",
        command.get_current_dir().unwrap_or(Path::new(".")).display()
    );
    out
}

/// Makes a folder what the work tree is. What is the same already stays as it is: cargo looks at the time
/// of a file and not at what it says.
fn synchronise(from: &Path, to: &Path, files: &BTreeSet<PathBuf>) {
    fs::create_dir_all(to).expect("`target` is writable");
    for left_over in below(to).iter().filter(|it| !files.contains(*it)) {
        fs::remove_file(to.join(left_over)).expect("`target` is writable");
    }
    for file in files {
        let (from, to) = (from.join(file), to.join(file));
        let text = fs::read(&from).expect("the work tree is readable");
        if fs::read(&to).is_ok_and(|it| it == text) {
            continue;
        }
        fs::create_dir_all(to.parent().expect("it is below the folder"))
            .expect("`target` is writable");
        fs::copy(&from, &to).expect("`target` is writable");
    }
}

/// Libraries from registries are built already where `cargo xtask test` ran: another folder takes them over.
fn seed(built: &Path, target: &Path) {
    for part in ["debug", "tests/trybuild/debug", "tests/trybuild/x86_64-unknown-linux-gnu/debug"] {
        let (from, to) = (built.join(part), target.join(part));
        if to.exists() {
            continue;
        }
        for folder in [".fingerprint", "build", "deps"] {
            for file in below(&from.join(folder)) {
                let (from, to) = (from.join(folder).join(&file), to.join(folder).join(&file));
                if !is_from_a_registry(&file) {
                    continue;
                }
                fs::create_dir_all(to.parent().expect("it is below the folder"))
                    .expect("`target` is writable");
                fs::copy(&from, &to).expect("`target` is writable");
                // By its time cargo knows that it is not older than what it was made of.
                let made = from.metadata().and_then(|it| it.modified()).expect("it was listed");
                let file = fs::File::options().append(true).open(&to).expect("it was made");
                file.set_modified(made).expect("`target` is writable");
            }
        }
    }
}

/// Whether this is a part of a library that another household would build in the same way.
fn is_from_a_registry(file: &Path) -> bool {
    let first = file.iter().next().unwrap_or_default().to_string_lossy();
    let name = first.strip_prefix("lib").unwrap_or(&first);
    let is_library = |it: &str| ["rlib", "rmeta", "so", "d"].contains(&it);
    let extension = file.extension().unwrap_or_default().to_string_lossy();
    !name.starts_with("homelab")
        && !name.starts_with("xtask")
        && (file.iter().count() > 1 || is_library(&extension))
}

/// Every file below a folder, by its path from there; none where there is no folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(within) = folders.pop() {
        let entries = fs::read_dir(folder.join(&within)).into_iter().flatten().flatten();
        for entry in entries {
            let path = within.join(entry.file_name());
            if entry.file_type().is_ok_and(|it| it.is_dir()) {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}
