//! A host name is routed to one service only.
//!
//! The proxy merges two sites of the same name into one, so that requests are spread over
//! both services: every second click lands in the wrong one.
//!
//! Fix: give one of the two another host name. Paths below one name are told apart, so
//! `home.arpa/a` and `home.arpa/b` may belong to two services.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::{Member, Project};
use crate::proxy::caddyfile::ProxySite;
use indexmap::IndexMap;

pub(super) const RULE: Rule = Rule {
    id: "unique-host",
    severity: Severity::Error,
    source: include_str!("unique_host.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let mut owners: IndexMap<String, Vec<Member<'_>>> = IndexMap::new();
    for member in project.members() {
        let name = member.name;
        for address in project.sites_of(name).flat_map(ProxySite::addresses) {
            let host = host(address);
            let earlier = owners.entry(host.clone()).or_default();
            let mut others = earlier.iter().filter(|it| it.name != name);
            let owner = others.find(|it| !project.never_together(it, &member)).copied();
            earlier.push(member);
            if let Some(owner) = owner {
                findings.on(
                    &member,
                    format!("`{host}` is routed to both `{}` and `{name}`", owner.name),
                    format!("give `{name}` another host in `Route::host` or in its `caddy` label"),
                );
            }
        }
    }
}

/// Returns an address as a visitor types it: without scheme and default port, in lower case.
fn host(address: &str) -> String {
    let address = address.to_ascii_lowercase();
    let rest = address.split_once("://").map_or(address.as_str(), |(_, rest)| rest);
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // Another port is another site; these two are the web's own.
    let host = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(host);
    format!("{host}{}", path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_both, spec};

    fn with_a_route_of_dump(address: &str) -> String {
        let connect = |stack: &mut _| {
            let dump = spec(stack, "dump").name;
            spec(stack, "caddy").peers.push(dump);
        };
        break_both(connect, |file| {
            file.services["dump"].labels.insert("caddy".to_owned(), address.to_owned());
        })
    }

    #[test]
    fn a_host_of_two_services_is_found_however_it_is_written() {
        let found = with_a_route_of_dump("https://NOTES.home.arpa:443/");
        insta::assert_snapshot!(found, @r"
        error[unique-host]: `notes.home.arpa` is routed to both `dump` and `web`
          --> web.rs
          help: give `web` another host in `Route::host` or in its `caddy` label
        ");
    }

    #[test]
    fn another_path_of_a_host_is_not_found() {
        let found = with_a_route_of_dump("notes.home.arpa/dumps");
        assert_eq!(found, "");
    }
}
