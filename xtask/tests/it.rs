//! The command line of `cargo xtask`: exit codes and what goes where.

use std::process::Command;

/// Exit code, standard output and standard error of a run.
fn xtask(words: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(words)
        .output()
        .expect("the program was built for this test");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn help_is_data() {
    let (code, stdout, stderr) = xtask(&["help"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.contains("gen [--check]"), "{stdout}");
}

#[test]
fn wrong_usage_says_what_was_given_and_what_there_is() {
    for words in [&["gne"][..], &["new-service", "notes"], &[]] {
        let (code, stdout, stderr) = xtask(words);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{words:?}");
        assert!(stderr.starts_with("error: "), "{stderr}");
        assert!(stderr.contains(&words.join(" ")), "{stderr}");
        assert!(stderr.contains("Usage: cargo xtask"), "{stderr}");
    }
}

#[test]
fn a_misspelt_option_is_named() {
    let (code, stdout, stderr) = xtask(&["gen", "--chekc"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(
        stderr.starts_with("error: `--chekc` is no option of `gen`: expected `--check`"),
        "{stderr}"
    );
}

#[test]
fn an_unpinned_image_is_refused_before_anything_is_written() {
    let (code, stdout, stderr) = xtask(&["new-service", "notes", "example/notes:1.2"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("`example/notes:1.2` is not pinned"), "{stderr}");
}

#[test]
fn a_group_needs_parts_with_images() {
    for words in
        [&["new-service", "--group", "papers"][..], &["new-service", "--group", "papers", "web"]]
    {
        let (code, stdout, stderr) = xtask(words);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{words:?}");
        assert!(stderr.contains("expected `PART=IMAGE` for each service"), "{stderr}");
    }
}

#[test]
fn the_committed_files_pass_the_check() {
    let (code, stdout, stderr) = xtask(&["gen", "--check"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("files are up to date"), "{stdout}");
}
