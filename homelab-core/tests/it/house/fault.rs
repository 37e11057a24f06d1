//! Faults of random houses.

use homelab_core::prelude::*;

use super::House;
use super::site::*;

/// What is wrong with a house: each is something that types let pass and a rule has to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    PortTwice,
    OverBudget,
    DataOnIngress,
    EdgeOnDataNetwork,
    RouteLabelOnData,
    NoMemoryLimit,
    SameName,
    AbsentDependency,
    Cycle,
    DependencyOffInProfile,
    SecretNotMounted,
    SocketThroughVariable,
    FolderOfSocketThroughVariable,
    UndeclaredNetwork,
    SameHost,
}

pub(super) const ALL: &[Fault] = &[
    Fault::PortTwice,
    Fault::OverBudget,
    Fault::DataOnIngress,
    Fault::EdgeOnDataNetwork,
    Fault::RouteLabelOnData,
    Fault::NoMemoryLimit,
    Fault::SameName,
    Fault::AbsentDependency,
    Fault::Cycle,
    Fault::DependencyOffInProfile,
    Fault::SecretNotMounted,
    Fault::SocketThroughVariable,
    Fault::FolderOfSocketThroughVariable,
    Fault::UndeclaredNetwork,
    Fault::SameHost,
];

/// The network of the databases that belong to a fault.
pub(super) const FAULT_NETWORK: Network = Network::internal("fault");

/// The variable through which a fault mounts the Docker socket.
pub(super) const LOGS: EnvVar = EnvVar::new("LOGS", Kind::Path, "Where logs are.").or("/var/log");

/// Adds services that are wrong in exactly one way; each is as good as the others otherwise.
pub(super) fn break_house(house: &mut House, fault: Fault) {
    match fault {
        // The reverse proxy was broken when it was added.
        Fault::EdgeOnDataNetwork => {}
        Fault::PortTwice => {
            let here = Publish::at(&LAN, Port::new(8080));
            let everywhere = Publish::everywhere(Port::new(8080), "phones");
            let first = house.app("fault-first").egress("has a port").publish(here);
            house.stack.add(first);
            let second = house.app("fault-second").egress("has a port").publish(everywhere);
            house.stack.add(second);
        }
        Fault::OverBudget => {
            let agent = house.agent("fault").memory(MEMORY);
            house.stack.add(agent);
        }
        Fault::DataOnIngress => {
            let data = house.data("fault").on(PROXY);
            house.stack.add(data);
        }
        Fault::RouteLabelOnData => {
            let data = house
                .data("fault")
                .label("caddy", Text::literal("db.").and(DOMAIN))
                .label("caddy.reverse_proxy", "{{upstreams 5432}}");
            house.stack.add(data);
        }
        Fault::NoMemoryLimit => {
            let name = house.name("fault");
            let agent = Service::agent(name, AGENT_IMAGE, PROBE);
            house.stack.add(agent.egress("it fetches the weather").user(User::Ids(1000, 1000)));
        }
        Fault::SameName => {
            let first = house.agent("fault");
            house.stack.add(first);
            let second = house.agent("fault").env("SECOND", "true");
            house.stack.add(second);
        }
        Fault::AbsentDependency => house.depend_on_what_is_absent(),
        Fault::Cycle => house.depend_in_a_circle(),
        Fault::DependencyOffInProfile => house.depend_across_profiles(),
        Fault::SecretNotMounted => {
            let agent = house.agent("fault").env("PASSWORD_FILE", "/run/secrets/absent");
            house.stack.add(agent);
        }
        Fault::SocketThroughVariable => house.mount_logs_from("/var/run/docker.sock"),
        Fault::FolderOfSocketThroughVariable => house.mount_logs_from("/run"),
        Fault::UndeclaredNetwork => {
            let agent = house.agent("fault").on(Network::internal("undeclared"));
            house.stack.add(agent);
        }
        Fault::SameHost => {
            let first = house.app("fault-first").route(Route::host("fault", WEB));
            house.stack.add(first);
            let second = house.app("fault-second").route(Route::host("fault", WEB));
            house.stack.add(second);
        }
    }
}

impl House {
    fn depend_on_what_is_absent(&mut self) {
        let absent = Service::agent(ServiceName::new("absent"), AGENT_IMAGE, PROBE);
        let absent = self.stack.clone().add(absent);
        let agent = self.agent("fault").uses(&absent);
        self.stack.add(agent);
    }

    fn depend_in_a_circle(&mut self) {
        let first = self.agent("fault-first");
        let handle = self.stack.clone().add(first.clone());
        let second = self.agent("fault-second").uses(&handle);
        let second = self.stack.add(second);
        self.stack.add(first.uses(&second));
    }

    fn depend_across_profiles(&mut self) {
        let first = self.agent("fault-first").profile(PROFILES[0]);
        let first = self.stack.add(first);
        let second = self.agent("fault-second").profile(PROFILES[1]).uses(&first);
        self.stack.add(second);
    }

    fn mount_logs_from(&mut self, path: &'static str) {
        let agent = self.agent("fault").mount(Bind::env_read_only(&LOGS.or(path)).at("/logs"));
        self.stack.add(agent);
    }

    fn agent(&mut self, name: &'static str) -> Service<Agent> {
        Service::agent(self.name(name), AGENT_IMAGE, PROBE)
            .egress("it fetches the weather")
            .user(User::Ids(1000, 1000))
            .memory(Memory::mib(32))
    }

    fn app(&mut self, name: &'static str) -> Service<App> {
        Service::app(self.name(name), IMAGE, PROBE)
            .user(User::Ids(1000, 1000))
            .memory(Memory::mib(32))
    }

    pub(super) fn data(&mut self, name: &'static str) -> Service<Data> {
        self.data.push(name);
        Service::data(self.name(name), DATA_IMAGE, PROBE)
            .on(FAULT_NETWORK)
            .user(User::Ids(1000, 1000))
            .memory(Memory::mib(32))
    }
}
