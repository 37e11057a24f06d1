//! `gh` with a GitHub that is one JSON file: the calls of the scripts, and no others. An option that
//! is not in `gh`'s manual for that command is an error, and so is a missing token or repository.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Map, Value, json};

use crate::{Answer, jq};

/// GitHub's limit on the text of a comment, an issue or a pull request, in characters.
const LONGEST: usize = 65_536;

/// The words of a call by what they are.
#[derive(Debug, Default)]
struct Call<'a> {
    words: Vec<&'a str>,
    values: BTreeMap<&'a str, &'a str>,
}

impl<'a> Call<'a> {
    fn parse(given: &'a [String], values: &[&str], switches: &[&str]) -> anyhow::Result<Self> {
        let mut call = Self::default();
        let mut rest = given.iter().map(String::as_str);
        while let Some(word) = rest.next() {
            if switches.contains(&word) {
                call.values.insert(word, "");
            } else if values.contains(&word) {
                call.values.insert(word, rest.next().context("an option without its value")?);
            } else {
                ensure!(!word.starts_with('-'), "unknown option `{word}`");
                call.words.push(word);
            }
        }
        Ok(call)
    }

    fn value(&self, name: &str) -> anyhow::Result<&'a str> {
        self.values.get(name).copied().with_context(|| format!("`{name}` is missing"))
    }

    fn number(&self) -> anyhow::Result<u64> {
        let [number] = self.words[..] else { bail!("expected one number") };
        number.parse().with_context(|| format!("`{number}` is no number"))
    }

    fn body(&self) -> anyhow::Result<String> {
        text(self.value("--body-file")?)
    }
}

pub(crate) fn run(words: &[String], state: &Path) -> anyhow::Result<Answer> {
    let set = |name| std::env::var(name).is_ok_and(|it| !it.is_empty());
    ensure!(set("GH_TOKEN"), "set the GH_TOKEN environment variable");
    let path = state.join("github.json");
    let known = fs::read_to_string(&path).context("no GitHub")?;
    let mut github: Value = serde_json::from_str(&known).context("no GitHub")?;
    let [noun, verb, ..] = words else { bail!("expected a command") };
    let stdout = match (noun.as_str(), verb.as_str()) {
        ("api", _) => api(&words[1..], &mut github)?,
        ("auth", "setup-git") => Vec::new(),
        (noun, verb) => {
            ensure!(set("GH_REPO"), "not told which repository");
            command(noun, verb, &words[2..], &mut github)?
        }
    };
    fs::write(&path, github.to_string()).context("cannot keep what changed")?;
    Ok(Answer { stdout, ..Answer::default() })
}

fn api(words: &[String], github: &mut Value) -> anyhow::Result<Vec<u8>> {
    let call = Call::parse(words, &["--method", "--jq", "--field"], &["--paginate", "--silent"])?;
    let [path] = call.words[..] else { bail!("expected one path") };
    let parts: Vec<&str> = path.split('/').collect();
    let method = call.values.get("--method").copied().unwrap_or("GET");
    let body = || {
        let field = call.value("--field")?;
        text(field.strip_prefix("body=@").with_context(|| format!("unknown field `{field}`"))?)
    };
    match (method, &parts[..]) {
        ("GET", ["repos", _, _, "issues", number, "comments"]) => {
            let number: u64 = number.parse().context("expected an issue's number")?;
            let mut found = Vec::new();
            for comment in list(github, "comments")? {
                if comment["issue"] == number {
                    found.push(comment.clone());
                }
            }
            jq::filter(call.value("--jq")?, &Value::Array(found))
        }
        ("POST", ["repos", _, _, "issues", number, "comments"]) => {
            let number: u64 = number.parse().context("expected an issue's number")?;
            let id = next(github)?;
            let user = json!({ "login": "github-actions[bot]" });
            let comment = json!({ "id": id, "issue": number, "user": user, "body": body()? });
            list(github, "comments")?.push(comment);
            Ok(Vec::new())
        }
        ("PATCH", ["repos", _, _, "issues", "comments", id]) => {
            let id: u64 = id.parse().context("expected a comment's id")?;
            let comments = list(github, "comments")?;
            let comment = comments.iter_mut().find(|it| it["id"] == id).context("Not Found")?;
            comment["body"] = body()?.into();
            Ok(Vec::new())
        }
        _ => bail!("no answer to {method} {path}"),
    }
}

fn command(
    noun: &str,
    verb: &str,
    words: &[String],
    github: &mut Value,
) -> anyhow::Result<Vec<u8>> {
    match (noun, verb) {
        ("issue", "list") => {
            let call = Call::parse(words, &["--state", "--label", "--json", "--jq"], &[])?;
            let label = call.value("--label")?;
            shown(github, "issues", &call, |it| {
                it["labels"].as_array().is_some_and(|labels| labels.iter().any(|it| it == label))
            })
        }
        ("pr", "list") => {
            let call = Call::parse(words, &["--state", "--head", "--json", "--jq"], &[])?;
            let head = call.value("--head")?;
            shown(github, "prs", &call, |it| it["headRefName"] == head)
        }
        ("issue", "create") => {
            let call = Call::parse(words, &["--title", "--label", "--body-file"], &[])?;
            let label = call.value("--label")?;
            ensure!(list(github, "labels")?.contains(&label.into()), "`{label}` not found");
            let (title, body) = (call.value("--title")?, call.body()?);
            let issue = json!({ "title": title, "labels": [label], "body": body });
            open(github, "issues", issue)
        }
        ("pr", "create") => {
            let call = Call::parse(words, &["--title", "--head", "--base", "--body-file"], &[])?;
            let (title, head, base) =
                (call.value("--title")?, call.value("--head")?, call.value("--base")?);
            let pr = json!({ "title": title, "headRefName": head, "baseRefName": base,
                "isCrossRepository": false, "body": call.body()? });
            open(github, "prs", pr)
        }
        ("issue" | "pr", "edit") => {
            let call = Call::parse(words, &["--body-file"], &[])?;
            one(github, &format!("{noun}s"), call.number()?)?["body"] = call.body()?.into();
            Ok(Vec::new())
        }
        ("issue", "close") => {
            let call = Call::parse(words, &["--comment"], &[])?;
            let issue = one(github, "issues", call.number()?)?;
            issue["state"] = "CLOSED".into();
            issue["last_comment"] = call.value("--comment")?.into();
            Ok(Vec::new())
        }
        ("label", "create") => {
            let call = Call::parse(words, &["--color", "--description"], &["--force"])?;
            let [name] = call.words[..] else { bail!("expected one name") };
            let labels = list(github, "labels")?;
            let known = labels.contains(&name.into());
            ensure!(!known || call.values.contains_key("--force"), "`{name}` already exists");
            if !known {
                labels.push(name.into());
            }
            Ok(Vec::new())
        }
        _ => bail!("no answer to `gh {noun} {verb}`"),
    }
}

/// The open ones that are meant, with the fields of `--json` only, through `--jq`.
fn shown(
    github: &mut Value,
    what: &str,
    call: &Call<'_>,
    is_meant: impl Fn(&Value) -> bool,
) -> anyhow::Result<Vec<u8>> {
    ensure!(call.value("--state")? == "open", "only `--state open` is known");
    let fields: Vec<&str> = call.value("--json")?.split(',').collect();
    let mut found = Vec::new();
    for it in list(github, what)?.iter().filter(|it| it["state"] == "OPEN" && is_meant(it)) {
        let mut kept = Map::new();
        for field in &fields {
            let value = it.get(*field).with_context(|| format!("unknown field `{field}`"))?;
            kept.insert((*field).to_owned(), value.clone());
        }
        found.push(Value::Object(kept));
    }
    jq::filter(call.value("--jq")?, &Value::Array(found))
}

fn open(github: &mut Value, what: &str, mut it: Value) -> anyhow::Result<Vec<u8>> {
    let number = next(github)?;
    it["number"] = number.into();
    it["state"] = "OPEN".into();
    list(github, what)?.push(it);
    Ok(format!("https://github.example/household/homelab/{what}/{number}\n").into_bytes())
}

fn one<'a>(github: &'a mut Value, what: &str, number: u64) -> anyhow::Result<&'a mut Value> {
    let mut all = list(github, what)?.iter_mut();
    all.find(|it| it["number"] == number).with_context(|| format!("no {what} {number}"))
}

fn list<'a>(github: &'a mut Value, what: &str) -> anyhow::Result<&'a mut Vec<Value>> {
    github[what].as_array_mut().with_context(|| format!("no {what}"))
}

fn next(github: &mut Value) -> anyhow::Result<u64> {
    let next = github["next"].as_u64().context("no number is left")?;
    github["next"] = (next + 1).into();
    Ok(next)
}

fn text(path: &str) -> anyhow::Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let length = text.chars().count();
    ensure!(length <= LONGEST, "Body is too long (maximum is {LONGEST} characters): {length}");
    Ok(text)
}
