//! `cargo xtask new-service`: the skeleton of a service, its module line and its pin.

use std::path::Path;

use anyhow::{Context as _, bail};
use homelab_core::dsl::contract::Contract;
use homelab_core::dsl::house::House;
use homelab_core::dsl::name::ServiceName;

use crate::{Outcome, complain, say};

/// Writes `services/<name>.rs`, adds its module and its pin, and prints the one line that is left
/// to write.
pub(crate) fn run(house: &House, root: &Path, name: &str, image: &str) -> anyhow::Result<Outcome> {
    if let Some(problem) = problem(house, name, image) {
        complain(&format!("error: {problem}"));
        return Ok(Outcome::Usage);
    }
    let source = format!("{}/src", house.folder);
    let parts = homelab_core::model::project::split_image(image);
    let is_it = |it: &Contract| it.holds_for(parts.repository, parts.tag);
    let is_known = house.stack.catalogue().iter().any(is_it);
    write(&root.join(&source), name, image, is_known)?;
    let module = name.replace('-', "_");
    say(&format!("wrote {source}/services/{module}.rs"));
    say(&format!("added its module to {source}/services.rs"));
    say(&format!("added its pin to {source}/images.rs"));
    if is_known {
        say("its image has a contract already");
    } else {
        say(&format!("wrote {source}/contracts/{module}.rs and added it to {source}/contracts.rs"));
    }
    complain(&format!(
        "\nleft to do:\n\
         1. read the new files: every fact in them is a guess that the image's documentation has to confirm\n\
         2. add `stack.add(services::{module}::define());` to {source}/lib.rs\n\
         3. run `cargo xtask gen`: it does not compile until the contract names its source; then the rules say what is missing"
    ));
    Ok(Outcome::Fine)
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
fn problem(house: &House, name: &str, image: &str) -> Option<String> {
    if let Err(error) = ServiceName::parse(name.to_owned().leak()) {
        return Some(error.to_string());
    }
    if house.stack.names().any(|it| it.as_str() == name) {
        return Some(format!("there is a service `{name}` already"));
    }
    if KEYWORDS.contains(&name) {
        return Some(format!("`{name}` is a word of Rust: expected a name that a module can have"));
    }
    let parts = homelab_core::model::project::split_image(image);
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

fn write(source: &Path, name: &str, image: &str, is_known: bool) -> anyhow::Result<()> {
    let module = name.replace('-', "_");
    let path = source.join(format!("services/{module}.rs"));
    if path.exists() {
        bail!("`{}` exists already", path.display());
    }
    let edit = |file: &str,
                change: &dyn Fn(String) -> String|
     -> anyhow::Result<(std::path::PathBuf, String)> {
        let path = source.join(file);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok((path, change(text)))
    };
    let constant = module.to_uppercase();
    let pins = std::fs::read_to_string(source.join("images.rs")).unwrap_or_default();
    if pins.contains(&format!("const {constant}:")) {
        bail!("`images.rs` has a constant `{constant}` already: choose another name");
    }
    let modules = edit("services.rs", &|text| with_module(&text, &module))?;
    let pins = edit("images.rs", &|text| {
        format!(
            "{text}\n/// Pinned by hand; note how many sources agree.\npub(crate) const {constant}: Image = Image::pinned(\n    \"{image}\",\n);\n"
        )
    })?;
    let mut files = vec![(path, service(name, &constant)), modules, pins];
    if !is_known {
        let contracts = edit("contracts.rs", &|text| with_contract(&text, &module))?;
        let path = source.join(format!("contracts/{module}.rs"));
        files.extend([(path, contract(name, image)), contracts]);
    }
    for (path, text) in files {
        replace(&path, &text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(path);
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
    let last = lines.iter().rposition(is_module).map_or(lines.len(), |it| it + 1);
    lines.insert(before.unwrap_or(last), &new);
    lines.join("\n") + "\n"
}

/// Adds a contract to the list in `contracts.rs`.
fn with_contract(text: &str, module: &str) -> String {
    let entry = format!("        {module}::contract(),");
    let text = with_module(text, module);
    let mut lines: Vec<&str> = text.lines().collect();
    let is_entry = |it: &&str| it.ends_with("::contract(),");
    let before = lines.iter().position(|it| is_entry(it) && *it > entry.as_str());
    let first = lines.iter().rposition(|it| it.ends_with("vec![")).map_or(lines.len(), |it| it + 1);
    let last = lines.iter().rposition(is_entry).map_or(first, |it| it + 1);
    lines.insert(before.unwrap_or(last), &entry);
    lines.join("\n") + "\n"
}

fn service(name: &str, constant: &str) -> String {
    format!(
        r#"//! {name}: what it is for, in one line.
//!
//! Upstream: <https://example.org/>

use homelab_core::prelude::*;

use crate::images;

const NAME: ServiceName = ServiceName::new("{name}");

/// Web UI; the port that the image listens on.
const WEB: Port = Port::new(8080);

/// What hurts to lose; `Volume::scratch("…", "why not")` for what does not.
const DATA: Mount<Precious> = Volume::precious("{name}", Backup::Offsite).at("/data");

pub(crate) fn define() -> Service<App, Precious> {{
    Service::app(NAME, images::{constant}, Health::from_image())
        .route(Route::host("{name}", WEB))
        .mount(DATA)
        // What it works with, and where it is stopped: upstream's figures, with their source.
        .memory(Memory::mib(64).up_to(Memory::mib(256)))
}}
"#
    )
}

/// The range of a contract: the tag's major version, where it has one.
fn range(tag: &str) -> String {
    let digits = tag.strip_prefix('v').unwrap_or(tag);
    let end = digits.find(|it: char| !it.is_ascii_digit()).unwrap_or(digits.len());
    match digits[..end].parse::<u64>() {
        Ok(major) => format!("Tags::between(\"{major}\", \"{}\")", major + 1),
        Err(_) => "Tags::default()".to_owned(),
    }
}

fn contract(name: &str, image: &str) -> String {
    let parts = homelab_core::model::project::split_image(image);
    let (repository, tags) = (parts.repository, range(parts.tag.unwrap_or_default()));
    format!(
        r#"//! What is known of the image of {name}.

use homelab_core::prelude::*;

/// Facts: where each was read. What nobody has looked up is left out.
pub(super) fn contract() -> Contract {{
    let by = read(compile_error!("name the page on which these facts were read, and correct each"));
    Contract {{
        tags: {tags},
        kind: by.is(ImageKind::App),
        user: by.is(0),
        ports: by.all([Port::new(8080)]),
        data: by.all(["/data"]),
        writes: by.none(),
        read_only: by.is(ReadOnly::Works),
        ships_health: by.is(true),
        requires: by.none(),
        secrets: by.none(),
        panel: by.is(Panel::new(Port::new(8080), PanelLogin::None)),
        egress: by.is(Egress::None),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.none(),
        ..Contract::of("{repository}")
    }}
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use homelab_core::testing::house;

    use super::*;

    const IMAGE: &str =
        "a/b:1@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510";

    #[test]
    fn arguments_are_checked() {
        assert_eq!(problem(&house(), "notes", IMAGE), None);
        assert!(problem(&house(), "Notes", IMAGE).is_some());
        assert!(problem(&house(), "web", IMAGE).is_some());
        assert!(problem(&house(), "type", IMAGE).is_some());
        assert!(problem(&house(), "notes", "a/b:1").is_some());
        assert!(problem(&house(), "notes", &IMAGE.replace(":1@", ":latest@")).is_some());
    }

    #[test]
    fn a_module_goes_where_the_alphabet_wants_it() {
        let text = "//! x\n\npub(crate) mod b;\npub(crate) mod d;\n";
        assert_eq!(
            with_module(text, "a"),
            "//! x\n\npub(crate) mod a;\npub(crate) mod b;\npub(crate) mod d;\n"
        );
        assert_eq!(
            with_module(text, "c"),
            "//! x\n\npub(crate) mod b;\npub(crate) mod c;\npub(crate) mod d;\n"
        );
        assert_eq!(
            with_module(text, "e"),
            "//! x\n\npub(crate) mod b;\npub(crate) mod d;\npub(crate) mod e;\n"
        );
    }

    #[test]
    fn a_contract_is_about_the_major_version_that_was_named() {
        assert_eq!(range("v3.1-alpine"), "Tags::between(\"3\", \"4\")");
        assert_eq!(range("stable"), "Tags::default()");
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["services", "contracts"] {
            std::fs::create_dir(folder.path().join(name)).expect("writable");
        }
        for file in ["services.rs", "images.rs"] {
            std::fs::write(folder.path().join(file), "//! x\n\n").expect("writable");
        }
        let list = "//! x\n\npub(crate) mod z;\n\nfn all() {\n    vec![\n        z::contract(),\n    ]\n}\n";
        std::fs::write(folder.path().join("contracts.rs"), list).expect("writable");
        write(folder.path(), "my-notes", IMAGE, false).expect("it is new");
        let list = std::fs::read_to_string(folder.path().join("contracts.rs")).expect("readable");
        assert!(
            list.starts_with(
                "//! x

pub(crate) mod my_notes;
pub(crate) mod z;
"
            ),
            "{list}"
        );
        assert!(
            list.contains(
                "
        my_notes::contract(),
        z::contract(),
"
            ),
            "{list}"
        );
        let pins = std::fs::read_to_string(folder.path().join("images.rs")).expect("readable");
        assert!(pins.contains("pub(crate) const MY_NOTES: Image"), "{pins}");
        let error = write(folder.path(), "my-notes", IMAGE, false).expect_err("it exists");
        assert!(error.to_string().contains("exists already"), "{error}");
    }
}
