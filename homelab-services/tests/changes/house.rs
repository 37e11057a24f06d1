//! The Rust of the house in the copy, and how it is edited.

use std::fs;
use std::path::PathBuf;

use crate::copy::Copy;
use crate::text;

/// An image that exists nowhere.
const DIGEST: &str = "sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510";

/// Files of constants that services refer to.
const CONSTANTS: &[&str] = &["env", "images", "networks", "profiles", "groups"];

pub(crate) struct House {
    pub(crate) copy: Copy,
    source: PathBuf,
}

impl House {
    pub(crate) fn new(copy: Copy) -> Self {
        let source = copy.root.join("homelab-services/src");
        Self { copy, source }
    }

    /// The text of a file below `src`.
    pub(crate) fn read(&self, path: &str) -> String {
        let path = self.source.join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.source.join(path), text).expect("`target` is writable");
    }

    /// Changes a file; `how` says what is looked for, should it not be there.
    pub(crate) fn edit(&self, path: &str, how: &str, change: impl FnOnce(&str) -> String) {
        let before = self.read(path);
        let after = change(&before);
        assert_ne!(
            before, after,
            "`homelab-services/src/{path}` is written in another way than this test knows: \
             expected {how}\nhelp: teach `homelab-services/tests/changes` the new way"
        );
        self.write(path, &after);
    }

    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) {
        self.edit(path, &format!("`{from}`"), |it| it.replacen(from, to, 1));
    }

    /// Changes the first number behind these words; gives it before and after.
    pub(crate) fn number(&self, path: &str, words: &str, change: fn(u32) -> u32) -> [u32; 2] {
        let mut numbers = [0; 2];
        self.edit(path, &format!("`{words}` and a number"), |before| {
            let Some((start, rest)) = before.split_once(words) else { return before.to_owned() };
            let digits = rest.find(|it: char| it.is_ascii_digit()).unwrap_or(0);
            let (between, rest) = rest.split_at(digits);
            let end = rest.find(|it: char| !it.is_ascii_digit() && it != '_').unwrap_or(0);
            let Ok(number) = rest[..end].replace('_', "").parse() else { return before.to_owned() };
            numbers = [number, change(number)];
            format!("{start}{words}{between}{}{}", numbers[1], &rest[end..])
        });
        numbers
    }

    /// Adds an element to a list of constants.
    pub(crate) fn list(&self, path: &str, list: &str, element: &str) {
        self.edit(path, &format!("a constant `{list}` that ends with `];`"), |text| {
            let found = text::constant(text, list).filter(|it| text[..it.end].ends_with("];"));
            let Some(found) = found else { return text.to_owned() };
            let (start, end) = text.split_at(found.end - "];".len());
            let start = start.trim_end();
            let comma = if start.ends_with(['[', ',']) { "" } else { ", " };
            format!("{start}{comma}{element}{end}")
        });
    }

    /// Adds a service as `CONTRIBUTING.md` says; `more` are lines for its definition.
    pub(crate) fn add_service(&self, name: &str, more: &str) {
        let module = name.replace('-', "_");
        let image = format!("example/{name}:1.0@{DIGEST}");
        self.copy.cargo(&["xtask", "new-service", name, &image]);
        let file = format!("services/{module}.rs");
        let source =
            "compile_error!(\"name the page on which these facts were read, and correct each\")";
        self.replace(&format!("contracts/{module}.rs"), source, "\"https://example.org/\"");
        let route = format!("Route::host(\"{name}\", WEB)");
        self.replace(
            &file,
            &format!(".route({route})"),
            &format!(".route({route}.login(Login::Proxy)){more}"),
        );
        self.replace(&file, "use crate::images;", "use crate::{groups, images, profiles};");
        for import in ["groups", "profiles"].iter().filter(|it| !more.contains(**it)) {
            self.edit(&file, "an import", |text| {
                text::without_elements(text, |it| text::mentions(it, import))
            });
        }
        self.edit("lib.rs", "`let mut stack = …;`", |text| {
            let start = text.find("let mut stack = ").unwrap_or(text.len());
            let end = text[start..].find(";\n").map_or(text.len(), |it| start + it + 1);
            let add = format!("\n    stack.add(services::{module}::define());");
            format!("{}{add}{}", &text[..end], &text[end..])
        });
    }

    /// Modules of services, by the alphabet.
    pub(crate) fn services(&self) -> Vec<String> {
        let text = self.read("services.rs");
        let modules = text.lines().filter_map(|it| it.split_once("mod ")?.1.strip_suffix(';'));
        modules.map(str::to_owned).collect()
    }

    /// Modules of services that stand alone: nobody gets their handle, and no other module names them.
    pub(crate) fn lone_services(&self) -> Vec<String> {
        let (lib, all) = (self.read("lib.rs"), self.services());
        let is_named = |module: &str| {
            let others = all.iter().filter(|it| *it != module);
            others.into_iter().any(|it| {
                text::mentions(&self.read(&format!("services/{it}.rs")), &format!("{module}::"))
            })
        };
        let added = |module: &str| {
            let line = format!("stack.add(services::{module}::define());");
            lib.lines().any(|it| it.trim() == line)
        };
        all.iter().filter(|it| added(it) && !is_named(it)).cloned().collect()
    }

    /// Removes services with all that only they needed: lines, configuration files, variables, pins, and so on.
    /// What is known of their images stays: the shelf may need it.
    pub(crate) fn remove_services(&self, modules: &[&str]) {
        let mut removed = String::new();
        for module in modules {
            let file = self.source.join(format!("services/{module}.rs"));
            removed += &self.read(&format!("services/{module}.rs"));
            fs::remove_file(&file).expect("it was read");
            // Where it had more than one file.
            let _ = fs::remove_dir_all(file.with_extension(""));
            self.remove_module("services.rs", module);
            let path = format!("services::{module}");
            self.edit("lib.rs", &format!("a statement with `{path}`"), |text| {
                let text = text::without_elements(text, |it| text::mentions(it, &path));
                text::without_statements(&text, |it| text::mentions(it, &path))
            });
            let files = self.read("files.rs");
            self.write(
                "files.rs",
                &text::without_elements(&files, |it| text::mentions(it, module)),
            );
        }
        self.sweep(&removed);
    }

    /// Removes the line of a module in this file.
    fn remove_module(&self, path: &str, module: &str) {
        let line = format!("mod {module};");
        self.edit(path, &format!("`{line}`"), |text| {
            let others = text.lines().filter(|it| !it.ends_with(&line));
            others.flat_map(|it| [it, "\n"]).collect()
        });
    }

    /// Removes each constant that this text named and nothing names any more.
    pub(crate) fn sweep(&self, removed: &str) {
        for module in CONSTANTS {
            let path = format!("{module}.rs");
            for name in text::constants(&self.read(&path)) {
                let is_removed = text::mentions(removed, &format!("{module}::{name}"));
                if is_removed && !self.is_named(module, name) {
                    self.forget(&path, name);
                }
            }
        }
    }

    /// Whether the house needs a constant of a module besides in lists of all of its kind.
    fn is_named(&self, module: &str, name: &str) -> bool {
        let services = self.services().into_iter().map(|it| format!("services/{it}.rs"));
        let others = ["lib", "site", "files"].iter().chain(CONSTANTS).map(|it| format!("{it}.rs"));
        let path = format!("{module}.rs");
        let text = self.read(&path);
        let own = text::constants(&text).into_iter().filter(|it| *it != name);
        let mut own = own.filter_map(|it| Some(&text[text::constant(&text, it)?]));
        own.any(|it| text::mentions(it, name))
            || services
                .chain(others)
                .filter(|it| *it != path)
                .any(|it| text::mentions(&self.read(&it), &format!("{module}::{name}")))
    }

    /// Removes a constant, and what names it in the lists of its file.
    fn forget(&self, path: &str, name: &str) {
        self.edit(path, &format!("a constant `{name}`"), |text| {
            let mut text = text.to_owned();
            let found = text::constant(&text, name).expect("it was listed");
            text.replace_range(found, "");
            text::without_elements(&text, |it| text::mentions(it, name))
        });
    }
}
