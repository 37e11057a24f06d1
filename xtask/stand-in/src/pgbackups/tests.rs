use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::*;

/// A folder of dumps and a `pg_dump` that runs this script; `$4` is the dump's file.
fn world(script: &str) -> (Backup, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, program) = (folder.path().join("source"), folder.path().join("pg_dump"));
    fs::write(&source, format!("#!/bin/sh\n{script}\n")).expect("a script");
    // By another process: a test beside this one may fork while a file is open for writing here,
    // and then it cannot be executed ("text file busy").
    let install = Command::new("install").arg(&source).arg(&program).status();
    assert!(install.expect("install").success());
    let backup = Backup {
        program,
        host: "postgres".to_owned(),
        port: "5432".to_owned(),
        user: "postgres".to_owned(),
        databases: vec!["immich".to_owned()],
        options: ["-Z1", "--clean", "--if-exists"].map(str::to_owned).to_vec(),
        folder: Folder {
            path: folder.path().join("backups"),
            suffix: ".sql.gz".to_owned(),
            keep: Keep { minutes: 1440, days: 7, weeks: 4, months: 6 },
        },
        zone: TimeZone::get("Europe/Berlin").expect("a zone"),
    };
    (backup, folder)
}

fn files(folder: &Path) -> Vec<String> {
    let mut files: Vec<String> = ["last", "daily", "weekly", "monthly"]
        .iter()
        .flat_map(|kind| {
            let entries = fs::read_dir(folder.join(kind)).expect("a folder");
            entries.map(move |it| format!("{kind}/{}", it.expect("a file").file_name().display()))
        })
        .collect();
    files.sort();
    files
}

#[test]
fn names_and_links() {
    let (backup, _folder) = world("");
    let folder = &backup.folder;
    folder.create().expect("folders");
    // A day that belongs to a week of the year before.
    let now: Timestamp = "2027-01-03T01:30:05Z".parse().expect("a time");
    let names = folder.names("immich", &now.to_zoned(backup.zone.clone()));
    for text in ["first", "second"] {
        fs::write(folder.file(&names), text).expect("a dump");
        folder.link("immich", &names).expect("links");
    }
    let expected = [
        "daily/immich-20270103.sql.gz",
        "daily/immich-latest.sql.gz",
        "last/immich-20270103-023005.sql.gz",
        "last/immich-latest.sql.gz",
        "monthly/immich-202701.sql.gz",
        "monthly/immich-latest.sql.gz",
        "weekly/immich-202653.sql.gz",
        "weekly/immich-latest.sql.gz",
    ];
    assert_eq!(files(&folder.path), expected);
    for file in expected {
        let path = folder.path.join(file);
        assert_eq!(fs::read_to_string(&path).expect("a dump"), "second");
        assert_eq!(fs::metadata(&path).expect("a dump").nlink(), 4, "{file}");
        assert_eq!(path.is_symlink(), file.contains("latest"), "{file}");
    }
}

#[test]
fn old_files_go() {
    const DAY: u64 = 24 * 60 * 60;
    let (backup, _folder) = world("");
    let folder = &backup.folder;
    folder.create().expect("folders");
    let now = SystemTime::now();
    for (name, age) in [
        ("last/immich-a.sql.gz", DAY),
        ("last/immich-b.sql.gz", DAY + 1),
        ("last/other-b.sql.gz", 900 * DAY),
        ("last/immich-b.sql", 900 * DAY),
        ("daily/immich-a.sql.gz", 8 * DAY - 1),
        ("daily/immich-b.sql.gz", 8 * DAY),
        ("weekly/immich-a.sql.gz", 30 * DAY - 1),
        ("weekly/immich-b.sql.gz", 30 * DAY),
        ("monthly/immich-a.sql.gz", 188 * DAY - 1),
        ("monthly/immich-b.sql.gz", 188 * DAY),
    ] {
        let file = fs::File::create(folder.path.join(name)).expect("a file");
        file.set_modified(now - Duration::from_secs(age)).expect("a time");
    }
    let gone = folder.clean("immich", now).expect("a clean folder");
    assert_eq!(gone.len(), 4);
    let left = [
        "daily/immich-a.sql.gz",
        "last/immich-a.sql.gz",
        "last/immich-b.sql",
        "last/other-b.sql.gz",
        "monthly/immich-a.sql.gz",
        "weekly/immich-a.sql.gz",
    ];
    assert_eq!(files(&folder.path), left);
}

#[test]
fn a_good_dump_is_linked_and_healthy() {
    let script = r#"echo "$@" $PGHOST $PGPORT $PGUSER $PGPASSWORD > "$4""#;
    let (backup, _folder) = world(script);
    let run = backup.run_with(|| Ok("secret".to_owned()));
    let answer = run.answer("30 3 * * *");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.contains("SQL backup created successfully"), "{answer:?}");
    let path = &backup.folder.path;
    assert_eq!(files(path).len(), 8);
    let dump = fs::read_to_string(path.join("last/immich-latest.sql.gz")).expect("a dump");
    assert!(dump.starts_with("-d immich -f "), "{dump}");
    let end = "-Z1 --clean --if-exists postgres 5432 postgres secret\n";
    assert!(dump.ends_with(end), "{dump}");
}

#[test]
fn a_failed_dump_says_why_and_leaves_the_links_alone() {
    let script = r#"echo half > "$4"; echo 'FATAL:  password authentication failed' >&2; exit 3"#;
    let (backup, _folder) = world(script);
    let run = backup.run_with(|| Ok("wrong".to_owned()));
    let answer = run.answer("@daily");
    assert_eq!((answer.status, run.status), (503, 3));
    assert!(answer.body.contains("password authentication failed"), "{answer:?}");
    assert_eq!(files(&backup.folder.path).len(), 1, "the partial file in last/");

    let run = backup.run_with(|| anyhow::bail!("the file is missing"));
    assert!(run.answer("@daily").body.contains("the file is missing"));
    assert_eq!(run.answer("@daily").status, 503);
    assert_eq!(Run::default().answer("@daily").status, 200, "before the first run");
}
