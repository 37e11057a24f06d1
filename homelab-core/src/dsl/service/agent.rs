//! Methods of agents: services to which nobody connects from outside the stack.

use std::time::Duration;

use super::{Agent, Data, Service, State};
use crate::dsl::handle::Handle;
use crate::dsl::health::Health;
use crate::dsl::image::Image;
use crate::dsl::name::ServiceName;

impl Service<Agent> {
    /// Makes a service to which nobody connects from outside the stack.
    #[track_caller]
    pub fn agent(name: ServiceName, image: Image, health: Health) -> Self {
        Self::new(name, image, health)
    }

    /// Makes a job: it does one thing, such as a migration, and ends. A deploy runs it when it is new
    /// or has changed; services that use it start after it has ended with exit code 0.
    #[track_caller]
    pub fn job(name: ServiceName, image: Image) -> Self {
        let mut service = Self::new(name, image, Health::unprobed("it ends by itself"));
        service.spec.is_job = true;
        service
    }

    /// Makes a filter in front of the Docker API, the only service that mounts the Docker socket.
    ///
    /// It shares one network with its consumer, and nobody else is on it.
    #[track_caller]
    pub fn socket_proxy(name: ServiceName, image: Image) -> Self {
        // The engine first checks after one interval, and the consumer waits for that.
        let health = Health::command(&["CMD", "./healthcheck"])
            .every(Duration::from_secs(10))
            .within(Duration::from_secs(5))
            .starts_within(Duration::from_secs(10));
        let mut service = Self::new(name, image, health);
        service.spec.docker_socket = true;
        service
    }
}

impl<S: State> Service<Agent, S> {
    /// Dumps this database on a schedule, which covers its volumes of [`crate::dsl::resource::Backup::Dump`].
    pub fn dumps(mut self, database: &Handle<Data>) -> Self {
        self.spec.dumps.push(database.name());
        self.uses(database)
    }

    /// Makes it the socket proxy of an updater, which creates containers through it. A variable
    /// lists, separated by commas, the paths of the host that these containers may mount: those of
    /// the services that are updated without review. It is `/dev/null` when there are none, because
    /// an empty list would allow every path.
    ///
    /// Default: no variable.
    pub fn creates_containers(mut self, key: &'static str) -> Self {
        self.spec.creates_env = Some(key);
        // Reserves the variable's place; its value is set when the whole stack is known.
        self.env(key, "")
    }
}
