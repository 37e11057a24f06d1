//! Asks every route as a browser would: through the proxy's published port, by host name.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use homelab_core::compose::File;
use homelab_core::dsl::units::Protocol;
use homelab_core::model::exposure::{self, Asks};
use homelab_core::model::project::Project;
use ureq::http::Uri;
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// How long a route may take to appear: the proxy looks for containers every 30 s.
const PATIENCE: Duration = Duration::from_secs(45);

/// Time limit of one question.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A route, and whether the proxy has to ask for a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// Host name, and the path below which it begins.
    pub(super) place: String,
    service: String,
    guarded: bool,
    is_public: bool,
}

/// Every route of a resolved file, and where the proxy listens.
pub(super) fn routes(file: &File) -> (Vec<Route>, Option<SocketAddr>) {
    let project = Project::from_file(file.clone(), &[]);
    let exposure = exposure::gather(&project);
    let https = |it: &&exposure::OpenPort| it.port == "443" && it.protocol == Protocol::Tcp;
    let proxy = exposure.ports.iter().find(https).map(|port| {
        let address = port.address.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let local =
            if address.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address };
        SocketAddr::new(local, 443)
    });
    let route = |host: exposure::Host| Route {
        place: host.place(),
        guarded: host.login == Asks::Proxy,
        is_public: host.is_public,
        service: host.service,
    };
    (exposure.hosts.into_iter().map(route).collect(), proxy)
}

/// Hosts whose routes are wrong, each with what is wrong.
pub(super) fn wrong(routes: &[Route], proxy: SocketAddr) -> Vec<(String, String)> {
    let own = routes.iter().find(|it| !it.is_public).map(|it| host(&it.place));
    std::thread::scope(|scope| {
        let asked: Vec<_> =
            routes.iter().map(|it| (it, scope.spawn(move || ask(it, own, proxy)))).collect();
        let wrong = asked.into_iter().filter_map(|(route, answer)| {
            let said = answer.join().unwrap_or_else(|_| Err("the probe panicked".to_owned()));
            Some((route.place.clone(), format!("{} ({})", said.err()?, route.service)))
        });
        wrong.collect()
    })
}

/// Asks until every route is right or the time is over; returns those that are wrong.
pub(super) fn wait(routes: &[Route], proxy: SocketAddr) -> Vec<(String, String)> {
    let started = Instant::now();
    loop {
        let wrong = wrong(routes, proxy);
        if wrong.is_empty() || started.elapsed() > PATIENCE {
            return wrong;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// Returns the host name of a place.
fn host(place: &str) -> &str {
    place.split('/').next().unwrap_or(place)
}

/// A guarded route must ask for the login; behind any other one the service must answer.
///
/// A public certificate may come minutes after the route, or never while no authority can be
/// reached. So the connection is made for a name whose certificate is of the house, where there is
/// one; the request then says which host it is for.
fn ask(route: &Route, own: Option<&str>, proxy: SocketAddr) -> Result<(), String> {
    let host = host(&route.place);
    let name = own.filter(|_| route.is_public).unwrap_or(host);
    let path = &route.place[host.len()..];
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .http_status_as_error(false)
        // The certificate is not checked: the house may have an authority of its own.
        .tls_config(TlsConfig::builder().disable_verification(true).build())
        .proxy(None)
        .build();
    let agent = ureq::Agent::with_parts(config, DefaultConnector::default(), At(proxy));
    let answer = agent.get(format!("https://{name}{path}/")).header("Host", host).call();
    let status = answer.map_err(|it| it.to_string())?.status().as_u16();
    match status {
        401 if route.guarded => Ok(()),
        _ if route.guarded => Err(format!("it answers {status} without a login, expected 401")),
        502..=504 => Err(format!("the proxy cannot reach it: {status}")),
        _ => Ok(()),
    }
}

/// Every name leads to the proxy on this host, whatever the household's DNS says.
#[derive(Debug)]
struct At(SocketAddr);

impl Resolver for At {
    fn resolve(
        &self,
        _: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
    }
}
