//! The Rust of a new service, of a new group of services, and of a new contract.

use std::fmt::Write as _;

use homelab_core::dsl::contract::{Contract, Egress, ImageKind, ReadOnly};
use homelab_core::dsl::service::RoleKind;
use homelab_core::dsl::units::Port;
use homelab_core::model::project::split_image;

/// A service of the new module.
pub(super) struct Part<'a> {
    /// Its name within its group; absent for a service that stands alone.
    pub(super) name: Option<&'a str>,
    /// Its name in the stack.
    pub(super) service: String,
    /// Its image, as `images.rs` pins it.
    pub(super) image: &'a str,
    /// The name of that pin.
    pub(super) constant: String,
    /// Whether no part before it has the same image.
    pub(super) is_first: bool,
    /// What its image is for.
    pub(super) kind: ImageKind,
    /// What is known of its image, or what to correct where nothing is.
    pub(super) contract: Contract,
    /// Whether that stands in the house's catalogue.
    pub(super) is_known: bool,
}

/// A constant of a module: its comment, its name, and its type and value.
type Constant = (&'static str, String, String);

impl Part<'_> {
    /// Returns the name of a constant of its own.
    fn constant(&self, what: &str) -> String {
        match (self.name.map(|it| module(it).to_uppercase()), what) {
            (Some(part), "NAME") => part,
            (Some(part), "WEB") => format!("{part}_PORT"),
            (Some(part), _) => format!("{part}_{what}"),
            (None, _) => what.to_owned(),
        }
    }

    fn role(&self) -> RoleKind {
        self.kind.role()
    }

    /// Whether it dumps a database.
    fn is_dumper(&self) -> bool {
        self.contract.dumps.get() == Some(&true)
    }

    /// Its folders of data: the constant's name, the volume's name and the path.
    fn data(&self) -> impl Iterator<Item = (String, String, &str)> {
        let paths = self.contract.data.items();
        let is_one = paths.len() == 1;
        paths.iter().map(move |path| {
            let folder = path.rsplit('/').next().unwrap_or_default();
            let folder = folder.replace(|it: char| !it.is_ascii_alphanumeric(), "-").to_lowercase();
            if is_one {
                (self.constant("DATA"), self.service.clone(), path.as_str())
            } else {
                let constant = self.constant(&module(&folder).to_uppercase());
                (constant, format!("{}-{folder}", self.service), path.as_str())
            }
        })
    }

    /// Its port for browsers, or the first one.
    fn port(&self) -> Option<Port> {
        let panel = self.contract.panel.some().map(|it| it.port);
        panel.or_else(|| self.contract.ports.items().first().copied())
    }

    /// The variable for the password of the database that it is.
    fn password(&self) -> Option<&str> {
        let keys = self.contract.database.get().filter(|it| it.host.is_none())?;
        keys.password.as_deref()
    }

    fn constants(&self) -> Vec<Constant> {
        let name = &self.service;
        let service = format!("ServiceName = ServiceName::new(\"{name}\")");
        let mut all = vec![("", self.constant("NAME"), service)];
        if let Some(port) = self.port().filter(|_| self.role() == RoleKind::App) {
            let port = format!("Port = Port::new({})", port.number());
            all.push(("Web UI; the port that the image listens on.", self.constant("WEB"), port));
        }
        for (constant, volume, path) in self.data() {
            let (comment, value) = if self.kind == ImageKind::Cache {
                let value = format!("Volume::scratch(\"{volume}\", \"it is made again\")");
                ("It may be lost; say why.", format!("Mount<Stateless> = {value}"))
            } else {
                let database = self.kind == ImageKind::Database;
                let backup = if database { "Dump" } else { "Offsite" };
                let value = format!("Volume::precious(\"{volume}\", Backup::{backup})");
                let comment =
                    "What hurts to lose; `Volume::scratch(\"…\", \"why not\")` for what does not.";
                (comment, format!("Mount<Precious> = {value}"))
            };
            all.push((comment, constant, format!("{value}.at(\"{path}\")")));
        }
        if self.password().is_some() {
            let database = format!("&str = \"{}\"", module(name));
            let comment = "The database and the user to whom it belongs.";
            all.push((comment, self.constant("DATABASE"), database));
            let secret = format!("Secret = Secret::random(\"{name}-password\")");
            all.push(("", self.constant("PASSWORD"), secret));
        }
        if self.contract.ships_health.get() != Some(&true) {
            let health = format!(
                "Health = Health::shell(compile_error!(\"write the command that succeeds only when `{name}` is ready\"))"
            );
            all.push(("", self.constant("HEALTH"), health));
        }
        all
    }

    /// Its constructor and methods, without those that connect it.
    fn definition(&self, uses: &str) -> String {
        let health = match self.contract.ships_health.get() {
            Some(true) => "Health::from_image()".to_owned(),
            Some(false) | None => self.constant("HEALTH"),
        };
        let role = role(self.role()).to_lowercase();
        let constructor = format!(
            "    Service::{role}({}, images::{}, {health})\n{uses}",
            self.constant("NAME"),
            self.constant
        );
        let mut methods = Vec::new();
        if self.role() == RoleKind::App && self.port().is_some() {
            let (host, port) = (&self.service, self.constant("WEB"));
            methods.push(format!("route(Route::host(\"{host}\", {port}))"));
        }
        methods.extend(self.as_database());
        methods.extend(self.data().map(|(constant, ..)| format!("mount({constant})")));
        let writes = self.contract.writes.items().iter();
        methods.extend(writes.map(|path| format!("tmpfs(Tmpfs::at(\"{path}\"))")));
        let needed = self.contract.capabilities.items().iter();
        methods.extend(needed.map(|it| {
            format!("capability(Capability::{it:?}, \"its image does not start without\")")
        }));
        if let Some(ReadOnly::Fails(because)) = self.contract.read_only.get() {
            methods.push(format!("writable_root({because:?})"));
        }
        if let Some(Egress::Required(because)) = self.contract.egress.get() {
            methods.push(format!("egress({because:?})"));
        }
        let methods: String = methods.iter().flat_map(|it| ["        .", it, "\n"]).collect();
        let needs = self.contract.memory.get().map_or(64, |it| it.as_mib());
        format!(
            "{constructor}{methods}        \
             // What it works with, and where it is stopped: upstream's figures, with their source.\n        \
             .memory(Memory::mib({needs}).up_to(Memory::mib({})))\n",
            needs * 4
        )
    }

    /// The methods by which a database makes its user, its database and its password.
    fn as_database(&self) -> Vec<String> {
        let keys = self.contract.database.get();
        let Some((password, keys)) = self.password().zip(keys) else { return Vec::new() };
        let name = self.constant("DATABASE");
        let settings = keys.user.iter().chain(&keys.name);
        let mut methods: Vec<_> =
            settings.map(|it| format!("env(\"{}\", {name})", it.key)).collect();
        let (secret, file) = (self.constant("PASSWORD"), self.contract.file_variable(password));
        methods.extend(file.map(|it| format!("secret_env(\"{it}\", {secret})")));
        if self.contract.major_of.get().is_some_and(|it| it == "PostgreSQL") {
            methods.push(format!("postgres({name}, {name})"));
        }
        methods
    }

    fn type_of_service(&self) -> String {
        let role = role(self.role());
        let is_precious = self.data().next().is_some() && self.kind != ImageKind::Cache;
        if is_precious { format!("Service<{role}, Precious>") } else { format!("Service<{role}>") }
    }

    /// The lines by which it uses another part of its group, whose handle has that part's name.
    fn using(&self, other: &Self) -> String {
        let handle = other.local();
        let method = if self.is_dumper() { "dumps" } else { "uses" };
        let mut methods = vec![format!("{method}({handle})")];
        let keys = self.contract.database.get().filter(|_| other.password().is_some());
        if let Some((own, host)) = keys.and_then(|own| Some((own, own.host.as_ref()?))) {
            methods.push(format!("env(\"{host}\", {handle}.host())"));
            let database = other.constant("DATABASE");
            let settings = own.user.iter().chain(&own.name);
            methods.extend(settings.map(|it| format!("env(\"{}\", {database})", it.key)));
            let secret = other.constant("PASSWORD");
            let password = own.password.iter();
            let file = password.filter_map(|it| self.contract.file_variable(it));
            methods.extend(file.map(|it| format!("secret_env(\"{it}\", {secret})")));
        }
        methods.iter().flat_map(|it| ["        .", it, "\n"]).collect()
    }

    /// Returns the name of its function, its handle and its field.
    fn local(&self) -> String {
        module(self.name.unwrap_or_default())
    }
}

/// Returns the module of a service.
pub(super) fn module(name: &str) -> String {
    name.replace('-', "_")
}

fn role(role: RoleKind) -> &'static str {
    match role {
        RoleKind::Edge => "Edge",
        RoleKind::App => "App",
        RoleKind::Data => "Data",
        RoleKind::Agent => "Agent",
    }
}

/// Returns what is assumed of an image of which nothing is known: each fact has to be corrected.
pub(super) fn guess(kind: ImageKind, image: &str) -> Contract {
    let by = homelab_core::prelude::read("nowhere");
    let is_app = kind == ImageKind::App;
    Contract {
        kind: by.is(kind),
        ports: by.all(is_app.then_some(Port::new(8080))),
        data: by.all(is_app.then_some("/data")),
        ships_health: by.is(true),
        ..Contract::of(split_image(image).repository)
    }
}

/// Returns the module of a service that stands alone.
pub(super) fn service(part: &Part<'_>) -> String {
    format!(
        "{}\npub(crate) fn define() -> {} {{\n{}}}\n",
        head(&part.service, "", std::slice::from_ref(part)),
        part.type_of_service(),
        part.definition("")
    )
}

/// Returns the module of a group.
pub(super) fn group(name: &str, parts: &[Part<'_>]) -> String {
    let mut fields = String::new();
    let mut functions = Vec::new();
    for part in parts {
        let (local, uses) = (part.local(), used_by(part, parts));
        let _ = writeln!(fields, "    pub(crate) {local}: Handle<{}>,", role(part.role()));
        let parameter = |it: &&Part<'_>| format!("{}: &Handle<{}>", it.local(), role(it.role()));
        let parameters: Vec<_> = uses.iter().map(parameter).collect();
        let uses: String = uses.iter().map(|it| part.using(it)).collect();
        functions.push(format!(
            "fn {local}({}) -> {} {{\n{}}}\n",
            parameters.join(", "),
            part.type_of_service(),
            part.definition(&uses)
        ));
    }
    let (first, others) = parts.split_first().expect("a group has parts");
    // A service is added after those that it uses.
    let (with, without): (Vec<_>, Vec<_>) =
        others.iter().partition(|it| !used_by(it, parts).is_empty());
    let mut adds = String::new();
    for part in without.into_iter().chain(with).chain([first]) {
        let handle = |it: &&Part<'_>| format!("&{}", it.local());
        let handles: Vec<_> = used_by(part, parts).iter().map(handle).collect();
        let local = part.local();
        let _ = writeln!(adds, "    let {local} = stack.add({local}({}));", handles.join(", "));
    }
    let names: Vec<_> = parts.iter().map(Part::local).collect();
    format!(
        "{}\n\
         /// The services of the group, for services that use one of them.\n\
         #[expect(dead_code, reason = \"no other service of the house uses all of them\")]\n\
         pub(crate) struct Group {{\n{fields}}}\n\n\
         /// Adds the group.\n\
         pub(crate) fn add(stack: &mut Stack) -> Group {{\n{adds}    Group {{ {} }}\n}}\n\n{}",
        head(name, " and its other services,", parts),
        names.join(", "),
        functions.join("\n"),
    )
}

/// Returns the other parts that a part uses: the first one all but those that dump a database, and
/// a client of a database the databases.
fn used_by<'a>(part: &Part<'_>, parts: &'a [Part<'a>]) -> Vec<&'a Part<'a>> {
    let is_first = parts[0].service == part.service;
    let is_client = part.contract.database.get().is_some_and(|it| it.host.is_some());
    let is_used = |it: &&Part<'_>| {
        let is_database = is_client && it.kind == ImageKind::Database;
        it.service != part.service && (is_database || is_first && !it.is_dumper())
    };
    parts.iter().filter(is_used).collect()
}

/// The beginning of a module: comment, imports and constants.
fn head(name: &str, more: &str, parts: &[Part<'_>]) -> String {
    let constants = parts.iter().flat_map(Part::constants).map(|(comment, name, value)| {
        let comment = if comment.is_empty() { String::new() } else { format!("/// {comment}\n") };
        format!("{comment}const {name}: {value};\n\n")
    });
    format!(
        "//! {name}: what it is for,{more} in one line.\n\
         //!\n\
         //! Upstream: <https://example.org/>\n\n\
         use homelab_core::prelude::*;\n\n\
         use crate::images;\n\n{}",
        constants.collect::<String>()
    )
    .trim_end()
    .to_owned()
        + "\n"
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

/// Returns the contract of an image of which nothing is known.
pub(super) fn contract(part: &Part<'_>) -> String {
    let image = split_image(part.image);
    let (repository, tags) = (image.repository, range(image.tag.unwrap_or_default()));
    let (kind, ports, data, panel) = if part.kind == ImageKind::App {
        let panel = "is(Panel::new(Port::new(8080), PanelLogin::None))";
        ("App", "all([Port::new(8080)])", "all([\"/data\"])", panel)
    } else {
        ("Agent", "none()", "none()", "none()")
    };
    format!(
        r#"//! What is known of the image of {}.

use homelab_core::prelude::*;

/// Facts: where each was read. What nobody has looked up is left out.
pub(super) fn contract() -> Contract {{
    let by = read(compile_error!("name the page on which these facts were read, and correct each"));
    Contract {{
        tags: {tags},
        kind: by.is(ImageKind::{kind}),
        user: by.is(0),
        ports: by.{ports},
        data: by.{data},
        writes: by.none(),
        read_only: by.is(ReadOnly::Works),
        ships_health: by.is(true),
        requires: by.none(),
        secrets: by.none(),
        panel: by.{panel},
        egress: by.is(Egress::None),
        peers: by.none(),
        end_of_life: by.none(),
        one_way: by.none(),
        ..Contract::of("{repository}")
    }}
}}
"#,
        part.service
    )
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn a_contract_is_about_the_major_version_that_was_named() {
        assert_eq!(range("v3.1-alpine"), "Tags::between(\"3\", \"4\")");
        assert_eq!(range("stable"), "Tags::default()");
    }
}
