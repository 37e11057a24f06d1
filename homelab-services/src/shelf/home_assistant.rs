//! Home Assistant, with Mosquitto for what devices say and `Zigbee2MQTT` for those with Zigbee.
//!
//! By hand: right after the first start, make the administrator at `http://<host>:8123`; until then
//! everybody in the LAN can. Then let Home Assistant trust the proxy, which it else answers with 400, in
//! `/config/configuration.yaml`:
//!
//! ```yaml
//! http:
//!   use_x_forwarded_for: true
//!   trusted_proxies: 10.231.0.0/16 # the house's `Site::subnets`
//! ```
//!
//! Then add the integration MQTT with the broker's address, port 1883, user `home-assistant` and the
//! password in `secrets/mqtt-home-assistant`. The host's firewall lets the proxy's network in to
//! 8123. Finding devices by DHCP and Bluetooth would need `Capability::NetRaw` and `NetAdmin`.
//!
//! Upstream: <https://www.home-assistant.io/installation/linux#docker-compose>,
//! <https://www.home-assistant.io/integrations/http/>, <https://mosquitto.org/man/mosquitto-conf-5.html>,
//! <https://www.zigbee2mqtt.io/guide/configuration/>. Needs and limits of memory are estimates.

use homelab_core::prelude::*;

const HUB: ServiceName = ServiceName::new("home-assistant");
const BROKER: ServiceName = ServiceName::new("mosquitto");
const ZIGBEE: ServiceName = ServiceName::new("zigbee2mqtt");

const WEB: Port = Port::new(8123);
const MQTT: Port = Port::new(1883);
const PANEL: Port = Port::new(8080);

/// Passwords of the broker's two accounts, which have the names of the services.
const HUB_PASSWORD: Secret = Secret::random("mqtt-home-assistant");
const ZIGBEE_PASSWORD: Secret = Secret::random("mqtt-zigbee2mqtt");

/// To close the wizard at the proxy would not close it to the LAN, which reaches the host's port.
const ACCOUNTS: Login = Login::Open {
    because: "it has accounts; the household makes the first one right after the first start",
};

const CONFIG: Mount<Precious> = Volume::precious("home-assistant", Backup::Offsite).at("/config");
/// Messages that a device left for those who ask later.
const MESSAGES: Mount<Stateless> =
    Volume::scratch("mosquitto", "devices say again how they are").at("/mosquitto/data");
/// With the key of the Zigbee network: without it every device is paired again.
const NETWORK: Mount<Precious> = Volume::precious("zigbee2mqtt", Backup::Offsite).at("/app/data");

/// The image's user `mosquitto`.
const MOSQUITTO: User = User::Ids(1883, 1883);

/// Makes the accounts of the secrets, which the broker hashes, and its settings: without a listener it
/// answers nobody but itself.
const BROKER_SCRIPT: &str = r#"set -eu
umask 077
printf '%s:%s\n' home-assistant "$(cat /run/secrets/mqtt-home-assistant)" \
  zigbee2mqtt "$(cat /run/secrets/mqtt-zigbee2mqtt)" > /tmp/accounts
mosquitto_passwd -U /tmp/accounts
printf '%s\n' 'listener 1883' 'allow_anonymous false' 'password_file /tmp/accounts' \
  'persistence true' 'persistence_location /mosquitto/data/' 'log_dest stdout' > /tmp/mosquitto.conf
exec mosquitto -c /tmp/mosquitto.conf
"#;

/// The image reads no file of a secret.
const ZIGBEE_SCRIPT: &str = r#"set -eu
export ZIGBEE2MQTT_CONFIG_MQTT_PASSWORD="$(cat /run/secrets/mqtt-zigbee2mqtt)"
exec docker-entrypoint.sh /sbin/tini -- node index.js
"#;

/// What the household decides.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// `ghcr.io/home-assistant/home-assistant`.
    pub hub: Image,
    /// `eclipse-mosquitto`.
    pub broker: Image,
    /// `ghcr.io/koenkk/zigbee2mqtt`.
    pub zigbee: Image,
    /// The address of the host at which the broker answers: 127.0.0.1 for Home Assistant alone, an
    /// address in the LAN for devices, too.
    pub address: EnvVar,
    /// The Zigbee stick, as `/dev/serial/by-id/…`.
    pub stick: EnvVar,
    /// The stick's kind, as `Zigbee2MQTT` calls it, such as `ember` or `zstack`.
    pub adapter: &'static str,
    /// The time zone of automations.
    pub time_zone: EnvVar,
}

/// The group.
#[derive(Clone, Debug)]
pub struct HomeAssistant {
    /// Home Assistant.
    pub hub: Handle<App>,
    /// The broker.
    pub broker: Handle<App>,
    /// The bridge from Zigbee to the broker.
    pub zigbee: Handle<App>,
}

/// Adds the group: `https://home.<domain>` with accounts of its own, which phones need, and
/// `https://zigbee.<domain>` behind the proxy's login.
#[track_caller]
pub fn add(stack: &mut Stack, settings: Settings) -> HomeAssistant {
    let broker = stack.add(broker(&settings));
    let zigbee = stack.add(zigbee(&settings, &broker));
    let hub = stack.add(hub(&settings));
    HomeAssistant { hub, broker, zigbee }
}

#[track_caller]
fn hub(settings: &Settings) -> Service<App, Precious> {
    const HEALTH: Health =
        Health::command(&["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8123/"])
            // It migrates the database of its history.
            .starts_within(Duration::from_mins(15));
    Service::app(HUB, settings.hub, HEALTH)
        .host_network("it finds devices by multicast, which a network of its own would keep out")
        .route(Route::host("home", WEB).login(ACCOUNTS))
        .env("TZ", settings.time_zone)
        .mount(CONFIG)
        .tmpfs(Tmpfs::at("/tmp"))
        .writable_root("its init and packages of integrations write there; read-only was not tried")
        .memory(Memory::mib(512).up_to(Memory::mib(1536)))
        .cpus(Cpus::cores(2))
        .pids(512)
        // It writes its history when it is stopped.
        .stops_within(Duration::from_mins(4))
}

#[track_caller]
fn broker(settings: &Settings) -> Service<App> {
    const HEALTH: Health = Health::shell("nc -z 127.0.0.1 1883")
        .every(Duration::from_secs(10))
        .starts_within(Duration::from_secs(30));
    Service::app(BROKER, settings.broker, HEALTH)
        .publish(Publish::at(&settings.address, MQTT))
        .user(MOSQUITTO)
        .entrypoint(&["sh", "-c", BROKER_SCRIPT])
        .secret(HUB_PASSWORD)
        .secret(ZIGBEE_PASSWORD)
        .mount(MESSAGES)
        .accept("data-mounted", "/mosquitto/data", "the hub asks, and devices say it again")
        // Accounts and settings; and the image declares a volume for logs.
        .tmpfs(Tmpfs::at("/tmp").owned_by(MOSQUITTO))
        .tmpfs(Tmpfs::at("/mosquitto/log").owned_by(MOSQUITTO))
        .memory(Memory::mib(16).up_to(Memory::mib(128)))
}

#[track_caller]
fn zigbee(settings: &Settings, broker: &Handle<App>) -> Service<App, Precious> {
    const HEALTH: Health =
        Health::command(&["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"])
            .starts_within(Duration::from_mins(2));
    Service::app(ZIGBEE, settings.zigbee, HEALTH)
        .uses(broker)
        .route(Route::host("zigbee", PANEL))
        .own_device(&settings.stick, "/dev/zigbee", "the stick is its only way to the devices")
        .entrypoint(&["sh", "-c", ZIGBEE_SCRIPT])
        // Its wizard would wait for a visitor; these settings say all that it asks.
        .env("Z2M_ONBOARD_NO_SERVER", 1)
        .env("ZIGBEE2MQTT_CONFIG_MQTT_SERVER", broker.url("mqtt", MQTT))
        .env("ZIGBEE2MQTT_CONFIG_MQTT_USER", "zigbee2mqtt")
        .secret(ZIGBEE_PASSWORD)
        .env("ZIGBEE2MQTT_CONFIG_SERIAL_PORT", "/dev/zigbee")
        .env("ZIGBEE2MQTT_CONFIG_SERIAL_ADAPTER", settings.adapter)
        .env("ZIGBEE2MQTT_CONFIG_FRONTEND_ENABLED", true)
        .env("ZIGBEE2MQTT_CONFIG_HOMEASSISTANT_ENABLED", true)
        .env("TZ", settings.time_zone)
        .mount(NETWORK)
        .tmpfs(Tmpfs::at("/tmp"))
        .memory(Memory::mib(128).up_to(Memory::mib(384)))
}
