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
    RouteOffIngress,
    RootOfNamesake,
    PrivilegesOfNamesake,
    NoHealthCheck,
    NoWayOut,
    DumpedByNobody,
    DumperOffInProfile,
    DumpsStayOnHost,
    VolumeTwice,
    FolderInFolder,
    IdleNetwork,
    IdleVariable,
    IdleProfile,
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
    Fault::RouteOffIngress,
    Fault::RootOfNamesake,
    Fault::PrivilegesOfNamesake,
    Fault::NoHealthCheck,
    Fault::NoWayOut,
    Fault::DumpedByNobody,
    Fault::DumperOffInProfile,
    Fault::DumpsStayOnHost,
    Fault::VolumeTwice,
    Fault::FolderInFolder,
    Fault::IdleNetwork,
    Fault::IdleVariable,
    Fault::IdleProfile,
];

/// The network of the databases that belong to a fault, or one that nobody uses.
pub(super) const FAULT_NETWORK: Network = Network::internal("fault");

/// The profile that nobody is in.
pub(super) const PROFILE: Profile = Profile::new("idle", "Nothing.");

/// The variable through which a fault mounts the Docker socket, or one that nobody uses.
pub(super) const LOGS: EnvVar = EnvVar::new("LOGS", Kind::Path, "Where logs are.").or("/var/log");

const OUTER: EnvVar = EnvVar::new("OUTER", Kind::Path, "A folder.").or_under(&ROOT, "/fault-outer");
const INNER: EnvVar =
    EnvVar::new("INNER", Kind::Path, "One in it.").or_under(&ROOT, "/fault-outer/inner");

/// The variables that only faults use.
pub(super) const VARIABLES: [EnvVar; 3] = [LOGS, OUTER, INNER];

/// Adds services that are wrong in exactly one way; each is as good as the others otherwise.
pub(super) fn break_house(house: &mut House, fault: Fault) {
    match fault {
        // The reverse proxy was broken when it was added, and the site when it was declared.
        Fault::EdgeOnDataNetwork
        | Fault::IdleNetwork
        | Fault::IdleVariable
        | Fault::IdleProfile => {}
        Fault::PortTwice => house.publish_a_port_twice(),
        Fault::OverBudget => {
            let agent = house.agent("fault").memory(MEMORY.up_to(MEMORY));
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
        Fault::SameHost => house.route_a_host_twice(),
        Fault::RouteOffIngress => house.route_off_the_ingress(),
        Fault::RootOfNamesake => {
            house.add_namesakes(|it| it.writable_root("its namesake needs no reason"));
        }
        Fault::PrivilegesOfNamesake => house.add_namesakes(|it| {
            it.capability(Capability::NetAdmin, "its namesake needs no reason")
                .host_pid("its namesake needs no reason")
        }),
        Fault::NoHealthCheck => house.trust_a_check_that_is_not_there(),
        Fault::NoWayOut => house.lock_in(),
        Fault::DumpedByNobody => {
            house.add_dumped();
        }
        Fault::DumperOffInProfile => house.dump_in_a_profile(),
        Fault::DumpsStayOnHost => house.dump_nowhere(),
        Fault::VolumeTwice => house.write_a_volume_twice(),
        Fault::FolderInFolder => house.write_a_folder_in_a_folder(),
    }
}

impl House {
    fn publish_a_port_twice(&mut self) {
        let here = Publish::at(&LAN, Port::new(8080));
        let everywhere = Publish::everywhere(Port::new(8080), "phones");
        let first = self.app("fault-first").egress("has a port").publish(here);
        self.stack.add(first);
        let second = self.app("fault-second").egress("has a port").publish(everywhere);
        self.stack.add(second);
    }

    fn route_a_host_twice(&mut self) {
        let first = self.app("fault-first").route(Route::host("fault", WEB));
        self.stack.add(first);
        let second = self.app("fault-second").route(Route::host("fault", WEB));
        self.stack.add(second);
    }

    fn route_off_the_ingress(&mut self) {
        let app = self
            .app("fault")
            .egress("it looks for updates")
            .label("caddy", Text::literal("fault.").and(DOMAIN))
            .label("caddy.reverse_proxy", "{{upstreams 8080}}");
        self.stack.add(app);
    }

    fn trust_a_check_that_is_not_there(&mut self) {
        let name = self.name("fault");
        let agent = Service::agent(name, DUMPER_IMAGE, Health::from_image()).on(FAULT_NETWORK);
        self.stack
            .add(agent.user(User::Ids(1000, 1000)).memory(Memory::mib(16).up_to(Memory::mib(32))));
    }

    fn lock_in(&mut self) {
        let name = self.name("fault");
        let agent = Service::agent(name, AGENT_IMAGE, PROBE).on(FAULT_NETWORK);
        self.stack
            .add(agent.user(User::Ids(1000, 1000)).memory(Memory::mib(16).up_to(Memory::mib(32))));
    }

    fn dump_in_a_profile(&mut self) {
        let database = self.add_dumped();
        let folder = Bind::env(&OUTER, Backup::Offsite).at("/dumps");
        let dumper = self.dumper("fault-dumper", &database).profile(PROFILES[0]);
        self.stack.add(dumper.mount(folder));
    }

    fn dump_nowhere(&mut self) {
        let database = self.add_dumped();
        let dumper = self.dumper("fault-dumper", &database);
        self.stack.add(dumper);
    }

    fn write_a_volume_twice(&mut self) {
        let volume = Volume::scratch("fault", "thumbnails are made again");
        let first = self.agent("fault-first").mount(volume.at("/x"));
        self.stack.add(first);
        let second = self.agent("fault-second").mount(volume.at("/y"));
        self.stack.add(second);
    }

    fn write_a_folder_in_a_folder(&mut self) {
        let outer = Bind::env(&OUTER, Backup::Offsite).at("/x");
        let outer = self.agent("fault-outer").mount(outer);
        self.stack.add(outer);
        let inner = Bind::env(&INNER, Backup::Offsite).at("/x");
        let inner = self.agent("fault-inner").mount(inner);
        self.stack.add(inner);
    }

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

    /// Two services of one name, of which only the second was changed and has reasons.
    fn add_namesakes(&mut self, change: fn(Service<Agent>) -> Service<Agent>) {
        let first = self.agent("fault");
        self.stack.add(first);
        let second = change(self.agent("fault"));
        self.stack.add(second);
    }

    fn add_dumped(&mut self) -> Handle<Data> {
        self.dumped.push("fault-db");
        let database = self.data("fault-db");
        self.stack.add(database.mount(Volume::precious("fault", Backup::Dump).at("/data")))
    }

    fn mount_logs_from(&mut self, path: &'static str) {
        let agent = self.agent("fault").mount(Bind::env_read_only(&LOGS.or(path)).at("/logs"));
        self.stack.add(agent);
    }

    fn agent(&mut self, name: &'static str) -> Service<Agent> {
        Service::agent(self.name(name), AGENT_IMAGE, PROBE)
            .egress("it fetches the weather")
            .user(User::Ids(1000, 1000))
            .memory(Memory::mib(16).up_to(Memory::mib(32)))
    }

    fn app(&mut self, name: &'static str) -> Service<App> {
        Service::app(self.name(name), IMAGE, PROBE)
            .user(User::Ids(1000, 1000))
            .memory(Memory::mib(16).up_to(Memory::mib(32)))
    }

    pub(super) fn data(&mut self, name: &'static str) -> Service<Data> {
        self.data.push(name);
        Service::data(self.name(name), DATA_IMAGE, PROBE)
            .on(FAULT_NETWORK)
            .user(User::Ids(1000, 1000))
            .memory(Memory::mib(16).up_to(Memory::mib(32)))
    }
}
