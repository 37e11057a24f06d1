//! AdGuard Home: DNS for the house, without advertisements.
//!
//! It answers IPv4 addresses only and gives none out: there is no IPv6 on the house's networks, and
//! DHCP needs the host's own. What its panel keeps is in `docs/runbooks/first-start.md`: the rate
//! limit, the proxies that it trusts.
//!
//! Upstream: <https://github.com/AdguardTeam/AdGuardHome/wiki/Docker>

use homelab_core::prelude::*;

use crate::{env, groups, images, profiles};

const NAME: ServiceName = ServiceName::new("adguardhome");

const DNS: Port = Port::udp(53);
const DNS_TCP: Port = Port::new(53);

/// The port of the panel, before and after the wizard. By default the wizard would move the panel
/// to port 80. So `--web-addr` sets this port at every start, and the variable makes the wizard
/// propose it.
const PANEL: Port = Port::new(3000);

const CONFIG: Mount<Precious> =
    Volume::precious("adguardhome-config", Backup::Offsite).at("/opt/adguardhome/conf");

const WORK: Mount<Stateless> =
    Volume::scratch("adguardhome-work", "query log, statistics and downloaded filter lists")
        .at("/opt/adguardhome/work");

/// The image's own words, with the panel's address added.
const COMMAND: &[&str] = &[
    "--no-check-update",
    "-c",
    "/opt/adguardhome/conf/AdGuardHome.yaml",
    "-w",
    "/opt/adguardhome/work",
    "--web-addr",
    "0.0.0.0:3000",
];

/// The page answers before the wizard (with a redirect to it) and after; DNS answers only after.
/// This is read from upstream's handlers, not tested.
const HEALTH: Health =
    Health::command(&["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3000/login.html"])
        .every(Duration::from_secs(30))
        .within(Duration::from_secs(5))
        .starts_within(Duration::from_secs(30));

/// 370 to 500 MB with a dozen filter lists, about 1 GB while they change (AdGuardHome#8297, #8491).
const MEMORY: MemoryRange = Memory::mib(512).up_to(Memory::gib(1));

pub(crate) fn define() -> Service<App, Precious> {
    Service::app(NAME, images::ADGUARDHOME, HEALTH)
        .profile(profiles::NETWORK)
        .route(Route::host("dns", PANEL).login(Login::Proxy))
        .egress("asks upstream resolvers and downloads filter lists")
        .tile(
            Tile::new("AdGuard Home", groups::SYSTEM).icon("fas fa-shield-halved").subtitle("DNS"),
        )
        .publish(Publish::at(&env::ADGUARD_ADDRESS, DNS))
        .publish(Publish::at(&env::ADGUARD_ADDRESS, DNS_TCP))
        .command(COMMAND)
        .env("TZ", env::TZ)
        .env("ADGUARD_HOME_DEFAULT_WEB_PORT", PANEL)
        // Four fifths of its memory limit of 1 GiB: an update of the filter lists then collects
        // garbage instead of meeting the limit (AdguardTeam/AdGuardHome issues 8297 and 8491).
        .env("GOMEMLIMIT", "819MiB")
        .mount(CONFIG)
        .mount(WORK)
        .capability(
            Capability::NetBindService,
            "its binary carries this capability and does not start without it",
        )
        .capability(Capability::DacOverride, "found necessary when v0.107.78 was drop-tested")
        .memory(MEMORY)
        .stops_within(Duration::from_secs(30))
}
