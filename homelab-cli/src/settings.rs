//! `.env` on this host: what it says, and what is wrong with it.

use std::path::PathBuf;

use homelab_core::checks::finding::{Finding, Place, Severity};
use homelab_core::compose::dotenv::{self, Dotenv};
use homelab_core::compose::limits;
use homelab_core::dsl::declaration::Declaration;
use homelab_core::dsl::variable::{EnvVar, Fallback, Kind};
use indexmap::IndexMap;

use crate::error::Error;
use crate::file;
use crate::house_folder::HouseFolder;
use crate::message;

/// Id of the findings about `.env`.
pub(crate) const RULE: &str = "host-env";

/// Variables of Compose and Docker, which are allowed though the stack does not have them.
const FOREIGN: &[&str] = &["COMPOSE_", "DOCKER_", "BUILDKIT_"];

/// A `.env` and where it lies.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) path: PathBuf,
    /// Its text; `None` when there is no such file.
    pub(crate) text: Option<String>,
    pub(crate) dotenv: Dotenv,
}

impl Settings {
    pub(crate) fn load(path: PathBuf) -> Result<Self, Error> {
        let text = file::if_there(&path, file::text(&path, limits::DOTENV))?;
        Ok(Self::new(path, text))
    }

    pub(crate) fn new(path: PathBuf, text: Option<String>) -> Self {
        let dotenv = dotenv::parse(text.as_deref().unwrap_or_default());
        Self { path, text, dotenv }
    }

    /// Fails unless every line can be read.
    pub(crate) fn readable(self) -> Result<Self, Error> {
        let faults = self.dotenv.faults.iter().map(|it| format!("  {it}")).collect();
        self.unless(faults)
    }

    /// Fails unless every value that is set is valid.
    pub(crate) fn valid(self, house: &HouseFolder) -> Result<Self, Error> {
        let errors = self.findings(house).into_iter().filter(|it| it.severity == Severity::Error);
        let faults = errors.filter_map(|it| Some(format!("  {}: {}", it.place?, it.message)));
        let faults = faults.collect();
        self.unless(faults)
    }

    fn unless(self, faults: Vec<String>) -> Result<Self, Error> {
        if faults.is_empty() { Ok(self) } else { Err(Error::Settings { path: self.path, faults }) }
    }

    /// The valid values. Wrong ones are reported once, and what would follow from them is not.
    pub(crate) fn values(&self, declared: &Declaration) -> IndexMap<String, String> {
        let is_wrong = |name: &str, value: &str| {
            let variable = declared.variables.iter().find(|it| it.name() == name);
            variable.is_some_and(|it| !value.is_empty() && invalid(declared, it, value).is_some())
        };
        let entries = self.dotenv.entries.iter().filter(|it| !is_wrong(it.0, &it.1.value));
        entries.map(|(name, it)| (name.clone(), it.value.clone())).collect()
    }

    /// Profiles that are on.
    pub(crate) fn profiles(&self) -> Vec<&str> {
        let value = self.dotenv.value("COMPOSE_PROFILES").unwrap_or_default();
        value.split(',').map(str::trim).filter(|it| !it.is_empty()).collect()
    }

    /// Required variables that have no value.
    pub(crate) fn missing<'a>(
        &self,
        declared: &'a Declaration,
    ) -> impl Iterator<Item = &'a EnvVar> {
        let required = declared.variables.iter().filter(|it| it.fallback() == Fallback::Required);
        required.filter(|it| self.dotenv.value(it.name()).is_none())
    }

    /// Everything that is wrong with it.
    pub(crate) fn findings(&self, house: &HouseFolder) -> Vec<Finding> {
        let declared = &house.declared;
        if self.text.is_none() {
            let message = format!("`{}` does not exist", self.path.display());
            let help = format!("run `{}`", house.command("init"));
            return vec![self.finding(Severity::Error, None, message, help)];
        }
        let mut found = self.lines(declared);
        found.sort_by_key(|it| it.0);
        let mut found: Vec<_> = found.into_iter().map(|it| it.1).collect();
        for variable in self.missing(declared) {
            let message = format!("`{variable}` has no value: {}", variable.meaning());
            let command = house.command(&format!("init --set {variable}=VALUE"));
            let help = format!("set it: `{command}`");
            found.push(self.finding(Severity::Error, None, message, help));
        }
        found
    }

    /// What is wrong with its lines.
    fn lines(&self, declared: &Declaration) -> Vec<(usize, Finding)> {
        let mut found = Vec::new();
        let mut push = |severity, line, message, help| {
            found.push((line, self.finding(severity, Some(line), message, help)));
        };
        for fault in &self.dotenv.faults {
            let help = "correct the line, or begin it with `#`".to_owned();
            push(Severity::Error, fault.line, fault.message.clone(), help);
        }
        for it in &self.dotenv.repeated {
            let message = format!("`{}` is set in line {} too", it.name, it.earlier);
            let help = format!("remove line {}, which does not count", it.earlier);
            push(Severity::Warning, it.line, message, help);
        }
        for (name, entry) in &self.dotenv.entries {
            let problem = match declared.variables.iter().find(|it| it.name() == name) {
                Some(variable) => invalid(declared, variable, &entry.value),
                None => unknown(declared, name),
            };
            if let Some((severity, message, help)) = problem {
                push(severity, entry.line, message, help);
            }
        }
        found
    }

    /// A finding about the file, or about one line of it.
    pub(crate) fn finding(
        &self,
        severity: Severity,
        line: Option<usize>,
        message: String,
        help: String,
    ) -> Finding {
        let path = self.path.display();
        Finding {
            rule: RULE.to_owned(),
            severity,
            subject: path.to_string(),
            place: line.map(|it| Place::line(path.to_string(), it)),
            accept: None,
            message,
            help,
        }
    }
}

/// What is wrong with the value of a known variable; an empty one means the default.
fn invalid(
    declared: &Declaration,
    variable: &EnvVar,
    value: &str,
) -> Option<(Severity, String, String)> {
    if value.is_empty() {
        return None;
    }
    if !variable.kind().accepts(value) {
        let expected = variable.kind().expected();
        let message = format!("`{variable}` is `{value}`, expected {expected}");
        let help = format!("correct the line; it sets this: {}", variable.meaning());
        return Some((Severity::Error, message, help));
    }
    if variable.kind() == Kind::Profiles {
        let known: Vec<_> = declared.profiles.iter().map(String::as_str).collect();
        let chosen: Vec<_> = value.split(',').collect();
        let of_group = |group: &&Vec<String>| {
            group.iter().filter(|it| chosen.contains(&it.as_str())).count() > 1
        };
        if let Some(group) = declared.exclusive.iter().find(of_group) {
            let message = format!("`{variable}` is `{value}`, expected only one of a group");
            let group = group.iter().map(String::as_str);
            return Some((
                Severity::Error,
                message,
                format!("keep one of {}", message::list(group)),
            ));
        }
        let name = chosen.into_iter().find(|it| !known.contains(it))?;
        let message = format!("`{variable}` names the profile `{name}`, which does not exist");
        return Some((Severity::Error, message, message::suggest(name, "profiles", &known)));
    }
    None
}

fn unknown(declared: &Declaration, name: &str) -> Option<(Severity, String, String)> {
    // Without a declaration nobody knows which there are.
    if declared.variables.is_empty() || FOREIGN.iter().any(|it| name.starts_with(it)) {
        return None;
    }
    let help = match message::nearest(name, declared.variables.iter().map(EnvVar::name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "remove it; no service reads it".to_owned(),
    };
    Some((Severity::Warning, format!("`{name}` is no variable of this stack"), help))
}

/// Checks a value that was given on the command line.
pub(crate) fn check_value(
    declared: &Declaration,
    variable: &EnvVar,
    value: &str,
) -> Result<(), Error> {
    match invalid(declared, variable, value) {
        None => Ok(()),
        Some(_) => Err(Error::Value {
            name: variable.name(),
            value: value.to_owned(),
            expected: if variable.kind() == Kind::Profiles {
                let known = declared.profiles.iter().map(String::as_str);
                let only = declared.exclusive.iter().map(|group| {
                    format!(", only one of {}", message::list(group.iter().map(String::as_str)))
                });
                format!("a comma list of {}{}", message::list(known), only.collect::<String>())
            } else {
                variable.kind().expected()
            },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_group_only_one_profile_is_accepted() {
        const PROFILES: EnvVar = EnvVar::new("COMPOSE_PROFILES", Kind::Profiles, "What runs.");
        let declared = br#"{ "reserve": 0, "profiles": ["adguard", "pihole", "photos"],
            "exclusive": [["adguard", "pihole"]], "variables": [], "secrets": [], "contracts": [] }"#;
        let declared = Declaration::parse(declared).expect("a declaration");
        for value in ["", "adguard", "photos,pihole"] {
            assert_eq!(invalid(&declared, &PROFILES, value), None, "{value}");
        }
        let found = invalid(&declared, &PROFILES, "adguard,photos,pihole");
        let (severity, message, help) = found.expect("two of a group are on");
        assert_eq!(severity, Severity::Error);
        insta::assert_snapshot!(format!("{message}\n{help}"), @r"
        `COMPOSE_PROFILES` is `adguard,photos,pihole`, expected only one of a group
        keep one of `adguard`, `pihole`
        ");
    }
}
