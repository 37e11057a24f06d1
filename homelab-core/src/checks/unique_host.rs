//! A host name, or a path below it, is routed once.
//!
//! The proxy merges two sites of the same name into one, so that requests are spread over
//! both upstreams: every second click lands in the wrong one.
//!
//! Fix: give one of the two another host name, or a path of its own with `.below("/path")`. Paths
//! below one name are told apart, so `home.arpa/a` and `home.arpa/b` may belong to two services.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::model::project::{Member, Project};
use indexmap::IndexMap;

pub(super) const RULE: Rule = Rule {
    id: "unique-host",
    severity: Severity::Error,
    source: include_str!("unique_host.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let mut owners: IndexMap<String, Vec<(Member<'_>, String, usize)>> = IndexMap::new();
    for member in project.members() {
        let name = member.name;
        for (at, site) in project.sites_of(name).enumerate() {
            for written in site.addresses().map(|it| site.place(it)) {
                let place = place(&written);
                let earlier = owners.entry(place.clone()).or_default();
                let collides = |(other, as_written, site): &&(Member<'_>, String, usize)| {
                    // One service may serve a host with and without TLS.
                    let is_twice = *as_written == written && *site != at;
                    let is_own = other.name == name;
                    if is_own { is_twice } else { !project.never_together(other, &member) }
                };
                let owner = earlier.iter().find(collides).map(|it| it.0.name);
                earlier.push((member, written, at));
                let (whom, help) = match owner {
                    None => continue,
                    Some(owner) if owner == name => (
                        format!("twice to `{name}`"),
                        "give one of the two another host".to_owned(),
                    ),
                    Some(owner) => (
                        format!("to both `{owner}` and `{name}`"),
                        format!("give `{name}` another host"),
                    ),
                };
                findings.on(
                    &member,
                    format!("`{place}` is routed {whom}"),
                    Help::new(
                        format!("{help} in `Route::host`, or a path of its own with `.below(…)`"),
                        format!("{help} in its `caddy` label, or a path of its own"),
                    ),
                );
            }
        }
    }
}

/// Returns an address as a visitor types it: without scheme and default port, in lower case.
fn place(address: &str) -> String {
    let address = address.to_ascii_lowercase();
    let rest = address.split_once("://").map_or(address.as_str(), |(_, rest)| rest);
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // Another port is another site; these two are the web's own.
    let host = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(host);
    format!("{host}{}", path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_both, break_file, break_stack, spec};
    use crate::prelude::{Port, Route};

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
          help: give `web` another host in `Route::host`, or a path of its own with `.below(…)`
        ");
    }

    #[test]
    fn two_routes_of_one_service_need_a_path() {
        let routes = |second: Route| {
            break_stack(|stack| {
                let web = spec(stack, "web");
                web.routes.push(second);
            })
        };
        let twice = Route::host("notes", Port::new(8080));
        insta::assert_snapshot!(routes(twice), @r"
        error[unique-host]: `notes.home.arpa` is routed twice to `web`
          --> web.rs
          help: give one of the two another host in `Route::host`, or a path of its own with `.below(…)`
        ");
        assert_eq!(routes(twice.below("/api")), "");
        let both = break_stack(|stack| {
            let web = spec(stack, "web");
            web.routes.extend([twice.below("/api"), twice.below("/api")]);
        });
        assert!(both.contains("`notes.home.arpa/api` is routed twice"), "{both}");
    }

    #[test]
    fn a_host_with_and_without_tls_is_not_found() {
        let found = break_file(|file| {
            let host = "http://notes.${DOMAIN:-home.arpa}, notes.${DOMAIN:-home.arpa}".to_owned();
            file.services["web"].labels["caddy"] = host;
        });
        assert_eq!(found, "");
    }

    #[test]
    fn another_path_of_a_host_is_not_found() {
        let found = with_a_route_of_dump("notes.home.arpa/dumps");
        assert_eq!(found, "");
    }
}
