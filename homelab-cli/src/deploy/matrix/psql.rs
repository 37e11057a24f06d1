//! PostgreSQL of the fake: dumps, and the few statements that a restore needs.

use std::io::Write as _;
use std::process::Output;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::docker::{Data, Docker, done, refused};
use super::injection::moment;

/// What a dump of the fake says of its data.
const LINE: &str = "-- data ";

pub(super) fn exec(docker: &mut Docker, words: &[&str], input: &[u8]) -> Output {
    let Some(program) = words.iter().position(|it| ["pg_dump", "psql"].contains(it)) else {
        return refused("the fake has no such program");
    };
    let id = words[program - 1];
    if docker.mute || docker.find(id).is_none_or(|it| !it.runs || it.is_sick()) {
        return refused("the server does not answer");
    }
    let values = |name: &str| {
        let name = name.to_owned();
        words.windows(2).filter(move |it| it[0] == name).map(|it| it[1]).collect::<Vec<_>>()
    };
    let database = values("-d").first().copied().unwrap_or_default();
    if words[program] == "pg_dump" {
        return dump(docker, database);
    }
    let statements = values("-c");
    if statements.is_empty() {
        return load(docker, database, input);
    }
    // All of them or none.
    let mut databases = docker.databases.clone();
    let mut answer = String::new();
    for it in statements {
        match statement(&mut databases, it) {
            Ok(line) => answer.push_str(&line),
            Err(because) => return refused(&because),
        }
    }
    let changes = databases != docker.databases;
    if changes && docker.runs("app") {
        docker.wrong.push("a database was exchanged while somebody used it".to_owned());
    }
    docker.databases = databases;
    if changes {
        moment("after `psql` has changed databases");
    }
    done(answer)
}

fn dump(docker: &Docker, database: &str) -> Output {
    let Some(data) = docker.databases.get(database) else {
        return refused("there is no such database");
    };
    let versions: Vec<_> = data.versions.iter().map(|(name, it)| format!("{name}={it}")).collect();
    let rows: Vec<_> = data.rows.iter().cloned().collect();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let written = writeln!(packed, "{LINE}{}|{}", versions.join(","), rows.join(","));
    let written = written.and_then(|()| writeln!(packed, "-- PostgreSQL database dump complete"));
    written.and_then(|()| packed.finish()).map_or_else(|it| refused(&it.to_string()), done)
}

fn load(docker: &mut Docker, database: &str, input: &[u8]) -> Output {
    let text = String::from_utf8_lossy(input);
    let Some(line) = text.lines().find_map(|it| it.strip_prefix(LINE)) else {
        return refused("there is nothing to load");
    };
    let Some(data) = docker.databases.get_mut(database) else {
        return refused("there is no such database");
    };
    let (versions, rows) = line.split_once('|').unwrap_or_default();
    let versions = versions.split(',').filter_map(|it| it.split_once('='));
    // Written last, so that one knows that all of it came.
    let comment = text.lines().find(|it| it.starts_with("COMMENT ON DATABASE"));
    let mark = comment.and_then(|it| it.split('\'').nth(1)).map(str::to_owned);
    *data = Data {
        mark,
        versions: versions.filter_map(|it| Some((it.0.to_owned(), it.1.parse().ok()?))).collect(),
        rows: rows.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect(),
    };
    moment("after `psql` has loaded a dump");
    done("")
}

type Databases = std::collections::BTreeMap<String, Data>;

fn statement(databases: &mut Databases, sql: &str) -> Result<String, String> {
    let quoted: Vec<_> = sql.split(['"', '\'']).skip(1).step_by(2).map(str::to_owned).collect();
    if sql.starts_with("SELECT 1 FROM pg_database") {
        return Ok(if databases.contains_key(&quoted[0]) { "1\n" } else { "" }.to_owned());
    }
    if sql.starts_with("SELECT shobj_description") {
        let mark = databases.get(&quoted[1]).and_then(|it| it.mark.clone());
        return Ok(mark.unwrap_or_default() + "\n");
    }
    if sql.starts_with("SELECT pg_database_size") {
        return Ok("1000\n".to_owned());
    }
    if sql.starts_with("COMMENT ON DATABASE") && sql.ends_with("IS NULL") {
        let data = databases.get_mut(&quoted[0]).ok_or("there is no such database")?;
        data.mark = None;
        return Ok(String::new());
    }
    if sql.starts_with("SELECT") || sql.starts_with("ANALYZE") {
        return Ok(String::new());
    }
    if sql.starts_with("DROP DATABASE IF EXISTS") {
        databases.remove(&quoted[0]);
        return Ok(String::new());
    }
    if sql.starts_with("CREATE DATABASE") {
        databases.insert(quoted[0].clone(), Data::default());
        return Ok(String::new());
    }
    if sql.starts_with("ALTER DATABASE") && !databases.contains_key(&quoted[1]) {
        let data = databases.remove(&quoted[0]).ok_or("there is no such database")?;
        databases.insert(quoted[1].clone(), data);
        return Ok(String::new());
    }
    Err(format!("the fake does not know `{sql}`"))
}
