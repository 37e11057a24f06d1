//! Dumps and restores on a real server, which `docker exec` is played to run in. Run by `cargo xtask mariadb`.
#![expect(clippy::disallowed_methods, reason = "it starts the server itself, and plays `docker`")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::Database;
use crate::deploy::place::HousePlace;
use crate::program::played;

const PASSWORD: &str = "it's a \"secret\"";

/// A server with a folder of its own, which ends with the test.
struct Server {
    folder: tempfile::TempDir,
    process: Child,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        let [datadir, socket] = ["datadir", "socket"].map(|it| {
            let path = if it == "socket" { folder.path().join(it) } else { data.clone() };
            format!("--{it}={}", path.display())
        });
        let made = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--user=root", "--auth-root-authentication-method=normal"])
            .arg(&datadir)
            .output()
            .expect("Debian's package `mariadb-server` is installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let server = ["/usr/sbin/mariadbd", "/usr/libexec/mariadbd"];
        let server = server.iter().find(|it| Path::new(it).exists()).expect("it is installed");
        let process = Command::new(server)
            .args(["--no-defaults", "--user=root", "--skip-networking", &datadir, &socket])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it can be started");
        fs::write(folder.path().join("password"), PASSWORD).expect("it is ours");
        // Read after Debian's own file, which names another socket.
        let client = format!("[client]\n{}\n", socket.trim_start_matches('-'));
        fs::write(folder.path().join(".my.cnf"), client).expect("it is ours");
        let server = Self { folder, process };
        let started = Instant::now();
        let open = || {
            Command::new("mariadb")
                .args(["-uroot", "-e", "SELECT 1"])
                .env("HOME", server.folder.path())
                .output()
        };
        while !open().expect("it is installed").status.success() {
            assert!(started.elapsed() < Duration::from_mins(1), "it does not answer");
            thread::sleep(Duration::from_millis(200));
        }
        let word = PASSWORD.replace('\'', "''");
        let set = format!("SET PASSWORD FOR root@localhost = PASSWORD('{word}')");
        let set = Command::new("mariadb")
            .args(["-uroot", "-e", &set])
            .env("HOME", server.folder.path())
            .status();
        assert!(set.expect("it is installed").success());
        server
    }

    /// What `docker exec` would do in the container.
    fn exec(&self) -> impl FnMut(&str, &[String], &[u8]) -> Option<Output> + 'static {
        let (home, password) = (self.folder.path().to_owned(), self.folder.path().join("password"));
        move |_, words, input| {
            if words[0] == "start" {
                let (status, none) = (ExitStatus::default(), Vec::new());
                return Some(Output { status, stdout: none.clone(), stderr: none });
            }
            let at = words.iter().position(|it| it == "container").expect("it is named") + 1;
            assert!(!words.iter().any(|it| it.contains("secret")), "{words:?}");
            let mut child = Command::new(&words[at])
                .args(&words[at + 1..])
                .env("HOME", &home)
                .env("MARIADB_ROOT_PASSWORD_FILE", &password)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it can be started");
            let mut stdin = child.stdin.take().expect("it is piped");
            let input = input.to_vec();
            let feeder = thread::spawn(move || stdin.write_all(&input));
            let output = child.wait_with_output().expect("it ends");
            let _ = feeder.join();
            Some(output)
        }
    }

    fn sql(&self, statement: &str) -> String {
        let output = Command::new("mariadb")
            .args(["-uroot", "--default-character-set=utf8mb4", "-N", "-B", "-e", statement])
            .env("MYSQL_PWD", PASSWORD)
            .env("HOME", self.folder.path())
            .output()
            .expect("it is installed");
        assert!(
            output.status.success(),
            "{statement}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Rows, a byte that is no text, a view, a routine, an event and a trigger.
const TABLES: &str = "CREATE DATABASE cloud CHARACTER SET utf8mb4 COLLATE utf8mb4_bin; USE cloud;
CREATE TABLE files (name VARCHAR(50), content BLOB);
INSERT INTO files VALUES ('ä\\n\u{1f600}', X'00ff'), ('b', NULL);
CREATE VIEW names AS SELECT name FROM files;
CREATE PROCEDURE nothing() SELECT 1;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM files WHERE name = 'never';
CREATE TRIGGER counts BEFORE INSERT ON files FOR EACH ROW SET NEW.name = CONCAT(NEW.name, '!');";

/// What is in the database.
const SEEN: &str = "SELECT HEX(name), HEX(content) FROM cloud.files ORDER BY name;
SELECT COUNT(*) FROM cloud.names;
SELECT routine_name FROM information_schema.routines WHERE routine_schema = 'cloud';
SELECT event_name FROM information_schema.events WHERE event_schema = 'cloud';
SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = 'cloud';
SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = 'cloud';
SELECT table_name FROM information_schema.tables WHERE table_schema = 'cloud' ORDER BY table_name;";

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("a vector takes every byte");
    encoder.finish().expect("a vector takes every byte")
}

#[test]
fn a_dump_of_mariadb_is_restored_and_undone() {
    let server = Server::start();
    server.sql(TABLES);
    let _docker = played::by(server.exec());
    let house = tempfile::tempdir().expect("a temporary folder");
    let place =
        HousePlace::open(house.path(), &crate::house_folder::house_of_tests()).expect("it exists");
    place.make_folders().expect("it is ours");
    let database = Database {
        service: "db".to_owned(),
        container: "container".to_owned(),
        says: "mariadb:root/cloud".parse().expect("it is one"),
    };
    database.wake().expect("it answers");
    assert!(database.size().expect("it answers") > 0);
    let before = server.sql(SEEN);
    let dump = database.dump(&place, "x").expect("it is whole").expect("it is there");

    server.sql("INSERT INTO cloud.files VALUES ('later', NULL)");
    let after = server.sql(SEEN);
    assert_ne!(before, after);
    let kept = database.kept_name("one", &[]);
    // What was never begun has nothing to undo.
    database.undo(&kept, &place).expect("nothing is kept");
    assert_eq!(server.sql(SEEN), after);
    database.restore(&dump, &kept).expect("it is whole");
    assert_eq!(server.sql(SEEN), before);
    database.undo(&kept, &place).expect("it was kept");
    assert_eq!(server.sql(SEEN), after);

    // Dumps that are cut, end early, are wrong halfway, or would run a shell.
    let owned = house.path().join("owned");
    let end = "\n-- Dump completed\n";
    let bad = house.path().join("bad.sql.gz");
    for (at, bytes) in [
        packed("DROP TABLE files;\n"),
        packed(&format!("DROP TABLE IF EXISTS files;\n\\q\n{end}")),
        packed(&format!("CREATE TABLE a (b INT);\nNONSENSE;\n{end}")),
        packed(&format!("\\! touch {}\n{end}", owned.display())),
        packed(&format!("system touch {}\n{end}", owned.display())),
        fs::read(&dump).expect("it is there")[..200].to_vec(),
    ]
    .into_iter()
    .enumerate()
    {
        fs::write(&bad, bytes).expect("it is ours");
        let ended = database.restore(&bad, &database.kept_name(&format!("bad{at}"), &[]));
        assert!(ended.is_err(), "{at}");
        assert_eq!(server.sql(SEEN), after, "{at}");
        assert!(!owned.exists(), "{at}");
    }

    // A copy that was cut is none.
    server.sql("CREATE DATABASE cut; CREATE TABLE cut.files (name INT)");
    database.undo("cut", &place).expect("there is nothing to undo");
    assert_eq!(server.sql(SEEN), after);
}
