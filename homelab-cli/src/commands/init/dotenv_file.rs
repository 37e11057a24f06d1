//! `.env`: what is appended, and what is filled in.

use homelab_core::compose::dotenv;
use homelab_core::compose::limits;
use homelab_core::dsl::stack::Site;
use homelab_core::dsl::variable::EnvVar;
use homelab_core::dsl::variable::Fallback;
use homelab_core::report::env_example;

use super::Assignment;
use crate::error::Error;
use crate::file::{Folder, Owned};
use crate::host::Person;
use crate::house_folder::HouseFolder;
use crate::message;
use crate::settings::Settings;
use crate::ui::Ui;

const HEADER: &str = "\
# Settings of this household, read by Docker Compose; made by `homelab init`.
# A line that begins with `#` shows a default: remove the `#` to change it.
# No passwords belong here: those are files in `secrets/`.
";

const NAME: &str = ".env";

/// Reads the file, which may be missing, and its owner and mode; fails unless every value is valid.
pub(super) fn load(
    house: &HouseFolder,
    folder: &Folder,
) -> Result<(Settings, Option<Owned>), Error> {
    let (text, owned) = folder.read(NAME, limits::DOTENV)?.unzip();
    Ok((Settings::new(house.path(NAME), text).valid(house)?, owned))
}

/// Writes what is missing; `false` when nothing is.
pub(super) fn write(
    ui: &mut Ui,
    house: &HouseFolder,
    folder: &Folder,
    assignments: &[Assignment],
) -> Result<bool, Error> {
    let (before, owned) = load(house, folder)?;
    let chosen = not_set(&before, assignments)?;
    let old = before.text.as_deref();
    let new = merged(house.site(), &house.variables(), old, &chosen, &detected(house));
    if old == Some(new.as_str()) {
        return Ok(false);
    }
    let path = &before.path;
    if let (Some(old), Some(owned)) = (old, owned) {
        folder.replace(NAME, &new, owned)?;
        let added = new.lines().count().saturating_sub(old.lines().count());
        let what = match added {
            0 => "filled in the values".to_owned(),
            added => {
                format!("added {}, the others are as they were", message::count(added, "line"))
            }
        };
        ui.done("changed", format_args!("{}: {what}", path.display()));
    } else {
        let person = Person::current().map(|it| (it.uid, it.gid));
        if !folder.create(NAME, &new, Owned { owner: person, mode: 0o644 })? {
            // Somebody else has just made it: start again with what they wrote.
            return write(ui, house, folder, assignments);
        }
        ui.done("created", path.display());
    }
    Ok(true)
}

/// The assignments that are not what the file says already; it is an error if it says something else.
fn not_set(before: &Settings, assignments: &[Assignment]) -> Result<Vec<Assignment>, Error> {
    let mut chosen = Vec::new();
    for (variable, value) in assignments {
        let entry = before.dotenv.entries.get(variable.name());
        match entry.filter(|it| !it.value.is_empty()) {
            None => chosen.push((*variable, value.clone())),
            Some(entry) if entry.value == *value => {}
            Some(entry) => {
                return Err(Error::AlreadySet {
                    name: variable.name(),
                    value: entry.value.clone(),
                    line: entry.line,
                    path: before.path.clone(),
                });
            }
        }
    }
    Ok(chosen)
}

/// What this host says itself.
fn detected(house: &HouseFolder) -> Vec<(&'static str, String)> {
    let person = Person::current();
    let variable = house.site().house;
    let is_default =
        |it: &str| matches!(variable.fallback(), Fallback::Value(usual) if usual == it);
    let folder = house.mounted_from().into_os_string().into_string().ok();
    let folder = folder.filter(|it| !is_default(it));
    let found = [
        ("TZ", house.host.time_zone()),
        ("PUID", person.map(|it| it.uid.to_string())),
        ("PGID", person.map(|it| it.gid.to_string())),
        (variable.name(), folder),
        ("RENDER_GID", house.host.render_group().map(|it| it.to_string())),
    ];
    found.into_iter().filter_map(|(name, it)| Some((name, it?))).collect()
}

/// The file with every variable in it: old lines stay, in their order.
fn merged(
    site: &Site,
    variables: &[EnvVar],
    old: Option<&str>,
    chosen: &[Assignment],
    detected: &[(&str, String)],
) -> String {
    let before = old.unwrap_or(HEADER);
    // `lines()` would drop the carriage returns of an editor on Windows.
    let mut lines: Vec<String> =
        before.strip_suffix('\n').unwrap_or(before).split('\n').map(str::to_owned).collect();
    for variable in variables {
        let name = variable.name();
        let chosen_value = chosen.iter().rfind(|it| it.0.name() == name).map(|it| it.1.as_str());
        let value = chosen_value.map(dotenv::quote);
        if let Some(at) = lines.iter().position(|it| is_empty_assignment(it, name)) {
            if let Some(value) = value {
                lines[at] = format!("{name}={value}");
            }
        } else if let Some(at) = lines.iter().position(|it| is_mentioned(it, name)) {
            if let Some(value) = value {
                lines.insert(at + 1, format!("{name}={value}"));
            }
        } else {
            let found = detected.iter().find(|it| it.0 == name);
            let found = found.filter(|it| variable.kind().accepts(&it.1));
            let value = chosen_value.or_else(|| found.map(|it| it.1.as_str()));
            let entry = env_example::entry(site, variable, value);
            lines.push(format!("\n{}", entry.trim_end()));
        }
    }
    let text = lines.join("\n");
    if old.is_some_and(|it| it.strip_suffix('\n').unwrap_or(it) == text) {
        // A file whose last line has no end is not changed for that alone.
        return before.to_owned();
    }
    text + "\n"
}

/// `NAME=` without a value.
fn is_empty_assignment(line: &str, name: &str) -> bool {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    line.trim_start().strip_prefix(name).is_some_and(|it| it.trim() == "=")
}

/// `NAME=…`, also when it is commented out.
fn is_mentioned(line: &str, name: &str) -> bool {
    let line = line.trim_start().trim_start_matches(['#', ' ']);
    let line = line.strip_prefix("export ").unwrap_or(line);
    let rest = line.trim_start().strip_prefix(name);
    rest.is_some_and(|it| it.trim_start().starts_with(['=', ':']))
}

#[cfg(test)]
mod tests {
    use homelab_core::dsl::variable::EnvVar;

    use super::*;

    fn with(old: &str, chosen: &[(&str, &str)]) -> String {
        let stack = homelab_core::testing::house().stack;
        let site = stack.site();
        let variable = |name| {
            let mut all = site.variables.iter();
            all.find(|it: &&EnvVar| it.name() == name).expect("a variable of the house")
        };
        let chosen: Vec<_> = chosen.iter().map(|it| (*variable(it.0), it.1.to_owned())).collect();
        // Everything is mentioned, so that only the lines of the test can change.
        let rest =
            site.variables.iter().filter(|it| !old.lines().any(|l| is_mentioned(l, it.name())));
        let rest: Vec<_> = rest.map(|it| format!("#{it}=\n")).collect();
        let rest = rest.concat();
        let text = merged(site, site.variables, Some(&format!("{rest}{old}")), &chosen, &[]);
        text.strip_prefix(&rest).expect("old lines stay").to_owned()
    }

    #[test]
    fn old_lines_stay_as_they_are() {
        for old in
            ["DATA_ROOT=/srv", "DATA_ROOT=/srv\r\nX=1\r\n", "  # my own\n\nDATA_ROOT: /srv\n"]
        {
            assert_eq!(with(old, &[]), old);
        }
    }

    #[test]
    fn values_go_where_they_are_missing() {
        assert_eq!(with("DATA_ROOT=\n", &[("DATA_ROOT", "/a b")]), "DATA_ROOT='/a b'\n");
        assert_eq!(
            with("# DOMAIN=Etc/UTC\n", &[("DOMAIN", "UTC")]),
            "# DOMAIN=Etc/UTC\nDOMAIN=UTC\n"
        );
        // An empty value of a file from Windows, in a line of its own ending.
        assert_eq!(with("A=1\r\nDOMAIN=\r\n", &[("DOMAIN", "UTC")]), "A=1\r\nDOMAIN=UTC\n");
        // The name is a word: PUID is not mentioned by MY_PUID.
        assert!(!is_mentioned("MY_PUID=1", "PUID"));
        assert!(!is_mentioned("PUID_X=1", "PUID"));
    }
}
