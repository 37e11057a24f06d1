//! Mounts, folders in memory and devices of a service.

use super::{DOCKER_SOCKET, ids, literal, reference};
use crate::compose::{BindOptions, MountKind, ServiceMount};
use crate::dsl::resource::{Mount, Policy, Source, Tmpfs};
use crate::dsl::service::Spec;
use crate::dsl::variable::EnvVar;

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

pub(super) fn device((source, target): &(EnvVar, &'static str)) -> String {
    format!("{}:{}:rw", reference(source), literal(target))
}
