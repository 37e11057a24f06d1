//! A snippet that a route imports is defined somewhere.
//!
//! The proxy drops a site whose snippet it does not know, with one line in its log: the host name
//! answers nothing any more.
//!
//! Fix: define it on the proxy (`.guards_with(SECRET)` defines `login`), or correct the name.

use indexmap::IndexSet;

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "route-snippet",
    severity: Severity::Error,
    source: include_str!("route_snippet.rs"),
    run,
};

/// With this variable the proxy also reads a Caddyfile of its own, whose snippets are not known
/// here.
const BASE_FILE: &str = "CADDY_DOCKER_CADDYFILE_PATH";

fn run(project: &Project<'_>, findings: &mut Findings) {
    let has_base = |it: &crate::compose::Service| it.environment.contains_key(BASE_FILE);
    if project.file().services.values().any(has_base) {
        return;
    }
    let defined: IndexSet<_> = project.sites().iter().filter_map(|it| it.snippet()).collect();
    for member in project.members() {
        for site in project.sites_of(member.name) {
            for name in site.imports().filter(|name| !defined.contains(name)) {
                findings.on(
                    &member,
                    format!("`{}` imports the snippet `{name}`, which nobody defines", member.name),
                    format!("define `({name})` on the proxy, or correct the name"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn a_snippet_that_nobody_defines_is_found() {
        let found = break_file(|file| {
            file.services["caddy"].labels.retain(|key, _| !key.starts_with("caddy_1"));
        });
        insta::assert_snapshot!(found, @r"
        error[route-snippet]: `web` imports the snippet `login`, which nobody defines
          --> web.rs
          help: define `(login)` on the proxy, or correct the name
        ");
    }

    #[test]
    fn a_file_of_the_proxys_own_may_define_it() {
        let found = break_file(|file| {
            let caddy = &mut file.services["caddy"];
            caddy.labels.retain(|key, _| !key.starts_with("caddy_1"));
            caddy.environment.insert(super::BASE_FILE.to_owned(), "/etc/Caddyfile".to_owned());
        });
        assert_eq!(found, "");
    }
}
