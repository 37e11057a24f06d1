//! Compares two definitions of a service field by field.

mod list;

use std::fmt;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_yaml::Mapping;

use self::list::{elements, mounts, port, request, ulimit, words};
use crate::checks::is_credential;
use crate::compose::{
    AddressRange, DeviceRequest, Healthcheck, Limits, Logging, Network, Reservations, Resources,
    Service, Ulimit,
};

/// One field that differs. The texts are for people, and never contain the value of a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The field as in a file, down to the key: `image`, `environment.TZ`, `volumes./data`,
    /// `deploy.resources.limits.memory`. For a list it is the field alone: `ports`.
    pub field: String,
    /// What it was; absent when there was nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it becomes; absent when the field goes away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

impl Change {
    /// Makes a change that does not come from comparing two services.
    pub(crate) fn new(field: &str, from: Option<&str>, to: Option<&str>) -> Self {
        let (from, to) = (from.map(str::to_owned), to.map(str::to_owned));
        Self { field: field.to_owned(), from, to }
    }
}

impl fmt::Display for Change {
    /// Writes `environment.TZ: Etc/UTC → Europe/Berlin`, `ports: added 53/udp`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.field)?;
        let shown = |text: &Option<String>| match text.as_deref() {
            Some("") => Some("\"\"".to_owned()),
            other => other.map(str::to_owned),
        };
        match (shown(&self.from), shown(&self.to)) {
            (Some(from), Some(to)) => write!(f, "{from} → {to}"),
            (None, Some(to)) => write!(f, "added {to}"),
            (Some(from), None) => write!(f, "removed {from}"),
            (None, None) => f.write_str("unchanged"),
        }
    }
}

/// Returns the fields of a service that differ, in the specification's order. Maps are compared by
/// key, lists without a meaningful order by element.
///
/// `build`, `depends_on`, `profiles` and `deploy.replicas` are not compared, because a change of
/// them needs no new container; what an image is built of, its tag says. The pattern names every field, so a new field does not compile until somebody
/// has decided about it.
pub fn service(from: &Service, to: &Service) -> Vec<Change> {
    let Service {
        image,
        build: _,
        profiles: _,
        user,
        group_add,
        init,
        entrypoint,
        command,
        env_file,
        environment,
        secrets,
        depends_on: _,
        networks: _,
        hostname: _,
        extra_hosts: _,
        network_mode: _,
        ports: _,
        volumes,
        tmpfs,
        devices,
        device_cgroup_rules,
        shm_size,
        read_only,
        cap_drop,
        cap_add,
        security_opt,
        privileged,
        sysctls,
        ulimits,
        pid,
        ipc,
        uts,
        userns_mode,
        unjudged,
        healthcheck,
        restart,
        stop_grace_period,
        deploy: _,
        logging,
        labels,
    } = from;
    let changes = &mut Changes::default();
    changes.text("image", image.as_ref(), to.image.as_ref());
    changes.text("user", user.as_ref(), to.user.as_ref());
    changes.list("group_add", group_add, &to.group_add, Clone::clone);
    changes.switch("init", *init, to.init);
    changes.words("entrypoint", entrypoint, &to.entrypoint);
    changes.words("command", command, &to.command);
    changes.words("env_file", env_file, &to.env_file);
    changes.environment(environment, &to.environment);
    changes.list("secrets", secrets, &to.secrets, ToString::to_string);
    changes.network(from, to);
    changes.all.extend(mounts(volumes, &to.volumes));
    changes.list("tmpfs", tmpfs, &to.tmpfs, Clone::clone);
    changes.devices([devices, device_cgroup_rules], from.device_requests(), to);
    changes.text("shm_size", shm_size.as_ref(), to.shm_size.as_ref());
    changes.switch("read_only", *read_only, to.read_only);
    changes.privileges([cap_drop, cap_add, security_opt], *privileged, to);
    changes.map("sysctls", sysctls, &to.sysctls);
    changes.ulimits(ulimits, &to.ulimits);
    changes.namespaces([pid, ipc, uts, userns_mode], to);
    changes.healthcheck(healthcheck.as_ref(), to.healthcheck.as_ref());
    changes.text("restart", restart.as_ref(), to.restart.as_ref());
    changes.text("stop_grace_period", stop_grace_period.as_ref(), to.stop_grace_period.as_ref());
    changes.resources(&resources(from), &resources(to));
    changes.logging(logging.as_ref(), to.logging.as_ref());
    changes.map("labels", labels, &to.labels);
    changes.unjudged(unjudged, &to.unjudged);
    std::mem::take(&mut changes.all)
}

/// Returns what differs between two networks of one name. Each difference means that the network
/// has to be made anew.
pub fn network(key: &str, from: &Network, to: &Network) -> Vec<Change> {
    let Network { name: _, driver, internal, driver_opts, ipam: _ } = from;
    let changes = &mut Changes::default();
    changes.text(&format!("networks.{key}.driver"), driver.as_ref(), to.driver.as_ref());
    changes.switch(&format!("networks.{key}.internal"), *internal, to.internal);
    changes.map(&format!("networks.{key}.driver_opts"), driver_opts, &to.driver_opts);
    let mut range = |field: &str, of: fn(&AddressRange) -> Option<&String>| {
        let all = |it: &Network| -> Vec<String> {
            it.ipam.iter().flat_map(|it| &it.config).filter_map(of).cloned().collect()
        };
        changes.words(&format!("networks.{key}.{field}"), &all(from), &all(to));
    };
    range("subnet", |it| Some(&it.subnet));
    range("ip_range", |it| it.ip_range.as_ref());
    range("gateway", |it| it.gateway.as_ref());
    std::mem::take(&mut changes.all)
}

fn resources(of: &Service) -> Resources {
    of.deploy.as_ref().and_then(|it| it.resources.clone()).unwrap_or_default()
}

const NO_LIMITS: Limits = Limits { cpus: None, memory: None, pids: None };

#[derive(Debug, Default)]
struct Changes {
    all: Vec<Change>,
}

impl Changes {
    fn push(&mut self, field: &str, from: Option<String>, to: Option<String>) {
        self.all.push(Change { field: field.to_owned(), from, to });
    }

    fn text<T: PartialEq + ToString>(&mut self, field: &str, from: Option<&T>, to: Option<&T>) {
        if from != to {
            self.push(field, from.map(T::to_string), to.map(T::to_string));
        }
    }

    fn switch(&mut self, field: &str, from: bool, to: bool) {
        self.text(field, Some(&from), Some(&to));
    }

    /// Compares a list whose order matters as one value.
    fn words(&mut self, field: &str, from: &[String], to: &[String]) {
        if from != to {
            self.push(field, words(from), words(to));
        }
    }

    /// Compares a list whose order does not matter: the elements that only one side has, and how
    /// often.
    fn list<T: PartialEq>(&mut self, field: &str, from: &[T], to: &[T], tell: fn(&T) -> String) {
        self.all.extend(elements(field, from, to, tell));
    }

    fn map(&mut self, field: &str, from: &IndexMap<String, String>, to: &IndexMap<String, String>) {
        for key in from.keys().chain(to.keys().filter(|it| !from.contains_key(*it))) {
            self.text(&format!("{field}.{key}"), from.get(key), to.get(key));
        }
    }

    fn ulimits(&mut self, from: &IndexMap<String, Ulimit>, to: &IndexMap<String, Ulimit>) {
        let told = |map: &IndexMap<String, Ulimit>| -> IndexMap<String, String> {
            map.iter().map(|(name, it)| (name.clone(), ulimit(*it))).collect()
        };
        self.map("ulimits", &told(from), &told(to));
    }

    fn devices(&mut self, from: [&[String]; 2], requests: &[DeviceRequest], to: &Service) {
        let [devices, rules] = from;
        self.list("devices", devices, &to.devices, Clone::clone);
        self.list("device_cgroup_rules", rules, &to.device_cgroup_rules, Clone::clone);
        let field = "deploy.resources.reservations.devices";
        self.list(field, requests, to.device_requests(), request);
    }

    fn privileges(&mut self, [drop, add, options]: [&[String]; 3], all: bool, to: &Service) {
        self.list("cap_drop", drop, &to.cap_drop, Clone::clone);
        self.list("cap_add", add, &to.cap_add, Clone::clone);
        self.list("security_opt", options, &to.security_opt, Clone::clone);
        self.switch("privileged", all, to.privileged);
    }

    fn network(&mut self, from: &Service, to: &Service) {
        self.list("networks", &from.networks, &to.networks, ToString::to_string);
        self.text("hostname", from.hostname.as_ref(), to.hostname.as_ref());
        self.map("extra_hosts", &from.extra_hosts, &to.extra_hosts);
        self.text("network_mode", from.network_mode.as_ref(), to.network_mode.as_ref());
        self.list("ports", &from.ports, &to.ports, port);
    }

    fn namespaces(&mut self, [pid, ipc, uts, user]: [&Option<String>; 4], to: &Service) {
        self.text("pid", pid.as_ref(), to.pid.as_ref());
        self.text("ipc", ipc.as_ref(), to.ipc.as_ref());
        self.text("uts", uts.as_ref(), to.uts.as_ref());
        self.text("userns_mode", user.as_ref(), to.userns_mode.as_ref());
    }

    /// Keys that this program does not know.
    fn unjudged(&mut self, from: &Mapping, to: &Mapping) {
        let others = to.keys().filter(|it| !from.contains_key(*it));
        for key in from.keys().chain(others).filter(|it| from.get(*it) != to.get(*it)) {
            // Nobody knows whether a password stands there.
            let told = |of: &Mapping| of.get(key).map(|_| "something".to_owned());
            self.push(key.as_str().unwrap_or_default(), told(from), told(to));
        }
    }

    fn environment(&mut self, from: &IndexMap<String, String>, to: &IndexMap<String, String>) {
        let before = self.all.len();
        self.map("environment", from, to);
        for change in &mut self.all[before..] {
            let key = change.field.trim_start_matches("environment.").to_ascii_uppercase();
            if is_credential(&key) {
                for value in [&mut change.from, &mut change.to].into_iter().flatten() {
                    "(not shown)".clone_into(value);
                }
            }
        }
    }

    fn healthcheck(&mut self, from: Option<&Healthcheck>, to: Option<&Healthcheck>) {
        let none = Healthcheck::default();
        let Healthcheck { disable, test, interval, timeout, retries, start_period } =
            from.unwrap_or(&none);
        let to = to.unwrap_or(&none);
        self.switch("healthcheck.disable", *disable, to.disable);
        self.words("healthcheck.test", test, &to.test);
        self.text("healthcheck.interval", interval.as_ref(), to.interval.as_ref());
        self.text("healthcheck.timeout", timeout.as_ref(), to.timeout.as_ref());
        self.text("healthcheck.retries", retries.as_ref(), to.retries.as_ref());
        self.text("healthcheck.start_period", start_period.as_ref(), to.start_period.as_ref());
    }

    fn resources(&mut self, from: &Resources, to: &Resources) {
        let Resources { limits, reservations } = from;
        let Limits { cpus, memory, pids } = limits.as_ref().unwrap_or(&NO_LIMITS);
        let limits = to.limits.as_ref().unwrap_or(&NO_LIMITS);
        self.text("deploy.resources.limits.cpus", cpus.as_ref(), limits.cpus.as_ref());
        self.text("deploy.resources.limits.memory", memory.as_ref(), limits.memory.as_ref());
        self.text("deploy.resources.limits.pids", pids.as_ref(), limits.pids.as_ref());
        // Devices are compared as a list.
        let memory = |it: &Option<Reservations>| it.as_ref().and_then(|it| it.memory.clone());
        let (reserved, wanted) = (memory(reservations), memory(&to.reservations));
        let field = "deploy.resources.reservations.memory";
        self.text(field, reserved.as_ref(), wanted.as_ref());
    }

    fn logging(&mut self, from: Option<&Logging>, to: Option<&Logging>) {
        let none = Logging::default();
        self.text("logging.driver", from.map(|it| &it.driver), to.map(|it| &it.driver));
        let options = |it: Option<&Logging>| it.unwrap_or(&none).options.clone();
        self.map("logging.options", &options(from), &options(to));
    }
}
