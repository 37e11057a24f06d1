//! A panel that strangers can enter stands behind the proxy's login.
//!
//! Some images have no login at all, some make whoever opens them first the administrator, and some
//! give the administrator a password that is the same in every house. A route to such a panel gives it
//! to everybody who can reach the proxy.
//!
//! Fix: let the proxy ask, with `Login::Proxy` (the default of a route) or `basic_auth` in the
//! labels. A panel with accounts whose clients cannot answer the proxy may close the paths of
//! its wizard instead, all those that the image's contract names, with
//! `.login(Login::BuiltIn).closes(WIZARD)`: it is then set up from the host. Paths that answer
//! anybody before that and the administrator afterwards are closed with
//! `.closes_until(PATHS, VARIABLE)`, until the household sets the variable. Where everybody really
//! may enter, say why with `Login::Open { because: … }`. Where programs must reach single paths
//! without the proxy's login, and say a secret of their own, name these paths and the reason with
//! `.opens(PATHS, because)`; a path of the wizard cannot be one of them. Without a reason only the
//! paths are accepted that the image's contract calls public.

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
        let Some(panel) = member.open_panel() else { continue };
        let name = member.name;
        let fault = match &panel.login {
            PanelLogin::None => format!("`{name}` has no accounts"),
            PanelLogin::FirstVisitor { .. } => {
                format!("the first visitor of `{name}` becomes its administrator")
            }
            PanelLogin::DefaultPassword { user, password } => {
                format!("`{name}` lets in everybody as `{user}` with the password `{password}`")
            }
            PanelLogin::BuiltIn => continue,
        };
        for site in project.sites_of(member.name).filter(|it| shows(it, panel)) {
            let address = site.place(site.addresses().next().unwrap_or_default());
            if site.is_guarded() {
                if let Some(path) = unsettled_path(project, site, panel) {
                    findings.on(
                        &member,
                        format!("nobody asks for a login at `{address}{path}`, and {fault}"),
                        Help::new(
                            "name only paths whose clients have a secret of their own, and say why: `.opens(PATHS, because)`",
                            "let the proxy ask there, too: remove the line `vars` of that path",
                        ),
                    );
                }
                continue;
            }
            if is_settled(project, site, panel) {
                continue;
            }
            let wizard = match &panel.login {
                PanelLogin::FirstVisitor { wizard, .. } => wizard.as_slice(),
                PanelLogin::None | PanelLogin::DefaultPassword { .. } | PanelLogin::BuiltIn => &[],
            };
            let close = if wizard.is_empty() {
                String::new()
            } else {
                format!(
                    "; or, for clients that cannot answer it, close the wizard: `.closes(&{wizard:?})`"
                )
            };
            findings.on(
                &member,
                format!("nobody asks for a login at `{address}`, and {fault}"),
                Help::new(
                    format!("let the proxy ask: remove `.login(…)` from the route{close}"),
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
        (Some(Login::Open { .. }), _) => true,
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

/// Returns a path on which nobody asks, although neither its author nor the contract says why, or
/// although it is one of the wizard.
fn unsettled_path<'a>(
    project: &Project<'_>,
    site: &'a ProxySite,
    panel: &Panel,
) -> Option<&'a str> {
    let has_reason = project.route_of(site).is_some_and(|it| it.open.is_some());
    let private = match &panel.login {
        PanelLogin::FirstVisitor { wizard, open } => wizard.iter().chain(open).collect(),
        PanelLogin::None | PanelLogin::DefaultPassword { .. } | PanelLogin::BuiltIn => Vec::new(),
    };
    let is_private = |path: &str| private.iter().any(|it| overlap(path, it));
    let is_public = |path: &str| panel.public.iter().any(|it| it == path);
    let mut paths = site.open_paths().into_iter();
    paths.find(|it| !(has_reason || is_public(it)) || is_private(it))
}

/// Whether a request may match both paths, in any spelling; `*` stands for anything.
fn overlap(one: &str, other: &str) -> bool {
    let fixed = |it: &str| it.split('*').next().unwrap_or_default().to_ascii_lowercase();
    let (one, other) = (fixed(one), fixed(other));
    one.starts_with(&other) || other.starts_with(&one)
}

#[cfg(test)]
mod tests {
    use super::{Login, Panel, PanelLogin, Project, RULE};
    use crate::checks::check;
    use crate::checks::testing::{
        CATALOGUE, break_file, break_image, break_stack, good, panel, spec,
    };
    use crate::compose::File;
    use crate::dsl::contract::{Contract, ran};
    use crate::dsl::units::Port;
    use crate::lower::lower;
    use crate::prelude::{Domain, EnvVar, Kind, Route};

    #[test]
    fn a_panel_of_the_first_visitor_without_guard_is_found() {
        let found = break_stack(|stack| {
            let route = &mut spec(stack, "web").routes[0];
            *route = route.login(Login::BuiltIn);
        });
        insta::assert_snapshot!(found, @r#"
        error[route-login]: nobody asks for a login at `notes.home.arpa`, and the first visitor of `web` becomes its administrator
          --> web.rs
          help: let the proxy ask: remove `.login(…)` from the route; or, for clients that cannot answer it, close the wizard: `.closes(&["/setup/*"])`
        "#);
    }

    #[test]
    fn a_variable_that_makes_the_administrator_settles_it() {
        let with = |variable: &str| {
            let login = PanelLogin::first_visitor(&[], &[]);
            let panel = Panel::unless(Port::new(8080), login, &["ADMIN_PASSWORD"]);
            let opens = |file: &mut File| {
                let web = &mut file.services["web"];
                web.labels.retain(|key, _| !key.contains("login") && !key.contains("import"));
                web.environment.insert(variable.to_owned(), "a".to_owned());
            };
            break_image(opens, |it| it.panel = ran("tests").is(panel))
        };
        assert!(!with("ADMIN_PASSWORD").contains("error[route-login]"));
        assert!(with("ADMIN_NAME").contains("error[route-login]"));
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
    fn a_panel_with_a_password_that_everybody_knows_is_found() {
        let found = |guarded: bool| {
            break_image(
                |file| {
                    if !guarded {
                        file.services["web"].labels.shift_remove("caddy.import");
                    }
                },
                |image| image.panel = panel(PanelLogin::default_password("admin", "admin123")),
            )
        };
        insta::assert_snapshot!(found(false), @r"
        error[route-login]: nobody asks for a login at `notes.home.arpa`, and `web` lets in everybody as `admin` with the password `admin123`
          --> web.rs
          help: let the proxy ask: remove `.login(…)` from the route
        ");
        assert_eq!(found(true), "");
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

    /// Findings where the panel of `web` opens this path.
    fn opened(path: &'static [&'static str], because: &'static str) -> String {
        break_stack(|stack| {
            let route = &mut spec(stack, "web").routes[0];
            *route = route.opens(path, because);
        })
    }

    #[test]
    fn an_open_path_is_none_of_the_wizard() {
        assert_eq!(opened(&["/hook/*"], "the scale says its token"), "");
        insta::assert_snapshot!(opened(&["/Setup/user"], "the scale says its token"), @r"
        error[route-login]: nobody asks for a login at `notes.home.arpa/Setup/user`, and the first visitor of `web` becomes its administrator
          --> web.rs
          help: name only paths whose clients have a secret of their own, and say why: `.opens(PATHS, because)`
        ");
    }

    #[test]
    fn a_file_alone_does_not_say_why() {
        let mut stack = good();
        let route = &mut spec(&mut stack, "web").routes[0];
        *route = route.opens(&["/hook/*"], "the scale says its token");
        let found = |catalogue: &[Contract]| {
            let found = check(&Project::from_file(lower(&stack), catalogue)).findings;
            found.iter().any(|it| it.rule == RULE.id)
        };
        assert!(found(&CATALOGUE));
        let mut catalogue = CATALOGUE.to_vec();
        let login = PanelLogin::first_visitor(&["/setup/*"], &[]);
        let panel = Panel::with_public(Port::new(8080), login, &["/hook/*"]);
        catalogue[0].panel = ran("tests").is(panel);
        assert!(!found(&catalogue), "the contract says why");
    }

    #[test]
    fn a_variable_that_opens_every_path_leaves_nothing_guarded() {
        for vars in ["open yes", "@any open yes", "/* open yes", "* open yes"] {
            let found = break_file(|file| {
                let web = &mut file.services["web"].labels;
                web.insert("caddy.vars_7".to_owned(), vars.to_owned());
                web.insert("caddy.@any.header".to_owned(), "X-Any *".to_owned());
            });
            assert!(found.starts_with("error[route-login]"), "{vars}: {found}");
        }
        let found = break_file(|file| {
            file.services["web"].labels.insert("caddy.vars_7".to_owned(), "open no".to_owned());
        });
        assert_eq!(found, "", "another value opens nothing");
        let found = break_file(|file| {
            let common = "caddy_0.vars_7".to_owned();
            file.services["caddy"].labels.insert(common, "open yes".to_owned());
        });
        assert!(found.starts_with("error[route-login]"), "a snippet sets it: {found}");
    }
}
