//! Grafana, which draws numbers, and Prometheus, which gathers them: two services at one host name.
//!
//! By hand: add the data source `http://prometheus:9090`. Whom Prometheus asks is in the household's
//! `prometheus.yml`; those services are put on one network with it.
//!
//! Upstream: <https://grafana.com/docs/grafana/latest/setup-grafana/>, which recommends at least 512 MB,
//! and <https://prometheus.io/docs/prometheus/latest/>, which names no figure. All else is an estimate.

use homelab_core::prelude::*;

const PANEL: ServiceName = ServiceName::new("grafana");
const NUMBERS: ServiceName = ServiceName::new("prometheus");

const PANEL_PORT: Port = Port::new(3000);
const NUMBERS_PORT: Port = Port::new(9090);

/// Of the administrator `admin`; the image's own is known to everybody.
const ADMIN_PASSWORD: Secret = Secret::random("grafana-admin-password");

const DASHBOARDS: Mount<Precious> =
    Volume::precious("grafana", Backup::Offsite).at("/var/lib/grafana");
const SERIES: Mount<Stateless> =
    Volume::scratch("prometheus", "numbers of fifteen days gather again").at("/prometheus");

/// What the household decides.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// `grafana/grafana`.
    pub panel: Image,
    /// `prom/prometheus`, not a tag with `distroless`, which has no program for the health check.
    pub numbers: Image,
    /// The host name before the domain.
    pub host: &'static str,
    /// The domain.
    pub domain: EnvVar,
    /// The folder of the repository with `prometheus.yml`.
    pub config: &'static str,
}

/// The pair.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Grafana.
    pub panel: Handle<App>,
    /// Prometheus.
    pub numbers: Handle<App>,
}

/// Adds the pair: Grafana at `https://<host>.<domain>` with accounts of its own, and Prometheus, which
/// has none, below `/prometheus` behind the proxy's login.
#[track_caller]
pub fn add(stack: &mut Stack, settings: Settings) -> Metrics {
    let numbers = stack.add(numbers(&settings));
    let panel = stack.add(panel(&settings).uses(&numbers));
    Metrics { panel, numbers }
}

#[track_caller]
fn panel(settings: &Settings) -> Service<App, Precious> {
    const HEALTH: Health = Health::command(&[
        "CMD",
        "wget",
        "-q",
        "-O",
        "/dev/null",
        "http://localhost:3000/api/health",
    ])
    .starts_within(Duration::from_mins(5));
    let url = Text::literal(&format!("https://{}.", settings.host)).and(settings.domain);
    Service::app(PANEL, settings.panel, HEALTH)
        .route(Route::host(settings.host, PANEL_PORT).login(Login::BuiltIn))
        .env("GF_SERVER_ROOT_URL", url)
        .secret_env("GF_SECURITY_ADMIN_PASSWORD__FILE", ADMIN_PASSWORD)
        // It has no way out, and needs none without plugins.
        .env("GF_ANALYTICS_REPORTING_ENABLED", false)
        .env("GF_ANALYTICS_CHECK_FOR_UPDATES", false)
        .mount(DASHBOARDS)
        .sqlite("/var/lib/grafana/grafana.db")
        .tmpfs(Tmpfs::at("/tmp"))
        .memory(Memory::mib(512).up_to(Memory::mib(768)))
}

#[track_caller]
fn numbers(settings: &Settings) -> Service<App> {
    const HEALTH: Health =
        Health::command(&["CMD", "wget", "-q", "-O", "/dev/null", "http://localhost:9090/-/ready"])
            // It reads its log of the last hours again.
            .starts_within(Duration::from_mins(5));
    let route = Route::host(settings.host, NUMBERS_PORT).below("/prometheus").strip_prefix();
    Service::app(NUMBERS, settings.numbers, HEALTH)
        .route(route)
        .accept("guarded-panel", "grafana", "it asks for the numbers that it draws")
        // The first two are the image's own; it is asked without the prefix, and links with it.
        .command(&[
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
            "--web.external-url=/prometheus/",
            "--web.route-prefix=/",
        ])
        .accept("data-mounted", "/prometheus", "a household can do without past numbers")
        .mount(Bind::config(settings.config).at("/etc/prometheus"))
        .mount(SERIES)
        .memory(Memory::mib(256).up_to(Memory::gib(1)))
        // It writes what it has in memory when it is stopped.
        .stops_within(Duration::from_mins(1))
}
