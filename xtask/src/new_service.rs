//! `cargo xtask new-service`: the skeleton of a service or of a group, its module line and its pins.

mod skeleton;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use homelab_core::dsl::contract::ImageKind;
use homelab_core::dsl::house::House;
use homelab_core::dsl::name::ServiceName;
use homelab_core::model::project::split_image;

use self::skeleton::{Part, module};
use crate::{Outcome, complain, say};

/// Writes the module of a service that stands alone.
pub(crate) fn one(house: &House, root: &Path, name: &str, image: &str) -> anyhow::Result<Outcome> {
    make(house, root, name, &[(None, image)])
}

/// Writes the module of a group of services, each given by a word `PART=IMAGE`.
pub(crate) fn group(
    house: &House,
    root: &Path,
    name: &str,
    words: &[&str],
) -> anyhow::Result<Outcome> {
    let expected = "expected `PART=IMAGE` for each service, such as `web=… db=…`";
    let mut parts = Vec::new();
    for word in words {
        let Some((part, image)) = word.split_once('=') else {
            complain(&format!("error: `{word}` is no part of `{name}`: {expected}"));
            return Ok(Outcome::Usage);
        };
        parts.push((Some(part), image));
    }
    if parts.is_empty() {
        complain(&format!("error: `{name}` has no parts: {expected}"));
        return Ok(Outcome::Usage);
    }
    make(house, root, name, &parts)
}

/// The name of a part, absent for a service that stands alone, and its image.
type Word<'a> = (Option<&'a str>, &'a str);

/// Writes `services/<name>.rs`, adds its module and its pins, and prints the one line that is left
/// to write.
fn make(house: &House, root: &Path, name: &str, words: &[Word<'_>]) -> anyhow::Result<Outcome> {
    if let Some(problem) = problem(house, name, words) {
        complain(&format!("error: {problem}"));
        return Ok(Outcome::Usage);
    }
    let parts = resolve(house, name, words);
    let source = format!("{}/src", house.folder);
    write(&root.join(&source), name, &parts)?;
    let module = module(name);
    let file = root.join(format!("{source}/services/{module}.rs"));
    // Without rustfmt, long lines stay as they are; `cargo xtask check` says so.
    let _ = Command::new("rustfmt").args(["--edition", "2024"]).arg(file).output();
    say(&format!("wrote {source}/services/{module}.rs"));
    say(&format!("added its module to {source}/services.rs"));
    for part in parts.iter().filter(|it| it.is_first) {
        say(&format!("added the pin `{}` to {source}/images.rs", part.constant));
        if part.is_known {
            say(&format!("the image of `{}` has a contract already", part.service));
        } else {
            let contract = skeleton::module(&part.service);
            say(&format!(
                "wrote {source}/contracts/{contract}.rs and added it to {source}/contracts.rs"
            ));
        }
    }
    let statement = match words {
        [(None, _)] => format!("stack.add(services::{module}::define());"),
        _ => format!("services::{module}::add(&mut stack);"),
    };
    complain(&format!(
        "\nleft to do:\n\
         1. read the new files: every fact in them is a guess that the image's documentation has to confirm\n\
         2. add `{statement}` to {source}/lib.rs\n\
         3. run `cargo xtask gen`: it does not compile until the files say what nobody can guess, such as \
         the source of a contract; then the rules say what is missing"
    ));
    Ok(Outcome::Fine)
}

/// Finds what is known of the images. Where a contract does not say what an image is for, the first
/// part is an app and every other one an agent.
fn resolve<'a>(house: &House, name: &str, words: &[Word<'a>]) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    for (part, image) in words {
        let service = match part {
            Some(part) if !parts.is_empty() => format!("{name}-{part}"),
            _ => name.to_owned(),
        };
        let split = split_image(image);
        let mut catalogue = house.stack.catalogue().iter();
        let known = catalogue.find(|it| it.holds_for(split.repository, split.tag)).cloned();
        let same = parts.iter().find(|it| it.image == *image);
        let kind = if parts.is_empty() { ImageKind::App } else { ImageKind::Agent };
        let new = Part {
            name: *part,
            constant: same
                .map_or_else(|| module(&service).to_uppercase(), |it| it.constant.clone()),
            is_first: same.is_none(),
            kind: known.as_ref().and_then(|it| it.kind.get().copied()).unwrap_or(kind),
            is_known: known.is_some(),
            contract: known.unwrap_or_else(|| skeleton::guess(kind, image)),
            service,
            image,
        };
        parts.push(new);
    }
    parts
}

/// Words of Rust that would be valid names of services, but not of modules.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Returns what is wrong with the arguments: what was given and what was expected.
fn problem(house: &House, name: &str, words: &[Word<'_>]) -> Option<String> {
    let named = |name: &str| match ServiceName::parse(name.to_owned().leak()) {
        Err(error) => Some(error.to_string()),
        Ok(_) if KEYWORDS.contains(&name) => {
            Some(format!("`{name}` is a word of Rust: expected a name that a module can have"))
        }
        Ok(_) => None,
    };
    if let Some(problem) = named(name) {
        return Some(problem);
    }
    for (index, (part, image)) in words.iter().enumerate() {
        if let Some(part) = part {
            if let Some(problem) = named(part) {
                return Some(problem);
            }
            if ["add", "stack"].contains(part) {
                return Some(format!("`{part}` is the group's own word: expected another part"));
            }
            if words[..index].iter().any(|it| it.0 == Some(part)) {
                return Some(format!("two parts have the name `{part}`: expected one for each"));
            }
        }
        if let Some(problem) = unpinned(image) {
            return Some(problem);
        }
    }
    let parts = resolve(house, name, words);
    let is_taken = |it: &&Part<'_>| house.stack.names().any(|name| name.as_str() == it.service);
    let taken = parts.iter().find(is_taken)?;
    Some(format!("there is a service `{}` already", taken.service))
}

/// Returns why an image is not pinned.
fn unpinned(image: &str) -> Option<String> {
    let parts = split_image(image);
    let digest = parts.digest.and_then(|it| it.strip_prefix("sha256:")).unwrap_or_default();
    let pinned =
        digest.len() == 64 && digest.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    match parts.tag {
        Some("latest") => Some(format!(
            "`{image}` names no version: expected the tag of a release instead of `latest`"
        )),
        Some(_) if pinned => None,
        _ => Some(format!(
            "`{image}` is not pinned: expected `repository:tag@sha256:<64 hex digits>`; \
             `docker buildx imagetools inspect` prints the digest"
        )),
    }
}

fn write(source: &Path, name: &str, parts: &[Part<'_>]) -> anyhow::Result<()> {
    let service = source.join(format!("services/{}.rs", module(name)));
    if service.exists() {
        bail!("`{}` exists already", service.display());
    }
    let read = |file: &str| -> anyhow::Result<(PathBuf, String)> {
        let path = source.join(file);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok((path, text))
    };
    let (modules, text) = read("services.rs")?;
    let modules = (modules, with_module(&text, &module(name)));
    let (mut pins, mut contracts) = (read("images.rs")?, read("contracts.rs")?);
    let mut files = Vec::new();
    for part in parts.iter().filter(|it| it.is_first) {
        let (constant, image) = (&part.constant, part.image);
        if pins.1.contains(&format!("const {constant}:")) {
            bail!("`images.rs` has a constant `{constant}` already: choose another name");
        }
        let _ = write!(
            pins.1,
            "\n/// Pinned by hand; note how many sources agree.\npub(crate) const {constant}: Image = Image::pinned(\n    \"{image}\",\n);\n"
        );
        if !part.is_known {
            let contract = module(&part.service);
            contracts.1 = with_contract(&contracts.1, &contract);
            let path = source.join(format!("contracts/{contract}.rs"));
            files.push((path, skeleton::contract(part)));
        }
    }
    let text = match parts {
        [part] if part.name.is_none() => skeleton::service(part),
        parts => skeleton::group(name, parts),
    };
    files.extend([(service, text), modules, pins, contracts]);
    for (path, text) in files {
        replace(&path, &text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)?;
    let file = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(folder)?;
    std::fs::write(file.path(), text)?;
    file.persist(path)?;
    Ok(())
}

/// Adds the line of the module in alphabetical order.
fn with_module(text: &str, module: &str) -> String {
    let new = format!("pub(crate) mod {module};");
    let mut lines: Vec<&str> = text.lines().collect();
    let is_module = |it: &&str| it.starts_with("pub(crate) mod ");
    let before = lines.iter().position(|it| is_module(it) && *it > new.as_str());
    if let Some(last) = lines.iter().rposition(is_module) {
        lines.insert(before.unwrap_or(last + 1), &new);
    } else {
        // The first one stands below the comment on top.
        let first = lines.iter().position(|it| it.is_empty()).unwrap_or(lines.len());
        lines.splice(first..first, ["", &new]);
    }
    lines.join("\n") + "\n"
}

/// Adds a contract to the list in `contracts.rs`.
fn with_contract(text: &str, module: &str) -> String {
    let entry = format!("        {module}::contract(),");
    let text = one_a_line(&with_module(text, module));
    let mut lines: Vec<&str> = text.lines().collect();
    let is_entry = |it: &&str| it.ends_with("::contract(),");
    let before = lines.iter().position(|it| is_entry(it) && *it > entry.as_str());
    let first = lines.iter().rposition(|it| it.ends_with("vec![")).map_or(lines.len(), |it| it + 1);
    let last = lines.iter().rposition(is_entry).map_or(first, |it| it + 1);
    lines.insert(before.unwrap_or(last), &entry);
    lines.join("\n") + "\n"
}

/// Writes a list that rustfmt has put on one line with one item a line.
fn one_a_line(text: &str) -> String {
    let list = text.split_once("vec![").and_then(|(before, rest)| {
        let (items, after) = rest.split_once(']')?;
        Some((before, items, after)).filter(|_| !items.contains('\n'))
    });
    let Some((before, items, after)) = list else { return text.to_owned() };
    let items = items.split(',').map(str::trim).filter(|it| !it.is_empty());
    let items: String = items.flat_map(|it| ["        ", it, ",\n"]).collect();
    format!("{before}vec![\n{items}    ]{after}")
}
