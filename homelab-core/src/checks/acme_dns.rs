//! The proxy's image has the module of the DNS provider that is to prove whose a domain is.
//!
//! Caddy has no such module of its own. Without it the proxy refuses its global options, and no
//! site gets a public certificate.
//!
//! Fix: run an image that was built with the module (`docs/runbooks/dns-challenge.md`), and name it
//! in the image's contract (`dns_providers`).

use indexmap::IndexSet;

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::role::RoleKind;
use crate::model::project::Project;
use crate::proxy::caddyfile::ProxySite;

pub(super) const RULE: Rule =
    Rule { id: "acme-dns", severity: Severity::Error, source: include_str!("acme_dns.rs"), run };

fn run(project: &Project<'_>, findings: &mut Findings) {
    let asked: IndexSet<_> = project.sites().iter().flat_map(ProxySite::dns_modules).collect();
    for proxy in project.members().filter(|it| it.role() == Some(RoleKind::Edge)) {
        let Some(known) = proxy.contract().and_then(|it| it.dns_providers.get()) else { continue };
        for module in asked.iter().filter(|module| !known.iter().any(|it| it == *module)) {
            let (name, repository) = (proxy.name, proxy.image().repository);
            findings.on(
                &proxy,
                format!(
                    "`{name}` needs Caddy's module `dns.providers.{module}`, and `{repository}` \
                     does not have it"
                ),
                format!("run an image that is built with `github.com/caddy-dns/{module}`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack, spec};
    use crate::dsl::dns::{AcmeDns, DnsProvider};
    use crate::dsl::resource::Secret;

    fn with(provider: DnsProvider) -> String {
        break_stack(|stack| {
            let token = Secret::random("dns-token");
            let caddy = spec(stack, "caddy");
            caddy.secrets.push((token, token.name()));
            caddy.acme_dns = Some(AcmeDns { provider, token });
        })
    }

    #[test]
    fn a_module_that_the_image_does_not_have_is_found() {
        insta::assert_snapshot!(with(DnsProvider::Desec), @r"
        error[acme-dns]: `caddy` needs Caddy's module `dns.providers.desec`, and `example/proxy` does not have it
          --> caddy.rs
          help: run an image that is built with `github.com/caddy-dns/desec`
        ");
        assert_eq!(with(DnsProvider::DuckDns), "");
    }

    #[test]
    fn a_file_that_asks_on_any_service_is_found() {
        for (service, label) in [("fetch", "caddy.acme_dns"), ("web", "caddy.tls.dns")] {
            let found = break_file(|file| {
                let labels = &mut file.services[service].labels;
                labels.insert(label.to_owned(), "cloudflare {env.TOKEN}".to_owned());
            });
            assert!(found.contains("`dns.providers.cloudflare`"), "{label}: {found}");
        }
    }
}
