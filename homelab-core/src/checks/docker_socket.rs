//! Only a socket proxy mounts the socket of a container engine.
//!
//! Whoever can write to the socket starts a container with the host's root folder in it, and
//! so is root on the host. A folder that holds the socket is as good as the socket, and a
//! read-only mount forbids deleting the file, not talking to the engine.
//!
//! A socket proxy that lets every request through is the socket under another name.
//!
//! A socket proxy may have `/var/run/docker.sock` and no other way to an engine. On a host, a
//! service of a release may have that socket, too, when its label accepts this rule.
//!
//! Fix: define a proxy with `Service::socket_proxy` that lets only the needed requests
//! through, and let the service use that.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::MountKind;
use crate::lower::DOCKER_SOCKET;
use crate::model::power::{holds_socket, is_socket, real};
use crate::model::project::{Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "docker-socket",
    severity: Severity::Error,
    source: include_str!("docker_socket.rs"),
    run,
};

const HELP: &str = "reach the engine through `Service::socket_proxy`: \
                    a read-only mount of the socket protects nothing";

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let may_have_it = member.is_socket_proxy() || member.accepted(RULE.id).is_some();
        for (what, path) in ways(project, &member) {
            if may_have_it && is_dockers(project, &path) {
                continue;
            }
            let message =
                format!("`{}` is given the engine's socket by {what} `{path}`", member.name);
            findings.on(&member, message, HELP.to_owned());
        }
        for (key, value) in &member.service.environment {
            let value = project.resolve(value);
            if member.is_socket_proxy() && key.starts_with("SP_ALLOW_") && fits_all(&value) {
                findings.on(
                    &member,
                    format!("`{}` lets every request through by `{key}`: `{value}`", member.name),
                    "name the requests that its consumer makes, each with its path".to_owned(),
                );
            }
        }
    }
}

/// Whether a regular expression for paths obviously fits all of them.
fn fits_all(expression: &str) -> bool {
    let bare = expression.trim_start_matches(['^', '/', '(']).trim_end_matches(['$', ')']);
    matches!(bare, ".*" | ".+")
}

/// Whether a path or an address is Docker's own socket.
fn is_dockers(project: &Project<'_>, path: &str) -> bool {
    let path = path.strip_prefix("unix://").unwrap_or(path);
    real(path, project.folder()) == real(DOCKER_SOCKET, project.folder())
}

/// Returns every way in which a service gets the socket: by what, and the path on the host.
fn ways(project: &Project<'_>, member: &Member<'_>) -> Vec<(String, String)> {
    let service = member.service;
    let binds = service.volumes.iter().filter(|it| it.kind == MountKind::Bind);
    let binds = binds.map(|it| ("the mount".to_owned(), project.resolve(&it.source)));
    let secrets = service.secrets.iter().filter_map(|secret| {
        let name = &secret.source;
        let file = &project.file().secrets.get(name)?.file;
        Some((format!("the secret `{name}`, whose file is"), project.resolve(file)))
    });
    let is_way =
        |way: &(String, String)| real(&way.1, project.folder()).is_some_and(|it| holds_socket(&it));
    let mut ways: Vec<_> = binds.chain(secrets).filter(is_way).collect();
    let environment = service.environment.iter();
    let environment = environment.map(|(key, it)| (format!("`{key}`:"), project.resolve(it)));
    ways.extend(environment.filter(|it| is_socket(&it.1)));
    ways
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    fn with_mount(source: &str) -> String {
        given_to("web", source)
    }

    fn given_to(name: &str, source: &str) -> String {
        break_file(|file| {
            let mut mount = file.services["socket"].volumes[0].clone();
            source.clone_into(&mut mount.source);
            mount.target += "2";
            file.services[name].volumes.push(mount);
        })
    }

    #[test]
    fn a_read_only_mount_of_the_socket_is_found() {
        insta::assert_snapshot!(with_mount("/var/run/docker.sock"), @r"
        error[docker-socket]: `web` is given the engine's socket by the mount `/var/run/docker.sock`
          --> web.rs
          help: reach the engine through `Service::socket_proxy`: a read-only mount of the socket protects nothing
        ");
    }

    #[test]
    fn a_folder_that_holds_the_socket_is_found() {
        insta::assert_snapshot!(with_mount("${DUMPS:-/var/run/}"), @r"
        error[docker-socket]: `web` is given the engine's socket by the mount `/var/run/`
          --> web.rs
          help: reach the engine through `Service::socket_proxy`: a read-only mount of the socket protects nothing
        error[host-path]: `web` can read `/run` of the host: the sockets of its services, Docker's among them
          --> web.rs
          help: mount only what it needs, read-only, or keep its data elsewhere
        ");
    }

    #[test]
    fn a_proxy_that_lets_everything_through_is_found() {
        let with = |expression: &str| {
            break_file(|file| {
                let environment = &mut file.services["socket"].environment;
                environment.insert("SP_ALLOW_POST".to_owned(), expression.to_owned());
            })
        };
        insta::assert_snapshot!(with("^/(.*)$"), @r"
        error[docker-socket]: `socket` lets every request through by `SP_ALLOW_POST`: `^/(.*)$`
          --> socket.rs
          help: name the requests that its consumer makes, each with its path
        ");
        assert_eq!(with("/v1\\..*/containers/.*/restart"), "");
    }

    #[test]
    fn a_proxy_has_the_one_socket_and_no_other_way() {
        for path in ["/var/run/docker.sock", "/run//docker.sock"] {
            assert_eq!(given_to("socket", path), "", "{path}");
        }
        for path in ["/", "/run", "/run/containerd/containerd.sock", "/x/docker.sock"] {
            let told = format!(
                "error[docker-socket]: `socket` is given the engine's socket by the mount `{path}`\n"
            );
            let found = given_to("socket", path);
            assert!(found.starts_with(&told), "{path}: {found}");
        }
    }

    #[test]
    fn a_secret_whose_file_is_the_socket_is_found() {
        let found = break_file(|file| {
            file.secrets["login"].file = "/run/docker.sock".to_owned();
        });
        insta::assert_snapshot!(found, @r"
        error[docker-socket]: `caddy` is given the engine's socket by the secret `login`, whose file is `/run/docker.sock`
          --> caddy.rs
          help: reach the engine through `Service::socket_proxy`: a read-only mount of the socket protects nothing
        ");
    }

    #[test]
    fn an_environment_that_names_the_socket_is_found() {
        let found = break_file(|file| {
            let address = "unix:///run/podman/podman.sock".to_owned();
            file.services["web"].environment.insert("DOCKER_HOST".to_owned(), address);
        });
        insta::assert_snapshot!(found, @r"
        error[docker-socket]: `web` is given the engine's socket by `DOCKER_HOST`: `unix:///run/podman/podman.sock`
          --> web.rs
          help: reach the engine through `Service::socket_proxy`: a read-only mount of the socket protects nothing
        ");
    }
}
