//! Mounts, secrets, folders in memory and devices of a service.

use super::{DOCKER_SOCKET, ids, literal, reference, text};
use crate::compose::{BindOptions, DeviceRequest, MountKind, ServiceMount, ServiceSecret};
use crate::dsl::privilege::Nvidia;
use crate::dsl::resource::{Mount, Policy, Secret, Source, Tmpfs};
use crate::dsl::service::Spec;
use crate::dsl::text::Text;

/// The engine's driver for graphics processors of NVIDIA.
pub(crate) const NVIDIA: &str = "nvidia";

pub(super) fn mounts(spec: &Spec) -> Vec<ServiceMount> {
    let mut mounts: Vec<_> = spec.mounts.iter().map(mount).collect();
    if spec.docker_socket {
        mounts.push(bind(DOCKER_SOCKET.to_owned(), DOCKER_SOCKET, true));
    }
    mounts
}

fn mount(mount: &Mount<()>) -> ServiceMount {
    let read_only = mount.policy == Policy::ReadOnly;
    match mount.source {
        Source::Volume(name) => ServiceMount {
            kind: MountKind::Volume,
            source: name.to_owned(),
            target: literal(mount.target),
            read_only,
            bind: None,
        },
        Source::Variable(variable, below) => {
            bind(reference(&variable) + &literal(below), mount.target, read_only)
        }
        Source::Host(path) => bind(literal(path), mount.target, read_only),
        Source::File(path) => bind(literal(&format!("./{path}")), mount.target, read_only),
    }
}

/// A bind whose missing source stops the start: Docker would make an empty folder of root's.
fn bind(source: String, target: &str, read_only: bool) -> ServiceMount {
    ServiceMount {
        kind: MountKind::Bind,
        source,
        target: literal(target),
        read_only,
        bind: Some(BindOptions { create_host_path: false }),
    }
}

/// In the long form where the file has another name in the container.
pub(super) fn secret((secret, target): &(Secret, &'static str)) -> ServiceSecret {
    let target = (*target != secret.name()).then(|| (*target).to_owned());
    ServiceSecret { source: secret.name().to_owned(), target }
}

pub(super) fn tmpfs(spec: &Spec) -> Vec<String> {
    let entry = |it: &Tmpfs| {
        let owner = it.owner.map(ids).map(|(uid, gid)| format!("uid={uid},gid={gid}"));
        let size = it.size.map(|it| format!("size={}m", it.as_mib()));
        let options = Some(literal(it.options)).filter(|it| !it.is_empty());
        let options: Vec<_> = owner.into_iter().chain(size).chain(options).collect();
        let path = literal(it.path);
        if options.is_empty() { path } else { format!("{path}:{}", options.join(",")) }
    };
    spec.tmpfs.iter().map(entry).collect()
}

pub(super) fn device((source, target): &(Text, &'static str)) -> String {
    format!("{}:{}:rw", text(source), literal(target))
}

pub(super) fn nvidia(which: Nvidia) -> DeviceRequest {
    let (count, ids) = match which {
        Nvidia::All => (Some("all".to_owned()), &[][..]),
        Nvidia::Count(count) => (Some(count.to_string()), &[][..]),
        Nvidia::Ids(ids) => (None, ids),
    };
    DeviceRequest {
        driver: Some(NVIDIA.to_owned()),
        count,
        device_ids: ids.iter().map(|it| literal(it)).collect(),
        capabilities: vec!["gpu".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use crate::compose;
    use crate::compose::yaml::{Spacing, render};
    use crate::lower::lower;
    use crate::model::project::Project;
    use crate::prelude::*;
    use crate::testing::{DATA_ROOT, IMAGE, good};

    const STICK: EnvVar = EnvVar::new("STICK", Kind::Path, "The stick.").or("/dev/null");

    fn cameras() -> Service<Agent> {
        const STRANGE: Image = Image::released("example/strange", "1", IMAGE.digest());
        const CLIPS: Bind<Stateless> = Bind::env_scratch(&DATA_ROOT, "kept for a week");
        const CONFIG: Volume<Precious> = Volume::precious("caddy-data", Backup::Offsite);
        Service::agent(ServiceName::new("cameras"), STRANGE, Health::unprobed("a test"))
            .egress("asks for updates")
            .entrypoint(&["/bin/sh", "-c"])
            .command(&["exec cameras"])
            .mount(CLIPS.below("/clips").at("/clips"))
            .mount(CONFIG.at("/certificates").read_only())
            .tmpfs(Tmpfs::at("/tmp").size(Memory::mib(64)).options("mode=0700"))
            .own_device(&STICK, "/dev/ttyACM0", "its Zigbee stick")
            .own_device_at("/dev/bus/usb", "its Coral stick")
            .device_cgroup_rule("c 189:* rmw", "the stick changes its number at the start")
            .nvidia(Nvidia::Count(1))
            .capability(Capability::Perfmon, "it measures the graphics processor")
            .sysctl("net.ipv4.conf.all.src_valid_mark", 1)
            .forwards_packets("it is a VPN as well")
            .ulimit(Ulimit::Nofile, 4096)
            .without_ulimit(Ulimit::Memlock)
            .stops_within(Duration::from_millis(1500))
            .memory(Memory::mib(128).up_to(Memory::mib(128)))
    }

    fn stack() -> Stack {
        let mut stack = good();
        stack.site.variables = [stack.site.variables, &[STICK]].concat().leak();
        stack.add(cameras().accept("contract-missing", "example/strange", "a test"));
        stack
    }

    #[test]
    fn what_is_said_with_a_reason_is_accepted() {
        let findings = check(&Project::from_stack(&stack())).findings;
        assert!(!findings.iter().any(|it| it.subject == "cameras"), "{findings:?}");
    }

    #[test]
    fn what_a_container_gets_of_the_host() {
        let file = lower(&stack());
        // Without what every service has.
        let cameras = compose::Service {
            image: None,
            read_only: false,
            cap_drop: Vec::new(),
            security_opt: Vec::new(),
            healthcheck: None,
            restart: None,
            logging: None,
            ..file.services["cameras"].clone()
        };
        insta::assert_snapshot!(render(&cameras, "", Spacing::Dense), @r#"
        entrypoint:
          - /bin/sh
          - "-c"
        command:
          - "exec cameras"
        networks:
          - egress
        volumes:
          - type: bind
            source: "${DATA_ROOT:?set DATA_ROOT in .env: Where data lives.}/clips"
            target: /clips
            bind:
              create_host_path: false
          - type: volume
            source: caddy-data
            target: /certificates
            read_only: true
        tmpfs:
          - "/tmp:size=64m,mode=0700"
        devices:
          - "${STICK:-/dev/null}:/dev/ttyACM0:rw"
          - "/dev/bus/usb:/dev/bus/usb:rw"
        device_cgroup_rules:
          - "c 189:* rmw"
        cap_add:
          - PERFMON
        sysctls:
          net.ipv4.conf.all.src_valid_mark: "1"
          net.ipv4.ip_forward: "1"
        ulimits:
          nofile:
            soft: 4096
            hard: 4096
          memlock:
            soft: -1
            hard: -1
        stop_grace_period: "2s"
        deploy:
          resources:
            limits:
              cpus: "1.00"
              memory: "128M"
              pids: 256
            reservations:
              memory: "128M"
              devices:
                - driver: nvidia
                  count: "1"
                  capabilities:
                    - gpu
        labels:
          homelab.accepts.device./dev/ttyACM0: "its Zigbee stick"
          homelab.accepts.device./dev/bus/usb: "its Coral stick"
          "homelab.accepts.device.c.189:*.rmw": "the stick changes its number at the start"
          homelab.accepts.cap.PERFMON: "it measures the graphics processor"
        "#);
    }
}
