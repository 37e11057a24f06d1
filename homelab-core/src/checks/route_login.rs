//! A panel without accounts, or one that the first visitor takes over, stands behind the proxy's login.
//!
//! Some images have no login at all, and some make whoever opens them first the
//! administrator. A route to such a panel gives it to everybody who can reach the proxy.
//!
//! Fix: let the proxy ask, with `Login::Proxy` (the default of a route) or `basic_auth` in the
//! labels. A panel with accounts whose clients cannot answer the proxy may close the paths of
//! its wizard instead, all those that the image's contract names, with
//! `.login(Login::BuiltIn).closes(WIZARD)`: it is then set up from the host. Paths that answer
//! anybody before that and the administrator afterwards are closed with
//! `.closes_until(PATHS, VARIABLE)`, until the household sets the variable. Where everybody really
//! may enter, say why with `Login::Open { because: … }`.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::dsl::contract::{Panel, PanelLogin};
use crate::dsl::route::Login;
use crate::model::project::Project;
use crate::proxy::caddyfile::ProxySite;

pub(super) const RULE: Rule = Rule {
    id: "route-login",
    severity: Severity::Error,
    source: include_str!("route_login.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let Some(panel) = member.contract().and_then(|it| it.panel.some()) else { continue };
        let name = member.name;
        let fault = match &panel.login {
            PanelLogin::None => format!("`{name}` has no accounts"),
            PanelLogin::FirstVisitor { .. } => {
                format!("the first visitor of `{name}` becomes its administrator")
            }
            PanelLogin::BuiltIn => continue,
        };
        let sites = project.sites_of(member.name).filter(|it| shows(it, panel));
        for site in sites.filter(|it| !it.is_guarded() && !is_settled(project, it, panel)) {
            let address = site.place(site.addresses().next().unwrap_or_default());
            findings.on(
                &member,
                format!("nobody asks for a login at `{address}`, and {fault}"),
                Help::new(
                    "let the proxy ask: remove `.login(…)` from the route",
                    "let the proxy ask: import its login snippet, or set `caddy.basic_auth`",
                ),
            );
        }
    }
}

/// Whether the site leads to the panel: to its port, or to a port that the labels do not name.
fn shows(site: &ProxySite, panel: &Panel) -> bool {
    let ports = site.upstream_ports();
    ports.is_empty() || ports.contains(&panel.port.number())
}

/// Whether the route says why nobody needs to ask, or the site closes the whole wizard of a panel
/// that has accounts once the wizard has ended.
fn is_settled(project: &Project<'_>, site: &ProxySite, panel: &Panel) -> bool {
    let login = project.route_of(site).map(|route| route.login);
    match (login, &panel.login) {
        (Some(Login::Open { because }), _) => !because.is_empty(),
        (Some(Login::BuiltIn) | None, PanelLogin::FirstVisitor { wizard, open }) => {
            let (closed, closable) = (site.closed_paths(), site.closable_paths());
            !wizard.is_empty()
                && wizard.iter().all(|it| closed.contains(&it.as_str()))
                && open.iter().all(|it| closable.contains(&it.as_str()))
        }
        // With `Login::Proxy` the route wants the proxy to ask, but the labels do not make it ask.
        (Some(Login::BuiltIn | Login::Proxy) | None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Login, PanelLogin};
    use crate::checks::testing::{break_file, break_image, break_stack, panel, spec};
    use crate::prelude::{Domain, EnvVar, Kind, Route};

    #[test]
    fn a_panel_of_the_first_visitor_without_guard_is_found() {
        let found = break_stack(|stack| {
            let route = &mut spec(stack, "web").routes[0];
            *route = route.login(Login::BuiltIn);
        });
        insta::assert_snapshot!(found, @r"
        error[route-login]: nobody asks for a login at `notes.home.arpa`, and the first visitor of `web` becomes its administrator
          --> web.rs
          help: let the proxy ask: remove `.login(…)` from the route
        ");
    }

    #[test]
    fn a_login_snippet_may_have_any_name_and_lie_behind_another_one() {
        let imports = |name: &'static str| {
            break_file(move |file| {
                for service in file.services.values_mut() {
                    for value in service.labels.values_mut() {
                        *value = value.replace("(login)", "(household)");
                    }
                }
                let web = &mut file.services["web"].labels;
                web.insert("caddy_1".to_owned(), "(outer)".to_owned());
                web.insert("caddy_1.import".to_owned(), "household".to_owned());
                web.insert("caddy.import".to_owned(), name.to_owned());
            })
        };
        assert_eq!(imports("household"), "");
        assert_eq!(imports("outer"), "");
        assert!(imports("common").starts_with("error[route-login]"), "nobody asks");
    }

    #[test]
    fn a_further_domain_is_judged_while_it_is_off() {
        const NAME: EnvVar = EnvVar::new("PUBLIC", Kind::Hostname, "Domain.").or("");
        const PUBLIC: Domain = Domain::new(NAME, NAME);
        let found = break_stack(|stack| {
            let port = spec(stack, "web").routes[0].port;
            spec(stack, "web").routes.push(Route::at(PUBLIC, port).login(Login::BuiltIn));
        });
        assert!(found.contains("nobody asks for a login at `$PUBLIC`"), "{found}");
    }

    #[test]
    fn another_closed_path_does_not_settle_it() {
        let found = break_stack(|stack| {
            let route = &mut spec(stack, "web").routes[0];
            *route = route.login(Login::BuiltIn).closes(&["/nonsense"]);
        });
        assert!(found.starts_with("error[route-login]"), "{found}");
    }

    #[test]
    fn a_closed_wizard_settles_it() {
        let found = break_stack(|stack| {
            let route = &mut spec(stack, "web").routes[0];
            *route = route.login(Login::BuiltIn).closes(&["/setup/*", "/folders/*"]);
        });
        assert_eq!(found, "");
        let found = break_stack(|stack| {
            let done = stack.site.variables[0];
            let route = &mut spec(stack, "web").routes[0];
            let closed = route.login(Login::BuiltIn).closes(&["/setup/*"]);
            *route = closed.closes_until(&["/folders/*"], done);
        });
        assert_eq!(found, "");
    }

    #[test]
    fn what_answers_anybody_before_the_set_up_is_closed_too() {
        for elsewhere in [&[][..], &["/folders"]] {
            let found = break_stack(|stack| {
                let done = stack.site.variables[0];
                let route = &mut spec(stack, "web").routes[0];
                let closed = route.login(Login::BuiltIn).closes(&["/setup/*"]);
                *route = closed.closes_until(elsewhere, done);
            });
            assert!(found.starts_with("error[route-login]"), "{elsewhere:?}: {found}");
        }
    }

    #[test]
    fn a_panel_without_accounts_and_guard_is_found() {
        let found = break_image(
            |file| {
                file.services["web"].labels.shift_remove("caddy.import");
            },
            |image| image.panel = panel(PanelLogin::None),
        );
        insta::assert_snapshot!(found, @r"
        error[route-login]: nobody asks for a login at `notes.home.arpa`, and `web` has no accounts
          --> web.rs
          help: let the proxy ask: remove `.login(…)` from the route
        ");
    }

    #[test]
    fn an_open_route_with_a_reason_and_a_panel_with_accounts_are_not_found() {
        let found = break_stack(|stack| {
            let route = &mut spec(stack, "web").routes[0];
            *route = route.login(Login::Open { because: "it shows the weather" });
        });
        assert_eq!(found, "");
        let found = break_image(
            |file| {
                file.services["web"].labels.shift_remove("caddy.import");
            },
            |image| image.panel = panel(PanelLogin::BuiltIn),
        );
        assert_eq!(found, "");
    }
}
