//! `.env` sets what has no default, every value has the form that its variable needs, and
//! neither another line nor the shell contradicts it.
//!
//! Compose itself checks none of this: a wrong user id or address shows only when a container has
//! already been replaced, and a misspelt name never. A variable of the shell silently wins over
//! `.env`. Public certificates exist only for names of the public DNS: every authority refuses one
//! below `home.arpa`, and then no site opens.
//!
//! Fix: correct the line; `.env.example` lists every variable with its meaning.

use homelab_core::checks::finding::Severity;
use homelab_core::compose::interpolate;
use homelab_core::dsl::variable::Kind;
use homelab_core::proxy::caddyfile::is_private;

use super::{Context, Findings, HostRule};
use crate::settings;

pub(super) const RULE: HostRule =
    HostRule { id: settings::RULE, source: include_str!("env.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    findings.list.extend(context.settings.findings(context.house));
    issuer(context, findings);
    for variable in &context.house.declared.variables {
        let name = variable.name();
        let Ok(shell) = std::env::var(name) else { continue };
        if !shell.is_empty() && context.settings.dotenv.value(name) != Some(shell.as_str()) {
            let message = format!("`{name}` is `{shell}` in your shell, which wins over `.env`");
            findings.warning("environment", message, format!("run `unset {name}`"));
        }
    }
}

/// Reports an issuer of public certificates for a name that is not public.
fn issuer(context: &Context<'_>, findings: &mut Findings) {
    let (declared, settings) = (&context.house.declared, context.settings);
    let mut domains: Vec<_> = declared.tls.zip(declared.domain).into_iter().collect();
    for site in context.project.sites() {
        let Some(member) = context.project.member(&site.service) else { continue };
        let variable = |label: &str, kind| {
            let names = interpolate::variables(member.service.labels.get(label)?);
            let mut variables = declared.variables.iter().filter(|it| it.kind() == kind);
            variables.find(|it| names.iter().any(|name| name == it.name())).copied()
        };
        let tls = variable(&format!("{}.tls", site.label), Kind::TlsIssuer);
        let domain = tls.zip(variable(&site.label, Kind::Hostname));
        domains.extend(domain.filter(|it| !domains.contains(it)));
    }
    for (tls, domain) in domains {
        let email = context.project.value(&tls);
        let name = context.project.value(&domain);
        if !email.contains('@') || !is_private(&name) {
            continue;
        }
        let line = settings.dotenv.entries.get(tls.name()).map(|it| it.line);
        let message = format!(
            "`{tls}` is `{email}`, but no public authority issues certificates for `{name}`"
        );
        let help = format!(
            "set `{tls}=internal`, or `{domain}` to a domain that you own in the public DNS"
        );
        findings.list.push(settings.finding(Severity::Error, line, message, help));
    }
}
