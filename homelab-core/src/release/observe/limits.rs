//! Reads the limits of memory, processors, processes, `/dev/shm` and logs, and reserved memory.

use indexmap::IndexMap;
use serde_json::Value;

use super::json::{list, number, pairs, text, texts};
use super::{either, same};
use crate::compose::{
    Deploy, DeviceRequest, Limits, Logging, Reservations, Resources, Service, Ulimit,
};
use crate::dsl::units::{bytes, scaled};

/// The engine's default size of `/dev/shm`: 64 MiB.
const SHM: u128 = 64 << 20;

/// Limits are compared to a ten-thousandth of a core, because Compose computes them with floats.
const STEPS: u128 = 10_000;

pub(super) fn shm_size(container: &Value, wanted: &Service) -> Option<String> {
    let or_default = |it: u128| if it == 0 { SHM } else { it };
    let found = or_default(number(container, "/HostConfig/ShmSize").into());
    let expected = wanted.shm_size.as_deref().map_or(Some(SHM), |it| bytes(it).map(or_default));
    either(wanted.shm_size.as_ref(), expected == Some(found), || amount(found))
}

pub(super) fn deploy(container: &Value, wanted: &Service) -> Option<Deploy> {
    let own = wanted.deploy.as_ref();
    let resources = own.and_then(|it| it.resources.as_ref());
    let limits = resources.and_then(|it| it.limits.clone()).unwrap_or_default();
    let reservations = resources.and_then(|it| it.reservations.clone()).unwrap_or_default();
    let (cpus, memory) = (cpus(container), number(container, "/HostConfig/Memory").into());
    let pids = number(container, "/HostConfig/PidsLimit");
    let found = Limits {
        cpus: limit(limits.cpus.as_ref(), cpus, |it| scaled(it, STEPS), cores),
        memory: limit(limits.memory.as_ref(), memory, bytes, amount),
        pids: if pids == u64::from(limits.pids.unwrap_or_default()) {
            limits.pids
        } else {
            Some(u32::try_from(pids).unwrap_or(u32::MAX)).filter(|it| *it > 0)
        },
    };
    let reserved = number(container, "/HostConfig/MemoryReservation").into();
    let memory = limit(reservations.memory.as_ref(), reserved, bytes, amount);
    let wants = wanted.device_requests();
    let devices =
        same(wants, list(container, "/HostConfig/DeviceRequests").map(request).collect(), meaning);
    let reserved = Reservations { memory, devices };
    if found == limits && reserved == reservations {
        return own.cloned();
    }
    let replicas = own.and_then(|it| it.replicas.clone());
    let resources = Resources { limits: Some(found), reservations: Some(reserved) };
    Some(Deploy { replicas, resources: Some(resources) })
}

/// Reads devices that a driver gives; -1 means all of them.
fn request(found: &Value) -> DeviceRequest {
    let count = found.get("Count").and_then(Value::as_i64).unwrap_or_default();
    let driver = text(found, "/Driver").to_owned();
    DeviceRequest {
        driver: Some(driver).filter(|it| !it.is_empty()),
        count: match count {
            0 => None,
            -1 => Some("all".to_owned()),
            count => Some(count.to_string()),
        },
        device_ids: texts(found, "/DeviceIDs"),
        capabilities: texts(found, "/Capabilities/0"),
    }
}

/// Compose asks for all devices where the file says neither how many nor which.
fn meaning(request: &DeviceRequest) -> (Option<String>, String, Vec<String>, Vec<String>) {
    let DeviceRequest { driver, count, device_ids, capabilities } = request.clone();
    let count = count.unwrap_or_else(|| if device_ids.is_empty() { "all" } else { "" }.to_owned());
    (driver, count.to_ascii_lowercase(), device_ids, capabilities)
}

pub(super) fn ulimits(container: &Value) -> IndexMap<String, Ulimit> {
    let limit = |it: &Value, key: &str| it.get(key).and_then(Value::as_i64).unwrap_or_default();
    let all = list(container, "/HostConfig/Ulimits");
    let all = all.map(|it| {
        let limit = Ulimit { soft: limit(it, "Soft"), hard: limit(it, "Hard") };
        (text(it, "/Name").to_owned(), limit)
    });
    all.collect()
}

/// Reads a limit or a reservation; zero and absence both mean that there is none.
fn limit(
    wanted: Option<&String>,
    found: u128,
    read: impl Fn(&str) -> Option<u128>,
    tell: fn(u128) -> String,
) -> Option<String> {
    let expected = wanted.map_or(Some(0), |it| read(it));
    if expected == Some(found) { wanted.cloned() } else { (found > 0).then(|| tell(found)) }
}

fn cpus(container: &Value) -> u128 {
    let it = |pointer| u128::from(number(container, pointer));
    let (nano, quota, period) =
        (it("/HostConfig/NanoCpus"), it("/HostConfig/CpuQuota"), it("/HostConfig/CpuPeriod"));
    if nano > 0 {
        let step = 1_000_000_000 / STEPS;
        return (nano + step / 2) / step;
    }
    // The kernel's own period, in microseconds.
    quota * STEPS / if period == 0 { 100_000 } else { period }
}

fn cores(steps: u128) -> String {
    let (whole, rest) = (steps / STEPS, steps % STEPS);
    if rest.is_multiple_of(100) {
        format!("{whole}.{:02}", rest / 100)
    } else {
        format!("{whole}.{rest:04}")
    }
}

fn amount(bytes: u128) -> String {
    if bytes.is_multiple_of(1 << 20) { format!("{}M", bytes >> 20) } else { bytes.to_string() }
}

/// Reads the log settings; without any in the file, the engine shows its own.
pub(super) fn logging(container: &Value, wanted: &Service, is_known: bool) -> Option<Logging> {
    let driver = text(container, "/HostConfig/LogConfig/Type");
    let options = pairs(container, "/HostConfig/LogConfig/Config");
    let Some(own) = &wanted.logging else {
        let is_usual = driver.is_empty() || driver == "json-file" && options.is_empty();
        let found = Logging { driver: driver.to_owned(), options };
        return Some(found).filter(|_| !is_known && !is_usual);
    };
    let options = if driver == own.driver {
        let named = own.options.keys().filter_map(|it| options.get_key_value(it));
        named.map(|(key, it)| (key.clone(), it.clone())).collect::<IndexMap<_, _>>()
    } else {
        options
    };
    Some(Logging { driver: driver.to_owned(), options })
}
