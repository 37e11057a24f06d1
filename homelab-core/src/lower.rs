//! Stack → Compose file. Total: it cannot fail; what is wrong is for the rules to say.

mod labels;
mod mode;
mod networks;
mod storage;
mod text;

pub(crate) use self::labels::labels;
use self::networks::Networks;
pub(crate) use self::storage::NVIDIA;
use self::storage::{device, mounts, nvidia, secret, tmpfs};
pub(crate) use self::text::{escape_all, reference};
pub use self::text::{literal, text};

use std::time::Duration;

use indexmap::{IndexMap, IndexSet};
use serde_yaml::Mapping;

use crate::compose::specification;
use crate::compose::unjudged;
use crate::compose::{
    Build, Condition, Dependency, Deploy, File, Healthcheck, Limits, Logging, MountKind,
    PublishedPort, Reservations, Resources, Secret, Service, ServiceNetwork, Ulimit, Volume,
};
use crate::dsl::health::{DependsOn, Health, Probe};
use crate::dsl::name::ServiceName;
use crate::dsl::privilege::{self, User};
use crate::dsl::resource::Source;
use crate::dsl::route::{Address, Publish};
use crate::dsl::service::{FORWARDING, NetworkMode, Spec};
use crate::dsl::stack::Stack;
use crate::dsl::text::Text;
use crate::dsl::units::Memory;
use crate::dsl::variable::EnvVar;

/// A path whose mount gives nothing.
const NOTHING: &str = "/dev/null";

/// The Docker socket on the host.
pub(crate) const DOCKER_SOCKET: &str = "/var/run/docker.sock";

/// Lowers a stack to the one Compose file.
pub fn lower(stack: &Stack) -> File {
    let site = &stack.site;
    let mut file = File { name: site.project.to_owned(), ..File::default() };
    let networks = Networks::of(stack);
    for spec in &stack.services {
        for mount in &spec.mounts {
            if let Source::Volume(name) = mount.source {
                file.volumes.insert(name.to_owned(), Volume::default());
            }
        }
        for (secret, _) in &spec.secrets {
            file.secrets
                .insert(secret.name().to_owned(), Secret { file: format!("./{}", secret.file()) });
        }
        file.services.insert(spec.name.to_string(), service(stack, spec, &networks));
    }
    file.networks = networks.into_file();
    file
}

fn service(stack: &Stack, spec: &Spec, networks: &Networks<'_>) -> Service {
    let own = networks.on(spec);
    let mut service = Service {
        image: Some(image(spec)),
        build: spec.image.context_folder().map(|it| Build { context: format!("./{it}") }),
        profiles: spec.profiles.iter().map(|it| it.name().to_owned()).collect(),
        user: user(spec),
        group_add: spec.groups.iter().map(reference).collect(),
        init: spec.init,
        entrypoint: spec.entrypoint.iter().map(text).collect(),
        command: spec.command.iter().map(text).collect(),
        env_file: env_file(spec),
        environment: environment(stack, spec, networks),
        secrets: spec.secrets.iter().map(secret).collect(),
        depends_on: depends_on(spec),
        sysctls: sysctls(spec, &own),
        hostname: spec.hostname.map(literal),
        extra_hosts: mode::extra_hosts(stack, spec),
        network_mode: mode::mode(spec, &own),
        networks: own.into_iter().map(|it| network(spec, it)).collect(),
        ports: mode::publishes(stack, spec).flat_map(ports).collect(),
        volumes: mounts(spec),
        tmpfs: tmpfs(spec),
        devices: spec.devices.iter().map(device).collect(),
        device_cgroup_rules: spec.device_cgroup_rules.iter().map(|it| literal(it)).collect(),
        shm_size: spec.shm.map(mebibytes),
        read_only: spec.read_only,
        cap_drop: vec!["ALL".to_owned()],
        cap_add: spec.capabilities.iter().map(|it| it.as_str().to_owned()).collect(),
        security_opt: vec!["no-new-privileges:true".to_owned()],
        privileged: false,
        ulimits: ulimits(spec),
        pid: spec.host_pid.then(|| "host".to_owned()),
        ipc: None,
        uts: None,
        userns_mode: None,
        healthcheck: healthcheck(&spec.health),
        restart: Some(if spec.is_job { "no" } else { "unless-stopped" }.to_owned()),
        stop_grace_period: spec.stop_grace.map(stop_grace_period),
        deploy: Some(deploy(spec)),
        logging: Some(logging()),
        labels: labels(stack, spec),
        unjudged: Mapping::new(),
    };
    for (key, yaml) in &spec.raw {
        // The rule `raw-property` says what is wrong with the others.
        let Ok(mut value) = specification::property(key, yaml) else { continue };
        escape_all(&mut value);
        let _ = unjudged::set(&mut service, key, value);
    }
    service
}

/// Attaches it to a network, with its address where it has one there.
fn network(spec: &Spec, key: String) -> ServiceNetwork {
    ServiceNetwork { ipv4_address: spec.addresses.get(&*key).map(reference), key }
}

/// Pinned, also where the household may take the digest away.
fn image(spec: &Spec) -> String {
    match spec.unattended {
        Some((switch, _)) => {
            spec.image.tagged()
                + &text(&Text::choice(switch, &format!("@{}", spec.image.digest()), ""))
        }
        None => spec.image.to_string(),
    }
}

fn texts(map: &IndexMap<&'static str, Text>) -> IndexMap<String, String> {
    map.iter().map(|(key, it)| ((*key).to_owned(), text(it))).collect()
}

fn env_file(spec: &Spec) -> Vec<String> {
    let path = |(prefix, variable): (&str, EnvVar)| {
        format!("./{}{}.env", literal(prefix), reference(&variable))
    };
    spec.env_file.map(path).into_iter().collect()
}

fn user(spec: &Spec) -> Option<String> {
    spec.user.map(ids).map(|(uid, gid)| format!("{uid}:{gid}"))
}

/// User and group as Compose reads them.
fn ids(user: User) -> (String, String) {
    match user {
        User::Ids(uid, gid) => (uid.to_string(), gid.to_string()),
        User::Variables(uid, gid) => (reference(&uid), reference(&gid)),
    }
}

fn depends_on(spec: &Spec) -> IndexMap<String, Dependency> {
    let condition = |it: &DependsOn| match it {
        DependsOn::Ended => Condition::ServiceCompletedSuccessfully,
        DependsOn::Healthy => Condition::ServiceHealthy,
        DependsOn::Started => Condition::ServiceStarted,
    };
    let dependency = |(name, it): (&ServiceName, &DependsOn)| {
        // Who has another one's network loses it when that one restarts.
        let restart = spec.network == Some(NetworkMode::Service(*name));
        (name.to_string(), Dependency { condition: condition(it), restart })
    };
    spec.depends.iter().map(dependency).collect()
}

fn environment(stack: &Stack, spec: &Spec, networks: &Networks<'_>) -> IndexMap<String, String> {
    let mut environment = texts(&spec.env);
    if let Some(key) = spec.ingress_env {
        let names: Vec<_> = networks.served_by(spec).map(|it| stack.site.real_name(it)).collect();
        environment.insert(key.to_owned(), literal(&names.join(",")));
    }
    if let Some(key) = spec.creates_env {
        environment.insert(key.to_owned(), unattended_paths(stack));
    }
    environment
}

/// Every path of the host that services mount which are updated without review.
fn unattended_paths(stack: &Stack) -> String {
    let house = reference(&stack.site.house);
    let mut paths = IndexSet::new();
    for spec in stack.services.iter().filter(|it| it.unattended.is_some()) {
        let binds = mounts(spec).into_iter().filter(|it| it.kind == MountKind::Bind);
        let secrets = spec.secrets.iter().map(|it| format!("./{}", it.0.file()));
        for source in binds.map(|it| it.source).chain(secrets) {
            let inside = source.strip_prefix("./").map(|it| format!("{house}/{it}"));
            paths.insert(inside.unwrap_or(source));
        }
    }
    if paths.is_empty() {
        return NOTHING.to_owned();
    }
    paths.into_iter().collect::<Vec<_>>().join(",")
}

/// A container inherits from the host that it forwards packets: on several networks it would be a
/// router between them, for whoever can send it a frame.
fn sysctls(spec: &Spec, networks: &[String]) -> IndexMap<String, String> {
    let no_router = (FORWARDING.to_owned(), "0".to_owned());
    let mut sysctls: IndexMap<_, _> =
        (networks.len() > 1).then_some(no_router).into_iter().collect();
    sysctls.extend(texts(&spec.sysctls));
    sysctls
}

fn ulimits(spec: &Spec) -> IndexMap<String, Ulimit> {
    let limit = |(what, limit): (&privilege::Ulimit, &Option<u32>)| {
        let limit = limit.map_or(-1, i64::from);
        (what.as_str().to_owned(), Ulimit { soft: limit, hard: limit })
    };
    spec.ulimits.iter().map(limit).collect()
}

/// One entry for each port: in the long form only the host's end can be a range, of which the engine
/// takes one port that is free.
fn ports(publish: &Publish) -> impl Iterator<Item = PublishedPort> {
    publish.ports().map(|(target, published)| PublishedPort {
        target,
        published: published.to_string(),
        host_ip: match publish.address {
            Address::Everywhere(_) => None,
            Address::Variable(variable) => Some(reference(&variable)),
        },
        protocol: publish.port.protocol(),
    })
}

/// Absent when the image's own check is kept as it is.
fn healthcheck(health: &Health) -> Option<Healthcheck> {
    let words = |kind: &str, rest: &[&str]| {
        let rest = rest.iter().map(|it| literal(it));
        std::iter::once(kind.to_owned()).chain(rest).collect()
    };
    let check = Healthcheck {
        disable: matches!(health.probe, Probe::Unprobed(_)),
        test: match health.probe {
            Probe::Image | Probe::Unprobed(_) => Vec::new(),
            Probe::Command(command) => match command.split_first() {
                Some((&"CMD", rest)) => words("CMD", rest),
                _ => words("CMD", command),
            },
            Probe::Shell(line) => words("CMD-SHELL", &[line]),
        },
        interval: health.interval.map(duration),
        timeout: health.timeout.map(duration),
        retries: health.retries,
        start_period: health.start_period.map(duration),
    };
    (check != Healthcheck::default()).then_some(check)
}

/// Writes whole seconds as `90s`, else milliseconds as `1500ms`.
fn duration(duration: Duration) -> String {
    match duration.subsec_nanos() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

/// Rounds up, because the engine keeps whole seconds and kills at once after 0 s.
fn stop_grace_period(grace: Duration) -> String {
    format!("{}s", grace.as_millis().div_ceil(1000))
}

fn mebibytes(memory: Memory) -> String {
    format!("{}M", memory.as_mib())
}

fn reservations(spec: &Spec) -> Option<Reservations> {
    let reservations = Reservations {
        memory: spec.memory.map(|it| mebibytes(it.need)),
        devices: spec.nvidia.map(nvidia).into_iter().collect(),
    };
    (reservations != Reservations::default()).then_some(reservations)
}

fn deploy(spec: &Spec) -> Deploy {
    Deploy {
        replicas: spec.replicas.map(|it| reference(&it)),
        resources: Some(Resources {
            limits: Some(Limits {
                cpus: Some(spec.cpus.to_string()),
                memory: spec.memory.map(|memory| mebibytes(memory.limit)),
                pids: Some(spec.pids),
            }),
            reservations: reservations(spec),
        }),
    }
}

/// Three files of 10 MB: a chatty service cannot fill the disk.
fn logging() -> Logging {
    let options = [("max-size", "10m"), ("max-file", "3")];
    Logging {
        driver: "json-file".to_owned(),
        options: options.iter().map(|(key, it)| ((*key).to_owned(), (*it).to_owned())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{IMAGE, good, spec};
    use crate::dsl::name::ServiceName;
    use crate::dsl::resource::{Bind, Secret, Volume};
    use crate::dsl::service::{Agent, Service};
    use crate::dsl::variable::Switch;

    #[test]
    fn less_than_a_second_is_not_zero() {
        assert_eq!(duration(Duration::from_millis(500)), "500ms");
        assert_eq!(duration(Duration::from_mins(2)), "120s");
        assert_eq!(stop_grace_period(Duration::from_millis(900)), "1s");
        assert_eq!(stop_grace_period(Duration::from_secs(90)), "90s");
    }

    #[test]
    fn a_secret_gets_the_name_that_its_image_asks_for() {
        const TOKEN: Secret = Secret::random("token");
        let define = |fetch: Service<Agent>| {
            let mut stack = good();
            stack.add(fetch);
            let service = lower(&stack).services["notes"].clone();
            let secrets = service.secrets.iter().map(ToString::to_string);
            (secrets.collect::<Vec<_>>(), service.environment["TOKEN_FILE"].clone())
        };
        let agent = || Service::agent(ServiceName::new("notes"), IMAGE, Health::from_image());
        let (secrets, path) = define(agent().secret_env("TOKEN_FILE", TOKEN));
        assert_eq!((secrets, path.as_str()), (vec!["token".to_owned()], "/run/secrets/token"));
        let (secrets, path) =
            define(agent().secret_at(TOKEN, "API_TOKEN").secret_env("TOKEN_FILE", TOKEN));
        assert_eq!(secrets, ["token at /run/secrets/API_TOKEN"]);
        assert_eq!(path, "/run/secrets/API_TOKEN");
        for name in ["", "..", "-a", "a/b", "a b"] {
            let made = std::panic::catch_unwind(|| agent().secret_at(TOKEN, name));
            assert!(made.is_err(), "{name}");
        }
    }

    #[test]
    fn an_updater_may_mount_what_is_updated_without_review_and_nothing_else() {
        const FOLLOW: Switch = Switch::new("FOLLOW", "Follows its tag");
        let mut stack = good();
        spec(&mut stack, "socket").creates_env = Some("BINDS");
        let paths = |stack: &Stack| lower(stack).services["socket"].environment["BINDS"].clone();
        // An empty list would restrict nothing.
        assert_eq!(paths(&stack), "/dev/null");

        // Whoever comes last in the stack counts as well.
        let fetch = spec(&mut stack, "fetch");
        fetch.unattended = Some((FOLLOW, "it keeps nothing"));
        fetch.add_secret(Secret::random("token"), "token");
        fetch.mounts = vec![
            Bind::config("config/fetch").at("/config").erase(),
            Bind::host_read_only("/etc/localtime").at("/etc/localtime").erase(),
            Volume::scratch("cache", "it is filled again").at("/cache").erase(),
        ];
        let house = "${HOUSE:-/srv/house}";
        let expected = format!("{house}/config/fetch,/etc/localtime,{house}/secrets/token");
        assert_eq!(paths(&stack), expected);
    }
}
