//! Plays immich-server: a library in PostgreSQL and files, with Redis at its side.
//!
//! `GET /api/server/ping` is `{"res":"pong"}` while both answer, otherwise 503 with the cause.
//! That is stricter than upstream, which pings without a look at either, and whose process ends
//! when the database is away at its start. This one keeps trying: so the suite can read the cause
//! from a container that runs, and see it recover.
//!
//! `POST /api/assets?name=x` keeps a file and a row and `GET /api/assets` lists the rows: names
//! and form are made up, upstream's upload needs an account. What a request carries is not kept.
//!
//! SQL runs in `psql`, which takes names as variables and quotes them itself.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context as _, bail};
use homelab_stand_in::Promise;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::http::{self, Request, Response};
use crate::{log, serve};

/// How often database and cache are asked.
const INTERVAL: Duration = Duration::from_secs(2);

/// How long one of them may take to connect or to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// A check that is older than this hangs.
const STALE: Duration = Duration::from_secs(12);

/// Upstream makes its tables at its start, too.
const MIGRATION: &str = "CREATE TABLE IF NOT EXISTS asset (name text PRIMARY KEY);";

/// Serves until it is told to end.
pub(crate) fn run(promise: &Promise) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let option = |name: &str, default: &str| {
        let value = std::env::var(name).ok().filter(|it| !it.is_empty());
        value.unwrap_or_else(|| default.to_owned())
    };
    let server = Arc::new(Server {
        service: promise.service.clone(),
        program: "psql".into(),
        // Upstream's defaults.
        login: [
            ("PGHOST", option("DB_HOSTNAME", "database")),
            ("PGPORT", option("DB_PORT", "5432")),
            ("PGUSER", option("DB_USERNAME", "postgres")),
            ("PGDATABASE", option("DB_DATABASE_NAME", "immich")),
            ("PGPASSWORD", promise.variable("DB_PASSWORD")?),
        ],
        redis: format!("{}:{}", option("REDIS_HOSTNAME", "redis"), option("REDIS_PORT", "6379")),
        uploads: "/data/upload".into(),
        checked: Mutex::new((Instant::now(), Err("not checked yet".to_owned()))),
    });
    for port in &promise.tcp {
        let server = Arc::clone(&server);
        http::serve(*port, move |it| server.answer(it))?;
    }
    thread::spawn(move || {
        let mut migrated = false;
        loop {
            server.check(&mut migrated);
            thread::sleep(INTERVAL);
        }
    });
    serve::wait(&mut signals);
    Ok(())
}

#[derive(Debug)]
struct Server {
    service: String,
    program: PathBuf,
    /// What libpq reads from the environment; the password shall not be in the list of processes.
    login: [(&'static str, String); 5],
    redis: String,
    uploads: PathBuf,
    /// When, and the cause if something was wrong.
    checked: Mutex<(Instant, Result<(), String>)>,
}

impl Server {
    fn answer(&self, request: &Request) -> Response {
        let answered = match (request.method.as_str(), request.path()) {
            ("GET", "/api/server/ping") => self.health().map(|()| r#"{"res":"pong"}"#.to_owned()),
            ("GET", "/api/assets") => self.names(),
            ("POST", "/api/assets") => match asset_name(&request.target) {
                Some(name) => self.keep(&name),
                None => return Response { status: 400, body: "no name for a file\n".to_owned() },
            },
            _ => return serve::tell(&self.service, request),
        };
        match answered {
            Ok(body) => Response::ok(body),
            Err(error) => Response { status: 503, body: format!("{error:#}\n") },
        }
    }

    fn health(&self) -> anyhow::Result<()> {
        let (when, found) = self.checked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if when.elapsed() > STALE {
            bail!("the last check was {} s ago", when.elapsed().as_secs());
        }
        found.map_err(anyhow::Error::msg)
    }

    /// Asks both, and makes the table when the database answers for the first time.
    fn check(&self, migrated: &mut bool) {
        let sql = if *migrated { "SELECT FROM asset LIMIT 0;" } else { MIGRATION };
        let database = self.psql(sql, &[]).context("database");
        *migrated |= database.is_ok();
        let found = database.and_then(|_| self.ping_redis().context("redis"));
        let found = found.map_err(|it| format!("{it:#}"));
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.1 != found {
            log(found.as_ref().map_or_else(String::as_str, |()| "database and redis answer"));
        }
        *checked = (Instant::now(), found);
    }

    fn ping_redis(&self) -> anyhow::Result<()> {
        let address = self.redis.to_socket_addrs()?.next().context("the name has no address")?;
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        if answer.trim_end() != "+PONG" {
            bail!("PING was answered by `{}`", answer.trim_end());
        }
        Ok(())
    }

    /// The file first: a row without its file would be a lost photo.
    fn keep(&self, name: &str) -> anyhow::Result<String> {
        let folder = &self.uploads;
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(folder.join(name), name))
            .with_context(|| format!("cannot write {name} to {}", folder.display()))?;
        let sql = "INSERT INTO asset VALUES (:'name') ON CONFLICT DO NOTHING;
                   SELECT count(*) FROM asset;";
        self.psql(sql, &[("name", name)])
    }

    /// As a JSON array that the database writes.
    fn names(&self) -> anyhow::Result<String> {
        self.psql("SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM asset;", &[])
    }

    /// The SQL goes in by standard input: `-c` would not replace variables.
    fn psql(&self, sql: &str, variables: &[(&str, &str)]) -> anyhow::Result<String> {
        let mut child = Command::new(&self.program)
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .args(variables.iter().flat_map(|it| ["-v".to_owned(), format!("{}={}", it.0, it.1)]))
            .envs(self.login.iter().map(|(name, value)| (name, value)))
            .env("PGCONNECT_TIMEOUT", PATIENCE.as_secs().to_string())
            .env("PGOPTIONS", "-c statement_timeout=3s -c client_min_messages=warning")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run psql")?;
        if let Some(mut stdin) = child.stdin.take() {
            // It may be gone already; its message is better than ours.
            let _ = stdin.write_all(sql.as_bytes());
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// The value of `name` in the query, if a file may be called so.
fn asset_name(target: &str) -> Option<String> {
    let (_, query) = target.split_once('?')?;
    let value = query.split('&').find_map(|it| it.strip_prefix("name="))?;
    let name = http::percent_decoded(value)?;
    let bad = name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']);
    (!bad && name.len() <= 255).then_some(name)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A server whose `psql` runs this script, beside a Redis that gives this answer.
    fn world(script: &str, redis: &'static str) -> (Server, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let (source, program) = (folder.path().join("source"), folder.path().join("psql"));
        fs::write(&source, format!("#!/bin/sh\n{script}\n")).expect("a script");
        // By another process, so that none here holds it open for writing: "text file busy".
        let install = Command::new("install").arg(&source).arg(&program).status();
        assert!(install.expect("install").success());

        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.write_all(redis.as_bytes());
            }
        });
        let value = |name: &'static str| (name, name.to_lowercase());
        let server = Server {
            service: "immich-server".to_owned(),
            program,
            login: ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD"].map(value),
            redis: address,
            uploads: folder.path().join("upload"),
            checked: Mutex::new((Instant::now(), Err("not checked yet".to_owned()))),
        };
        (server, folder)
    }

    fn ask(server: &Server, method: &str, target: &str) -> (u16, String) {
        let (method, target) = (method.to_owned(), target.to_owned());
        let answer = server.answer(&Request { method, target, ..Request::default() });
        (answer.status, answer.body)
    }

    #[track_caller]
    fn check_ping(script: &str, redis: &'static str, expected: (u16, &str)) {
        let (server, _folder) = world(script, redis);
        server.check(&mut false);
        let (status, body) = ask(&server, "GET", "/api/server/ping");
        assert_eq!((status, body.trim_end()), expected);
    }

    #[test]
    fn the_ping_is_as_good_as_the_last_check() {
        let (server, _folder) = world("exit 0", "+PONG\r\n");
        assert_eq!(ask(&server, "GET", "/api/server/ping"), (503, "not checked yet\n".to_owned()));
        check_ping("exit 0", "+PONG\r\n", (200, r#"{"res":"pong"}"#));
        let fatal = r#"FATAL:  password authentication failed for user "postgres""#;
        let expected = format!("database: {fatal}");
        check_ping(&format!("echo '{fatal}' >&2; exit 2"), "+PONG\r\n", (503, &expected));
        check_ping(
            "exit 0",
            "-NOAUTH Authentication required.\r\n",
            (503, "redis: PING was answered by `-NOAUTH Authentication required.`"),
        );
    }

    #[test]
    fn the_table_is_made_once_and_after_a_failure_again() {
        let script = r#"cat >> "$0.sql"; test ! -e "$0.away""#;
        let (server, folder) = world(script, "+PONG\r\n");
        let away = folder.path().join("psql.away");
        let mut migrated = false;
        fs::write(&away, "").expect("a file");
        server.check(&mut migrated);
        assert!(server.health().is_err() && !migrated);
        fs::remove_file(&away).expect("no file");
        server.check(&mut migrated);
        server.check(&mut migrated);
        assert!(server.health().is_ok() && migrated);
        let sql = fs::read_to_string(folder.path().join("psql.sql")).expect("SQL");
        assert_eq!(sql, format!("{MIGRATION}{MIGRATION}SELECT FROM asset LIMIT 0;"));
    }

    #[test]
    fn a_name_is_a_variable_and_never_part_of_the_sql() {
        let script = r#"cat > "$0.sql"; echo "$@" $PGUSER $PGPASSWORD"#;
        let (server, folder) = world(script, "+PONG\r\n");
        let (status, body) = ask(&server, "POST", "/api/assets?name=it%27s%20a%20cat");
        let expected = "-X -q -A -t -v ON_ERROR_STOP=1 -v name=it's a cat pguser pgpassword";
        assert_eq!((status, body.as_str()), (200, expected));
        let sql = fs::read_to_string(folder.path().join("psql.sql")).expect("SQL");
        assert!(sql.contains(":'name'") && !sql.contains("cat"), "{sql}");
        assert!(folder.path().join("upload/it's a cat").exists());
        for name in ["", "..", ".hidden", "a%2fb", "a%00b", "%zz"] {
            let target = format!("/api/assets?name={name}");
            assert_eq!(ask(&server, "POST", &target).0, 400, "{name}");
        }
        assert_eq!(ask(&server, "POST", "/api/assets").0, 400);
        assert_eq!(ask(&server, "GET", "/elsewhere").0, 200);
    }
}
