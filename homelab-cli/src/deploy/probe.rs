//! Asks every route as a browser would: through the proxy's published port, by host name.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use homelab_core::dsl::contract::Ready;
use homelab_core::dsl::units::Protocol;
use homelab_core::model::exposure::{self, Asks};
use homelab_core::model::project::Project;
use indexmap::IndexMap;
use ureq::http::Uri;
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::progress::Progress;
use super::wanted::Wanted;
use crate::error::Error;

/// How long a route may take to appear: the proxy looks for containers every 30 s.
const PATIENCE: Duration = Duration::from_secs(45);

/// Time limit of one question.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of an answer that are read to tell whether a service is ready.
const BODY: u64 = 4 << 10;

/// A route, and what shows that it is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// Host name, and the path below which it begins.
    pub(super) place: String,
    pub(super) service: String,
    guarded: bool,
    is_public: bool,
    /// What the service answers when it is ready. Nobody asks it for that behind the proxy's login.
    ready: Option<Ready>,
}

/// Every route of a resolved file, and where the proxy listens.
pub(super) fn routes(wanted: &Wanted) -> (Vec<Route>, Option<SocketAddr>) {
    let project = Project::from_file(wanted.after.file.clone(), &wanted.declared.contracts);
    let exposure = exposure::gather(&project);
    let https = |it: &&exposure::OpenPort| {
        it.network.is_none() && it.port == "443" && it.protocol == Protocol::Tcp
    };
    let proxy = exposure.ports.iter().find(https).map(|port| {
        let address = port.address.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let local =
            if address.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address };
        SocketAddr::new(local, 443)
    });
    let route = |host: exposure::Host| {
        let (place, guarded) = (host.place(), host.login == Asks::Proxy);
        let contract = project.member(&host.service).and_then(|it| it.contract());
        let ready = contract.and_then(|it| it.ready.some()).cloned();
        let is_whole = !place.contains('/');
        let ready = ready.filter(|it| !guarded && is_whole && host.ports == [it.port.number()]);
        Route { place, service: host.service, guarded, is_public: host.is_public, ready }
    };
    (exposure.hosts.into_iter().map(route).collect(), proxy)
}

/// What is wrong with a route.
#[derive(Debug)]
enum Wrong {
    /// The service answers, and says that it is not ready.
    NotReady(String),
    /// Anything else.
    Other(String),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReady(said) | Self::Other(said) => f.write_str(said),
        }
    }
}

/// Asks each route once, all at the same time; returns those that are wrong.
fn ask_all(routes: &[Route], proxy: SocketAddr) -> Vec<(&Route, Wrong)> {
    let own = routes.iter().find(|it| !it.is_public).map(|it| host(&it.place));
    std::thread::scope(|scope| {
        let asked: Vec<_> =
            routes.iter().map(|it| (it, scope.spawn(move || ask(it, own, proxy)))).collect();
        let wrong = asked.into_iter().filter_map(|(route, answer)| {
            let panicked = |_| Err(Wrong::Other("the probe panicked".to_owned()));
            Some((route, answer.join().unwrap_or_else(panicked).err()?))
        });
        wrong.collect()
    })
}

/// Hosts whose routes are wrong, each with what is wrong.
pub(super) fn wrong(routes: &[Route], proxy: SocketAddr) -> Vec<(String, String)> {
    told(ask_all(routes, proxy))
}

fn told(wrong: Vec<(&Route, Wrong)>) -> Vec<(String, String)> {
    let told = |(route, wrong): (&Route, Wrong)| {
        (route.place.clone(), format!("{wrong} ({})", route.service))
    };
    wrong.into_iter().map(told).collect()
}

/// Services of a release that say that they are not ready, each with what it says.
pub(super) fn not_ready(wanted: &Wanted) -> IndexMap<String, String> {
    let (mut routes, proxy) = routes(wanted);
    routes.retain(|it| it.ready.is_some());
    let wrong = proxy.map(|it| ask_all(&routes, it)).unwrap_or_default();
    let said = wrong.into_iter().filter_map(|(route, wrong)| match wrong {
        Wrong::NotReady(said) => Some((route.service.clone(), said)),
        Wrong::Other(_) => None,
    });
    said.collect()
}

/// How to wait for routes.
pub(super) struct Waiting<'a> {
    /// Until when a service may say that it is not ready.
    pub(super) deadline: &'a dyn Fn(&str) -> Instant,
    /// Fails where nothing comes of waiting for a service that says so.
    pub(super) goes_on: &'a dyn Fn(&str) -> Result<(), Error>,
}

/// Asks until every route is right or one of them is late; returns those that are wrong. A service that says
/// that it is not ready has until its deadline, but at least as long as a route may take to appear.
pub(super) fn wait(
    routes: &[Route],
    proxy: SocketAddr,
    with: &Waiting<'_>,
    tell: &mut dyn FnMut(String),
) -> Result<Vec<(String, String)>, Error> {
    let usual = Instant::now() + PATIENCE;
    let mut progress = Progress::new();
    loop {
        let wrong = ask_all(routes, proxy);
        let until = |(route, wrong): &(&Route, Wrong)| match wrong {
            Wrong::NotReady(_) => (with.deadline)(&route.service).max(usual),
            Wrong::Other(_) => usual,
        };
        let now = Instant::now();
        if wrong.iter().any(|it| now > until(it)) || wrong.is_empty() {
            return Ok(told(wrong));
        }
        for (route, _) in wrong.iter().filter(|it| matches!(it.1, Wrong::NotReady(_))) {
            (with.goes_on)(&route.service)?;
        }
        let names = wrong.iter().map(|it| format!("`{}`: {}", it.0.service, it.1));
        let longest = wrong.iter().map(until).max().unwrap_or(usual);
        progress.tell(longest, || names.collect::<Vec<_>>().join(", "), tell);
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// Returns the host name of a place.
fn host(place: &str) -> &str {
    place.split('/').next().unwrap_or(place)
}

/// A guarded route must ask for the login; behind any other one the service must answer, and be
/// ready.
///
/// A public certificate may come minutes after the route, or never while no authority can be
/// reached. So the connection is made for a name whose certificate is of the house, where there is
/// one; the request then says which host it is for.
fn ask(route: &Route, own: Option<&str>, proxy: SocketAddr) -> Result<(), Wrong> {
    let host = host(&route.place);
    let name = own.filter(|_| route.is_public).unwrap_or(host);
    let path = match &route.ready {
        Some(ready) => ready.path.clone(),
        None => format!("{}/", &route.place[host.len()..]),
    };
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .http_status_as_error(false)
        // The certificate is not checked: the house may have an authority of its own.
        .tls_config(TlsConfig::builder().disable_verification(true).build())
        .proxy(None)
        .build();
    let agent = ureq::Agent::with_parts(config, DefaultConnector::default(), At(proxy));
    let answer = agent.get(format!("https://{name}{path}")).header("Host", host).call();
    let mut answer = answer.map_err(|it| Wrong::Other(it.to_string()))?;
    let status = answer.status().as_u16();
    let mut body =
        || answer.body_mut().with_config().limit(BODY).read_to_string().unwrap_or_default();
    judge(route, status, &mut body)
}

fn judge(route: &Route, status: u16, body: &mut dyn FnMut() -> String) -> Result<(), Wrong> {
    match (status, &route.ready) {
        (401, _) if route.guarded => Ok(()),
        _ if route.guarded => {
            Err(Wrong::Other(format!("it answers {status} without a login, expected 401")))
        }
        (502 | 504, _) | (503, None) => {
            Err(Wrong::Other(format!("the proxy cannot reach it: {status}")))
        }
        (200 | 503, Some(ready)) => {
            let said = body();
            let said = said.trim();
            if status == 200 && said == ready.body {
                return Ok(());
            }
            let said: String = said.lines().next().unwrap_or_default().chars().take(60).collect();
            Err(Wrong::NotReady(format!(
                "`{}` answers {status} `{said}`, expected `{}`",
                ready.path, ready.body
            )))
        }
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

#[cfg(test)]
mod tests {
    use homelab_core::dsl::declaration::DECLARATION;
    use homelab_core::dsl::units::Port;

    use super::super::bundle::Bundle;
    use super::super::place::tests::host;
    use super::super::receipt::tests::id;
    use super::*;

    #[track_caller]
    fn check(ready: Option<Ready>, guarded: bool, (status, body): (u16, &str), expected: &str) {
        let (place, service) = ("films.home.arpa".to_owned(), "films".to_owned());
        let route = Route { place, service, guarded, is_public: false, ready };
        let said = match judge(&route, status, &mut || body.to_owned()) {
            Ok(()) => "right".to_owned(),
            Err(Wrong::NotReady(said)) => format!("not ready: {said}"),
            Err(Wrong::Other(said)) => said,
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn a_service_is_asked_for_what_its_contract_calls_ready() {
        let ready = || Ready::says(Port::new(80), "/health", "Healthy");
        check(ready(), false, (200, "Healthy\n"), "right");
        let degraded = "not ready: `/health` answers 200 `Degraded`, expected `Healthy`";
        check(ready(), false, (200, "Degraded"), degraded);
        let starting = "not ready: `/health` answers 503 ``, expected `Healthy`";
        check(ready(), false, (503, ""), starting);
        check(ready(), false, (502, ""), "the proxy cannot reach it: 502");
        // Another version may have another path: that says nothing.
        check(ready(), false, (404, ""), "right");
        check(None, false, (200, "Degraded"), "right");
        check(None, false, (503, ""), "the proxy cannot reach it: 503");
        check(None, true, (401, ""), "right");
        check(None, true, (200, ""), "it answers 200 without a login, expected 401");
    }

    #[test]
    fn the_proxy_is_asked_on_the_host_and_not_who_has_an_address_of_its_own() {
        let (_folder, place) = host();
        std::fs::write(place.dotenv(), "").expect("it is ours");
        let file = "
name: house
services:
  dns: { image: \"dns:1\", networks: { lan: { ipv4_address: 192.168.1.53 } } }
  caddy:
    image: \"caddy:1\"
    ports: [{ target: 443, published: \"443\", host_ip: 192.168.1.2, protocol: tcp }]
networks:
  lan: { driver: macvlan, driver_opts: { parent: eth0 } }
";
        let declared = r#"{ "reserve": 0, "profiles": [], "variables": [], "secrets": [],
            "contracts": [{ "repository": "dns", "ports": { "known":
            { "value": ["443/tcp"], "confidence": "ran", "source": "tests" } } }] }"#;
        let files = [("compose.yaml", file), (DECLARATION, declared)];
        let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
        let bundle = Bundle::of_contents(id("release1"), "release1", files.into());
        let wanted = Wanted::of_bundle(&place, &bundle.expect("a valid file"), None);
        let (_, proxy) = routes(&wanted.expect("the values are there"));
        assert_eq!(proxy.map(|it| it.to_string()).as_deref(), Some("192.168.1.2:443"));
    }
}
