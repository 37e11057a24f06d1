//! Wrong definitions do not compile, and the compiler says why.
//!
//! One file of `tests/ui` is one mistake; its `.stderr` is what the author of the
//! mistake reads, and is reviewed like code. To accept a new text: run the tests
//! with `TRYBUILD=overwrite`, then read the diff.

#![expect(clippy::disallowed_methods, reason = "core does no I/O, but this test copies files")]

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// The toolchain whose messages the `.stderr` files hold.
const COMPARED: &str = "rustc 1.95.";

#[test]
fn mistakes_do_not_compile() {
    let version = rustc_version();
    if version.starts_with(COMPARED) {
        compile("tests/ui");
    } else if env::var("TRYBUILD").as_deref() == Ok("overwrite") {
        compile(&copy_without_messages());
    } else {
        // Not `eprintln!`, whose lines the test harness hides when the test passes.
        let notice = format!("messages not compared: they are those of {COMPARED}x, not {version}");
        writeln!(std::io::stderr(), "{notice}").expect("somebody listens to the tests");
        // Without expected messages trybuild fails on principle, unless it is told by
        // its environment to write them: that takes a process of our own.
        let this = env::current_exe().expect("a running test has a path");
        let status = Command::new(this)
            .args(["--exact", "--nocapture", "compile_fail::mistakes_do_not_compile"])
            .env("TRYBUILD", "overwrite")
            .status()
            .expect("the test binary that is running can be run");
        assert!(status.success(), "a mistake compiles with {version}");
    }
}

fn compile(folder: &str) {
    let cases = trybuild::TestCases::new();
    cases.pass(format!("{folder}/pass.rs"));
    for case in files(Path::new(folder), "rs") {
        if !case.ends_with("pass.rs") {
            cases.compile_fail(case);
        }
    }
}

#[test]
fn every_mistake_has_its_message() {
    let names = |extension| {
        let mut files = files(Path::new("tests/ui"), extension);
        for file in &mut files {
            *file = file.with_extension("");
        }
        files.retain(|it| !it.ends_with("pass"));
        files
    };
    assert_eq!(names("rs"), names("stderr"));
}

fn rustc_version() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    let output = output.expect("there is a rustc where tests are compiled");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The files of `tests/ui` in a folder of `target`, without their `.stderr`.
fn copy_without_messages() -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    fs::create_dir_all(&folder).expect("target is writable");
    for stale in files(&folder, "rs").into_iter().chain(files(&folder, "stderr")) {
        fs::remove_file(stale).expect("target is writable");
    }
    for file in files(Path::new("tests/ui"), "rs") {
        let name = file.file_name().expect("it was listed with its name");
        fs::copy(&file, folder.join(name)).expect("target is writable");
    }
    folder.to_str().expect("cargo's paths are UTF-8").to_owned()
}

/// Files of a folder by name, in a fixed order.
fn files(folder: &Path, extension: &str) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder exists");
    let mut files: Vec<_> = entries
        .map(|it| it.expect("the folder is readable").path())
        .filter(|it| it.extension().and_then(OsStr::to_str) == Some(extension))
        .collect();
    files.sort();
    files
}
