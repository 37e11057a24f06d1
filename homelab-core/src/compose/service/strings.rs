//! Every string of a service's entry in which a variable can stand.

use super::{
    Build, Deploy, DeviceRequest, Healthcheck, Limits, Logging, PublishedPort, Resources, Service,
    ServiceMount, ServiceNetwork, ServiceSecret,
};

impl Service {
    /// Returns the devices that a driver of the engine gives to it.
    pub fn device_requests(&self) -> &[DeviceRequest] {
        let resources = self.deploy.as_ref().and_then(|it| it.resources.as_ref());
        resources.and_then(|it| it.reservations.as_ref()).map_or(&[], |it| &it.devices)
    }

    /// Every string value, in the order of the file. The patterns name every field, so that a
    /// new one does not compile until somebody has decided about it.
    pub fn strings(&self) -> Vec<&str> {
        let Self {
            image,
            build,
            profiles,
            user,
            group_add,
            init: _,
            entrypoint,
            command,
            env_file,
            environment,
            secrets,
            depends_on: _,
            networks,
            hostname,
            extra_hosts,
            network_mode,
            ports,
            volumes,
            tmpfs,
            devices,
            device_cgroup_rules,
            shm_size,
            read_only: _,
            cap_drop,
            cap_add,
            security_opt,
            privileged: _,
            sysctls,
            ulimits: _,
            pid,
            ipc,
            uts,
            userns_mode,
            unjudged: _,
            healthcheck,
            restart,
            stop_grace_period,
            deploy,
            logging,
            labels,
        } = self;
        let lists = [profiles, group_add, entrypoint, command, env_file, tmpfs]
            .into_iter()
            .chain([devices, device_cgroup_rules, cap_drop, cap_add, security_opt]);
        let single = [image, user, network_mode, shm_size, pid, ipc, uts, userns_mode, restart]
            .into_iter()
            .chain([stop_grace_period, hostname]);
        let mut strings: Vec<&str> = single.flatten().map(String::as_str).collect();
        strings.extend(lists.flatten().map(String::as_str));
        strings.extend(
            environment.values().chain(sysctls.values()).chain(labels.values()).map(String::as_str),
        );
        strings.extend(build.iter().map(|Build { context }| context.as_str()));
        strings.extend(secrets.iter().flat_map(secret));
        strings.extend(networks.iter().flat_map(network));
        strings.extend(extra_hosts.values().map(String::as_str));
        strings.extend(ports.iter().flat_map(port));
        strings.extend(volumes.iter().flat_map(mount));
        strings.extend(healthcheck.iter().flat_map(check));
        strings.extend(deploy.iter().flat_map(limits));
        strings.extend(self.device_requests().iter().flat_map(request));
        strings.extend(logging.iter().flat_map(log));
        strings
    }
}

fn secret(secret: &ServiceSecret) -> impl Iterator<Item = &str> {
    let ServiceSecret { source, target } = secret;
    std::iter::once(source).chain(target).map(String::as_str)
}

fn network(network: &ServiceNetwork) -> impl Iterator<Item = &str> {
    let ServiceNetwork { key, ipv4_address } = network;
    std::iter::once(key).chain(ipv4_address).map(String::as_str)
}

fn port(port: &PublishedPort) -> impl Iterator<Item = &str> {
    let PublishedPort { target: _, published, host_ip, protocol: _ } = port;
    std::iter::once(published).chain(host_ip).map(String::as_str)
}

fn mount(mount: &ServiceMount) -> impl Iterator<Item = &str> {
    let ServiceMount { kind: _, source, target, read_only: _, bind: _ } = mount;
    [source.as_str(), target.as_str()].into_iter()
}

fn check(check: &Healthcheck) -> impl Iterator<Item = &str> {
    let Healthcheck { disable: _, test, interval, timeout, retries: _, start_period } = check;
    test.iter().chain([interval, timeout, start_period].into_iter().flatten()).map(String::as_str)
}

fn limits(deploy: &Deploy) -> Vec<&str> {
    let Deploy { replicas, resources } = deploy;
    let mut strings: Vec<_> = replicas.iter().collect();
    if let Some(Resources { limits, reservations }) = resources {
        let limits = limits.iter().map(|Limits { cpus, memory, pids: _ }| [cpus, memory]);
        strings.extend(limits.flatten().flatten());
        // Devices stand in `device_requests`.
        strings.extend(reservations.iter().filter_map(|it| it.memory.as_ref()));
    }
    strings.into_iter().map(String::as_str).collect()
}

fn request(request: &DeviceRequest) -> impl Iterator<Item = &str> {
    let DeviceRequest { driver, count, device_ids, capabilities } = request;
    let words = [driver, count].into_iter().flatten();
    words.chain(device_ids).chain(capabilities).map(String::as_str)
}

fn log(logging: &Logging) -> impl Iterator<Item = &str> {
    let Logging { driver, options } = logging;
    std::iter::once(driver).chain(options.values()).map(String::as_str)
}
