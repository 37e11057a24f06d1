//! Agents: what only services can say into which nobody connects from outside the stack.

use std::time::Duration;

use super::{Agent, Data, Service, State};
use crate::dsl::handle::Handle;
use crate::dsl::health::Health;
use crate::dsl::image::Image;
use crate::dsl::name::ServiceName;

impl Service<Agent> {
    /// A service into which nobody connects from outside the stack.
    #[track_caller]
    pub fn agent(name: ServiceName, image: Image, health: Health) -> Self {
        Self::new(name, image, health)
    }

    /// A filter in front of the Docker API: the only service that mounts the Docker socket.
    ///
    /// Its consumer shares a network with it that nobody else is on.
    #[track_caller]
    pub fn socket_proxy(name: ServiceName, image: Image) -> Self {
        // An engine asks for the first time after one interval, and its consumer waits for that.
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

    /// Makes it the socket proxy of an updater, through which containers can be created: lists in
    /// a variable every path of the host that services mount which are updated without review,
    /// with commas in between; `/dev/null` where there is none, since an empty list restricts
    /// nothing.
    ///
    /// Default: no variable.
    pub fn creates_containers(mut self, key: &'static str) -> Self {
        self.spec.creates_env = Some(key);
        // Its place; its value is known when the whole stack is.
        self.env(key, "")
    }
}
