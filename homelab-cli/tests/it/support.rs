//! A house and a host in a temporary folder.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use homelab_core::lower::lower;
use homelab_core::yaml::{self, Spacing};

pub(crate) struct House {
    folder: tempfile::TempDir,
    docker: &'static str,
    shell: Vec<(&'static str, &'static str)>,
}

impl House {
    /// An empty project folder, and a host like the one that the stack is made for.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        let house = Self { folder, docker: "good", shell: Vec::new() };
        fs::create_dir(house.path("project")).expect("the folder is new");
        let cpus = "processor\t: 0\n".repeat(4);
        for (name, text) in [
            ("proc/meminfo", "MemTotal:       12582912 kB\nMemFree: 1 kB\n"),
            ("proc/cpuinfo", &cpus),
            ("proc/net/tcp", "  sl  local_address rem_address   st\n"),
            ("etc/timezone", "Europe/Berlin\n"),
            ("etc/os-release", ""),
            ("etc/passwd", ""),
            ("etc/group", ""),
        ] {
            house.write(&format!("root/{name}"), text);
        }
        fs::create_dir(house.path("root/sys")).expect("the folder is new");
        house
    }

    /// A clone of the repository on that host.
    pub(crate) fn cloned() -> Self {
        let house = Self::empty();
        let compose = yaml::render(&lower(&homelab_services::house().stack), "", Spacing::Sections);
        house.write("project/compose.yaml", &format!("# Generated.\n\n{compose}"));
        for file in homelab_services::house().files {
            house.write(&format!("project/{}", file.path), &file.text);
        }
        house
    }

    /// A house that `doctor` has nothing to say about, but for owners that only root can give.
    pub(crate) fn ready() -> Self {
        let house = Self::cloned();
        for name in ["media", "sync", "photos", "files", "filebrowser", "backups"] {
            let path = house.path(&format!("root/srv/{name}"));
            fs::create_dir_all(&path).expect("the folder is new");
            house.set_mode(&format!("root/srv/{name}"), 0o777);
        }
        let made =
            house.run(&["init", "--set=DATA_ROOT=/srv", "--set=PUID=1000", "--set=PGID=1000"]);
        assert!(made.starts_with("exit_code: 0"), "{made}");
        house
    }

    pub(crate) fn with_docker(mut self, behaviour: &'static str) -> Self {
        self.docker = behaviour;
        self
    }

    pub(crate) fn with_shell(mut self, name: &'static str, value: &'static str) -> Self {
        self.shell.push((name, value));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        let folder = path.parent().expect("every name is below the temporary folder");
        fs::create_dir_all(folder).expect("the temporary folder is ours");
        fs::write(&path, text).expect("the temporary folder is ours");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the test made this file")
    }

    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(self.path(name), permissions).expect("the file is ours");
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).expect("the test made this file").mode() & 0o7777
    }

    /// Whether the tests run as root, who alone can give files away.
    pub(crate) fn is_root(&self) -> bool {
        self.owner().starts_with("0:")
    }

    /// User and group of what the tests make.
    pub(crate) fn owner(&self) -> String {
        let metadata = fs::metadata(self.path("project")).expect("it was just made");
        format!("{}:{}", metadata.uid(), metadata.gid())
    }

    /// Runs the program in the project's folder.
    pub(crate) fn output(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("cargo has built the program")
    }

    fn command(&self, words: &[&str]) -> Command {
        let fake = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fake");
        let path = if self.docker == "missing" { "/nonexistent" } else { fake };
        let mut command = Command::new(env!("CARGO_BIN_EXE_homelab"));
        command
            .args(words)
            .arg("--host-root")
            .arg(self.path("root"))
            .current_dir(self.path("project"))
            .env_clear()
            .envs([("PATH", path), ("FAKE_DOCKER", self.docker)])
            .envs([("SUDO_UID", "1000"), ("SUDO_GID", "1000")])
            .envs(self.shell.iter().copied());
        command
    }

    /// What a terminal shows: both streams, in the order in which they were written.
    pub(crate) fn terminal(&self, words: &[&str]) -> String {
        let both = fs::File::create(self.path("terminal")).expect("the temporary folder is ours");
        let err = both.try_clone().expect("a file has more than one handle");
        let status = self.command(words).stdout(both).stderr(err).status();
        assert!(status.expect("cargo has built the program").success());
        self.text(self.read("terminal").as_bytes())
    }

    /// What it says when its output cannot be written.
    pub(crate) fn with_full_stdout(&self, words: &[&str]) -> String {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let output = self.command(words).stdout(full).output();
        self.shown(&output.expect("cargo has built the program"))
    }

    fn text(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        let text = text.replace(&self.folder.path().display().to_string(), "[TMP]");
        let lines = text.lines().filter(|it| !is_about_owners(it)).map(without_password);
        lines.map(|it| it + "\n").collect()
    }

    /// Exit code, stdout and stderr, with what differs from run to run replaced.
    pub(crate) fn run(&self, words: &[&str]) -> String {
        self.shown(&self.output(words))
    }

    fn shown(&self, output: &Output) -> String {
        let code = output.status.code().expect("the program was not killed");
        let (out, err) = (self.text(&output.stdout), self.text(&output.stderr));
        format!("exit_code: {code}\n----- stdout -----\n{out}----- stderr -----\n{err}")
    }

    /// What `doctor` finds about the host, but for owners that only root can give.
    ///
    /// Rules of the stack have tests of their own; the exit code is checked against all.
    pub(crate) fn doctor(&self, words: &[&str]) -> String {
        self.host_findings(&self.output(&[&["doctor"], words].concat()))
    }

    /// The same for another user; only root can try that.
    pub(crate) fn doctor_as(&self, user: u32, words: &[&str]) -> String {
        self.set_mode("", 0o755);
        // Not from the repository's folder, which may be closed to others; and by a program, since
        // a file that a thread of this one still writes cannot be run.
        let bin = self.path("bin");
        fs::create_dir_all(&bin).expect("the temporary folder is ours");
        let fake = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fake/docker");
        let copied =
            Command::new("cp").args([env!("CARGO_BIN_EXE_homelab"), fake]).arg(&bin).status();
        assert!(copied.expect("every system has `cp`").success());
        let inherited = self.command(&[&["doctor"], words].concat());
        let mut command = Command::new(bin.join("homelab"));
        command.args(inherited.get_args()).current_dir(self.path("project")).env_clear();
        let set = inherited.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let output = command.envs(set).env("PATH", &bin).uid(user).gid(user).output();
        self.host_findings(&output.expect("root may become anybody"))
    }

    fn host_findings(&self, output: &Output) -> String {
        let all = String::from_utf8_lossy(&output.stdout);
        let bad = all.lines().any(|it| it.starts_with("error["));
        assert_eq!(output.status.code(), Some(i32::from(bad)), "{all}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let about_host =
            |it: &&str| it.starts_with("error[host-") || it.starts_with("warning[host-");
        let owner = |it: &&str| it.contains("its services need") && !self.is_root();
        let blocks = all.split("\n\n").filter(|it| about_host(it) && !owner(it));
        let text = blocks.collect::<Vec<_>>().join("\n\n");
        text.replace(&self.folder.path().display().to_string(), "[TMP]")
    }
}

/// A pipe. Whoever waits for its writer gets nothing, so that a test fails instead of hanging.
pub(crate) fn pipe(path: PathBuf) {
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("every system has `mkfifo`").success());
    std::thread::spawn(move || {
        while path.symlink_metadata().is_ok_and(|it| it.file_type().is_fifo()) {
            drop(fs::OpenOptions::new().write(true).open(&path));
        }
    });
}

/// Lines that only somebody who is not root gets.
fn is_about_owners(line: &str) -> bool {
    line.contains("sudo chown") || line.contains("give these secrets to")
}

fn without_password(line: &str) -> String {
    match line.strip_prefix("password  ") {
        Some(password) if password.len() == 23 => "password  [PASSWORD]".to_owned(),
        _ => line.to_owned(),
    }
}

/// Compares with a snapshot of its own file: for output that changes whenever the house does, so
/// that `INSTA_UPDATE=always cargo xtask test` brings it up to date.
pub(crate) fn whole(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../snapshots/cli"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description("written by `INSTA_UPDATE=always cargo xtask test`; review the diff");
    settings.bind(|| insta::assert_snapshot!(name, text));
}
