//! A checkout, the folder of a house, and programs of a test's own before all others.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub(crate) const COMPOSE: &str = r#"name: homelab
services:
  web:
    image: "web:1"
    networks: [proxy]
    ports: [{ target: 443, published: "443", protocol: tcp }]
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
networks: { proxy: {} }
"#;

pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        for name in ["checkout", "house", "bin"] {
            fs::create_dir(scene.path(name)).expect("the folder is ours");
        }
        scene.write("checkout/compose.yaml", COMPOSE);
        scene.write("checkout/config/web/a.yml", "a: 1\n");
        scene.git("checkout", &["init", "--quiet"]);
        scene.commit("checkout");
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it is below the folder")).expect("it is ours");
        fs::write(path, text).expect("the folder is ours");
    }

    /// A program that is found before the real one.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let name = format!("bin/{name}");
        self.write(&name, &format!("#!/bin/sh\n{script}\n"));
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.path(&name), mode).expect("the file is ours");
    }

    pub(crate) fn git(&self, folder: &str, words: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-C"]);
        let output = git.arg(self.path(folder)).args(words).output().expect("git is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub(crate) fn commit(&self, folder: &str) -> String {
        self.git(folder, &["add", "--all"]);
        self.git(folder, &["commit", "--quiet", "--message", "x"]);
        self.git(folder, &["rev-parse", "HEAD"])
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(env!("CARGO_BIN_EXE_homelab"));
        command.args(words).current_dir(self.path("checkout"));
        command.env_clear().env("PATH", format!("{}:{path}", self.path("bin").display()));
        command.env("USER", "ada");
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> (i32, String) {
        shown(&self.command(words).output().expect("cargo has built the program"))
    }

    /// The same with something on the standard input.
    pub(crate) fn feed(&self, words: &[&str], input: &[u8]) -> (i32, String) {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("cargo has built the program");
        let mut pipe = child.stdin.take().expect("it was asked for");
        // One that refuses early does not read everything.
        let _ = pipe.write_all(input);
        drop(pipe);
        shown(&child.wait_with_output().expect("it ends"))
    }

    /// What the client sends, caught by an `ssh` of the test's own: its words and its input.
    pub(crate) fn sent(&self, words: &[&str]) -> (String, Vec<u8>) {
        self.write("known_hosts", "");
        let folder = self.folder.path().display();
        self.program("ssh", &format!("printf '%s\\n' \"$@\" >{folder}/words\ncat >{folder}/input"));
        let known = self.path("known_hosts").display().to_string();
        let (code, said) = self
            .run(&[words, &["--host", "deploy@house.example", "--known-hosts", &known]].concat());
        assert_eq!(code, 0, "{said}");
        let words = fs::read_to_string(self.path("words")).expect("ssh was called");
        (words, fs::read(self.path("input")).expect("ssh was called"))
    }

    pub(crate) fn house(&self) -> String {
        self.path("house").display().to_string()
    }
}

pub(crate) fn shown(output: &Output) -> (i32, String) {
    let text = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it).into_owned());
    (output.status.code().expect("it was not killed"), text.concat())
}

pub(crate) fn releases(folder: &Path) -> usize {
    fs::read_dir(folder).map(Iterator::count).unwrap_or_default()
}
