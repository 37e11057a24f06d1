//! Where an image keeps its data, and what lies there in the container.

use std::path::Path;

use super::{Member, Project};
use crate::compose::ServiceMount;
use crate::dsl::contract::Setting;
use crate::dsl::resource::Mount;

/// What lies at a path of a container, and so what becomes of the files there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder<'a> {
    /// A volume or a bind of the file.
    Mount(&'a ServiceMount),
    /// A folder in memory, and whether the container may write to it.
    Memory { is_writable: bool },
    /// A volume without a name, of which every new container gets another one.
    Anonymous,
}

impl<'a> Member<'a> {
    /// Returns what lies at a path of its container, and where that begins: of all that is at the
    /// path or above it, the innermost. Without any it is the container's own file system.
    ///
    /// The engine makes an anonymous volume at each `VOLUME` of the image at which nothing else lies.
    pub(crate) fn holder(&self, project: &Project<'_>, path: &str) -> Option<(String, Holder<'a>)> {
        let volumes = self.contract().into_iter().flat_map(|it| it.volumes.items());
        let volumes = volumes.map(|it| (clean_path(it), Holder::Anonymous));
        let memory = self.service.tmpfs.iter().map(|written| {
            let entry = project.resolve(written);
            let (path, options) = entry.split_once(':').unwrap_or((&entry, ""));
            let is_writable = !options.split(',').any(|it| it == "ro");
            (clean_path(path), Holder::Memory { is_writable })
        });
        let mounts = self.service.volumes.iter().map(|it| {
            let named = if it.source.is_empty() { Holder::Anonymous } else { Holder::Mount(it) };
            (clean_path(&project.resolve(&it.target)), named)
        });
        let path = clean_path(path);
        let all = volumes.chain(memory).chain(mounts);
        // Of several at one path the last one counts.
        all.filter(|(at, _)| Path::new(&path).starts_with(at)).max_by_key(|(at, _)| at.len())
    }

    /// Returns what its author declared of a mount.
    pub(crate) fn declared(&self, mount: &ServiceMount) -> Option<&'a Mount<()>> {
        self.facts.mounts.iter().find(|it| it.target == mount.target)
    }

    /// Returns the paths at which its image keeps what must survive, each with the variable that
    /// says so, if one does.
    pub(crate) fn data(&self, project: &Project<'_>) -> Vec<(String, Option<&'a str>)> {
        let Some(contract) = self.contract() else { return Vec::new() };
        let said = |it: &Setting| self.service.environment.get(&it.key);
        let is_moved = |path: &String| {
            let mut settings = contract.data_variables.items().iter();
            settings.any(|it| it.default.as_ref() == Some(path) && said(it).is_some())
        };
        let stay: Vec<_> = contract.data.items().iter().filter(|it| !is_moved(it)).collect();
        let moved = contract.data_variables.items().iter().filter_map(|setting| {
            let is_below = |path: &String| stay.iter().any(|it| Path::new(path).starts_with(it));
            let default = || setting.default.clone().filter(|it| !is_below(it));
            let path = said(setting).map(|it| project.resolve(it)).or_else(default)?;
            // A path that is not absolute begins where the program was started.
            path.starts_with('/').then_some((path, Some(setting.key.as_str())))
        });
        let mut paths: Vec<_> = stay.iter().map(|it| ((*it).clone(), None)).collect();
        paths.extend(moved);
        paths
    }
}

/// Removes what changes nothing in an absolute path: `//`, `.`, `..` and a slash at the end.
pub(crate) fn clean_path(text: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::yaml;
    use crate::dsl::contract::{Contract, ran};

    /// What lies at a path of a service, as text.
    fn at(path: &str) -> String {
        let file = "name: house\nservices:\n  db:\n    image: db\n    tmpfs: ['/run/:ro', '/srv/a/b']\n    volumes:\n    - { type: volume, source: a, target: /srv/../srv/a }\n    - { type: volume, source: b, target: /volume }\n";
        let volumes = ran("tests").all(["/srv/a/data", "/volume"]);
        let catalogue = [Contract { volumes, ..Contract::of("db") }];
        let project = Project::from_file(yaml::parse(file).expect("a valid file"), &catalogue);
        let found = project.member("db").expect("it is in the file").holder(&project, path);
        match found {
            None => "nothing".to_owned(),
            Some((target, holder)) => {
                let what = match holder {
                    Holder::Mount(mount) => mount.source.clone(),
                    Holder::Memory { .. } | Holder::Anonymous => format!("{holder:?}"),
                };
                format!("{what} at {target}")
            }
        }
    }

    #[test]
    fn spellings_of_one_path_are_equal() {
        assert_eq!(clean_path("/srv//homelab/./x/../config/"), "/srv/homelab/config");
        assert_eq!(clean_path("/.."), "/");
    }

    #[test]
    fn the_innermost_counts() {
        assert_eq!(at("/srv/a/x"), "a at /srv/a");
        assert_eq!(at("/srv/a/b"), "Memory { is_writable: true } at /srv/a/b");
        assert_eq!(at("/srv/a/data/x"), "Anonymous at /srv/a/data");
        assert_eq!(at("/volume"), "b at /volume");
        assert_eq!(at("/run/x"), "Memory { is_writable: false } at /run");
        assert_eq!(at("/srv/ab"), "nothing");
    }

    /// Where an image with three variables keeps its data when these are set.
    fn kept(environment: &str) -> Vec<String> {
        let by = ran("tests");
        let contract = Contract {
            data: by.all(["/config", "/keep"]),
            data_variables: by.all([
                Setting::new("DATA", Some("/config")),
                Setting::new("PART", Some("/config/part")),
                Setting::new("MORE", None),
            ]),
            ..Contract::of("app")
        };
        let file = format!(
            "name: house\nservices: {{ app: {{ image: app, environment: {{ {environment} }} }} }}"
        );
        let file = yaml::parse(&file).expect("a valid file");
        let catalogue = [contract];
        let project = Project::from_file(file, &catalogue);
        let data = project.member("app").expect("it is in the file").data(&project);
        data.iter().map(|(path, by)| format!("{path} {}", by.unwrap_or_default())).collect()
    }

    #[test]
    fn a_variable_moves_its_own_path_and_no_other() {
        assert_eq!(kept(""), ["/config ", "/keep "]);
        assert_eq!(kept("DATA: /x"), ["/keep ", "/x DATA", "/config/part PART"]);
        assert_eq!(
            kept("PART: /y, MORE: \"${M:-/z}\""),
            ["/config ", "/keep ", "/y PART", "/z MORE"]
        );
        assert_eq!(kept("MORE: relative"), ["/config ", "/keep "]);
    }
}
